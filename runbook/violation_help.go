package runbook

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cloudops-run/runbook/schema"
)

// typeHelp is what to write where a value of another type is expected.
func typeHelp(v schema.Violation, n *node) string {
	name := ""
	if len(v.Pointer) > 0 {
		name = v.Pointer[len(v.Pointer)-1]
	}
	scalar := isScalar(n) && n.Value != "" && !isNull(n)
	quotes := isText(n) && !isPlain(n)
	switch {
	case isNull(n):
		return "give it a value, or remove the key"
	case strings.HasPrefix(v.Want, "an expression"):
		return ""
	case strings.HasPrefix(v.Want, "a duration") && n.Tag == tagInt:
		return fmt.Sprintf("add a unit: %ss", n.Value)
	case name == "exec" && scalar:
		return "write exec: [" + strings.Join(strings.Fields(n.Value), ", ") + "], or use shell"
	case strings.HasPrefix(v.Want, "a list") && scalar && len(n.Value) < 60:
		return fmt.Sprintf("write %s: [%s]", name, n.Value)
	case strings.Contains(v.Want, "number") && quotes && wholeNumber.MatchString(n.Value):
		return "remove the quotes: " + n.Value
	case v.Want == "true or false" && quotes && (n.Value == "true" || n.Value == "false"):
		return "remove the quotes: " + n.Value
	case isPlain(n) && n.Tag != tagString && !strings.HasPrefix(v.Want, "a mapping") && !strings.HasPrefix(v.Want, "a list") && v.Want != "true or false":
		return fmt.Sprintf("quote it: %q", n.Value)
	}
	return ""
}

func formHelp(v schema.Violation, n *node) string {
	if isScalar(n) && n.Value != "" {
		switch {
		case strings.HasPrefix(v.Want, "a duration"):
			return durationHelp(n.Value)
		case strings.HasPrefix(v.Want, "an id"):
			return likeID(n.Value, "_")
		case strings.HasPrefix(v.Want, "a name"):
			return likeID(n.Value, "-")
		case strings.HasPrefix(v.Want, "a program") && strings.Contains(v.Want, "list"):
			return "write a list: [" + strings.Join(strings.Fields(n.Value), ", ") + "]"
		case v.Want == "the number 1":
			return "this program knows version 1 of the language"
		}
	}
	return ""
}

// durationHelp rewrites the units that people try.
func durationHelp(s string) string {
	digits := strings.TrimLeft(s, "0123456789")
	number, err := strconv.Atoi(s[:len(s)-len(digits)])
	if err != nil || number > 1_000_000 {
		return ""
	}
	switch strings.ToLower(strings.TrimSpace(digits)) {
	case "":
		return fmt.Sprintf("add a unit: %ds", number)
	case "d", "day", "days":
		return fmt.Sprintf("write %dh", number*24)
	case "ms", "msec", "millis", "millisecond", "milliseconds":
		return fmt.Sprintf("write %dms", number)
	case "s", "sec", "secs", "second", "seconds":
		return fmt.Sprintf("write %ds", number)
	case "m", "min", "mins", "minute", "minutes":
		return fmt.Sprintf("write %dm", number)
	case "h", "hr", "hrs", "hour", "hours":
		return fmt.Sprintf("write %dh", number)
	}
	return ""
}

// likeID offers the nearest text that is an id.
func likeID(s, joint string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z' || b.Len() > 0 && (r >= '0' && r <= '9' || r == '_' || joint == "-" && r == '-'):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), joint):
			b.WriteString(joint)
		}
	}
	word := strings.TrimRight(b.String(), joint)
	if word == "" {
		return ""
	}
	return "write " + word[:min(len(word), 63)]
}
