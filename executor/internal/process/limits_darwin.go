package process

import "math"

// maxString is what the kernel allows one argument or variable: it has no limit
// of its own.
func maxString() int { return math.MaxInt }

// maxTotal is what it allows them together (ARG_MAX).
func maxTotal() int { return 1 << 20 }
