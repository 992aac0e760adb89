package plan

import (
	"fmt"
	"time"
)

// ParseDuration reads a duration as runbooks write it: Go's text form, such as
// 90s, 1h30m or 250ms, not negative.
func ParseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration such as 90s, 10m or 1h30m", s)
	}
	return d, nil
}
