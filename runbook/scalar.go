package runbook

import (
	"strconv"
	"strings"
)

// maxExactInt is the largest whole number that every JSON and YAML tool keeps
// exactly.
const maxExactInt = 1 << 53

// tooLargeNumber begins the message about one.
const tooLargeNumber = "the number "

// A trap is an unquoted word that YAML tools do not agree on.
type trap struct{ message, help string }

var (
	sexagesimal = pattern(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
	// wholeNumber is a number whose text is the same whoever writes it out.
	wholeNumber = pattern(`^(0|-?[1-9][0-9]*)$`)
	// powerOfTen is a number that is text to the parser where it is too large.
	powerOfTen = pattern(`^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$`)
)

// scalarTrap returns what is wrong with an unquoted value whatever is expected
// in its place, or nil.
func scalarTrap(n *node) *trap {
	v := n.Value
	switch {
	case n.Tag == tagString && isYAML11Bool(v):
		return ambiguous(v, "true or false", "text", "for the text, or true or false for the boolean")
	case v == "" || !strings.ContainsRune("0123456789+-.", rune(v[0])):
		return nil
	case n.Tag == tagTime:
		return ambiguous(v, "a date", "text", "")
	case sexagesimal().MatchString(v):
		return ambiguous(v, "a number counted in sixties", "text", "")
	case n.Tag == tagString && powerOfTen().MatchString(v):
		return &trap{tooLargeNumber + shorten(v) + " is too large to be kept exactly", `quote it: "` + shorten(v) + `"`}
	case n.Tag == tagString:
		return nil
	case n.Tag == tagFloat && isNotFinite(v):
		return &trap{"unquoted " + v + " is not a number here", `quote it: "` + v + `"`}
	case leadingZero(v):
		return ambiguous(v, "an octal number", "a decimal one", "for the text, or write the number without the leading zero")
	case tooLarge(n):
		return &trap{tooLargeNumber + shorten(v) + " is too large to be kept exactly", `quote it: "` + shorten(v) + `"`}
	case strings.Contains(v, "_"):
		return ambiguous(v, "a number", "text", "for the text, or write the number without _")
	case n.Tag == tagInt && hasPrefixFold(v, "0b"), n.Tag == tagInt && hasPrefixFold(v, "0o"):
		return ambiguous(v, "a number", "text", "for the text, or write the number in decimal")
	}
	return nil
}

func ambiguous(v, one, other, more string) *trap {
	help := `quote it: "` + v + `"`
	if more != "" {
		help += " " + more
	}
	return &trap{"unquoted " + v + " is " + one + " to some YAML tools and " + other + " to others", help}
}

func isYAML11Bool(s string) bool {
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF":
		return true
	}
	return false
}

func isNotFinite(s string) bool {
	s = strings.ToLower(strings.TrimLeft(s, "+-"))
	return s == ".inf" || s == ".nan"
}

// tooLarge also finds whole numbers that YAML turned into floating point.
func tooLarge(n *node) bool {
	if n.Tag == tagFloat {
		return isDigits(n.Value)
	}
	if n.Tag != tagInt || len(n.Value) < 10 {
		return false
	}
	i, err := wholeOf(n)
	return err != nil || i > maxExactInt || i < -maxExactInt
}

// isDigits reports whether s is a whole number in digits, with a sign or not.
func isDigits(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func leadingZero(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return len(s) > 1 && s[0] == '0' && isDigits(strings.ReplaceAll(s, "_", ""))
}

func hasPrefixFold(s, prefix string) bool {
	s = strings.TrimLeft(s, "+-")
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// wholeOf is the value of a whole number.
func wholeOf(n *node) (int64, error) {
	return strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64)
}

func floatOf(n *node) (float64, error) {
	if n.Tag == tagInt {
		i, err := wholeOf(n)
		return float64(i), err
	}
	return strconv.ParseFloat(n.Value, 64)
}

// expressionAt is where an expression begins in a text, or -1. $${{ is how a
// literal ${{ is written.
func expressionAt(s string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], "${{")
		if i < 0 {
			return -1
		}
		i += from
		if i == 0 || s[i-1] != '$' {
			return i
		}
		from = i + 3
	}
}

// literal is the text that a scalar stands for.
func literal(n *node) string {
	if n == nil {
		return ""
	}
	if !strings.Contains(n.Value, "$${{") {
		return n.Value
	}
	return strings.ReplaceAll(n.Value, "$${{", "${{")
}
