package runbook

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when something is first held
// against it. Most runbooks need none of them, and every start of a program would
// wait for all.
func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
