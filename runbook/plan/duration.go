package plan

import (
	"fmt"
	"strings"
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

// DurationText is a duration as a person writes it: 10m, where Go says 10m0s.
func DurationText(d time.Duration) string {
	s := d.String()
	for _, zeros := range []string{"m0s", "h0m"} {
		if rest, ok := strings.CutSuffix(s, zeros); ok {
			s = rest + zeros[:1]
		}
	}
	return s
}
