package runbook

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
	"github.com/cloudops-run/runbook/schema"
)

// typeHelp is what to write where a value of another type is expected. What it
// says, done to the letter, is a value of the right type and form; where there
// is no such value it says nothing.
func typeHelp(v schema.Violation, n *node) string {
	name := ""
	if len(v.Pointer) > 0 {
		name = v.Pointer[len(v.Pointer)-1]
	}
	text := isText(n) && n.Value != ""
	switch {
	case isNull(n):
		return "give it a value, or remove it"
	case strings.HasPrefix(v.Want, "an expression"):
		return ""
	case strings.HasPrefix(v.Want, "a duration"):
		return unitHelp(name, n)
	case v.Want == "true or false":
		return boolHelp(n)
	case name == "exec" && text:
		return execHelp(n.Value, v.Pointer[0] != "secrets")
	case strings.HasPrefix(v.Want, "a list of"):
		return listHelp(name, v.Want, n)
	case name == "approval" && isScalar(n):
		return "write the question to be answered, such as approval: Go on?"
	case name == "lock" && isScalar(n):
		return "give the lock a name, such as lock: deploy"
	case text && wholeNumber().MatchString(n.Value) && (strings.Contains(v.Want, "number") || strings.HasPrefix(v.Want, "an exit code")):
		return "remove the quotes: " + n.Value
	case strings.Contains(v.Want, "a mapping"):
		return mappingHelp(name, v, n)
	case isScalar(n) && n.Tag != tagString && (strings.HasPrefix(v.Want, "text") || strings.HasPrefix(v.Want, "a file") || strings.HasPrefix(v.Want, "the path")):
		return fmt.Sprintf("quote it: %q", n.Value)
	}
	return ""
}

// unitHelp offers a number with a unit, where that is a duration.
func unitHelp(name string, n *node) string {
	zero := name == "grace_period" || name == "delay" || name == "wait"
	if f, err := floatOf(n); err == nil && (n.Tag == tagInt || n.Tag == tagFloat) && (f > 0 || f == 0 && zero) {
		return "add a unit: " + n.Value + "s"
	}
	return ""
}

func boolHelp(n *node) string {
	switch strings.ToLower(n.Value) {
	case "true", "false":
		return "remove the quotes: " + strings.ToLower(n.Value)
	case "yes", "y", "on", "1":
		return "write true"
	case "no", "n", "off", "0":
		return "write false"
	}
	return ""
}

// execHelp offers the list that a command line stands for. What only a shell
// understands is for a shell.
func execHelp(line string, mayBeShell bool) string {
	words, ok := commandWords(line)
	switch {
	case ok && mayBeShell:
		return "write exec: " + flowList(words) + ", or use shell"
	case ok:
		return "write exec: " + flowList(words)
	case mayBeShell:
		return "write shell: " + flowText(line)
	}
	return "write exec: [bash, -c, " + strconv.Quote(line) + "]"
}

func listHelp(name, want string, n *node) string {
	switch {
	case !isScalar(n) || len(n.Value) >= 60:
		return ""
	case strings.HasSuffix(want, "exit codes"):
		if wholeNumber().MatchString(n.Value) {
			return fmt.Sprintf("write %s: [%s]", name, n.Value)
		}
		return ""
	case strings.Contains(want, "steps"), strings.Contains(want, "requirements"), strings.Contains(want, "keys") && !isText(n):
		return ""
	case name == "args":
		if words, ok := commandWords(n.Value); ok {
			return "write args: " + flowList(words)
		}
	case name == "depends_on":
		return "write depends_on: " + flowList(strings.FieldsFunc(n.Value, func(r rune) bool { return r == ',' || r == ' ' }))
	}
	if !isText(n) {
		return fmt.Sprintf("write %s: [%s]", name, n.Value)
	}
	return fmt.Sprintf("write %s: [%s]", name, flowText(n.Value))
}

func mappingHelp(name string, v schema.Violation, n *node) string {
	words := strings.Fields(n.Value)
	switch {
	case name == "env" && isList(n):
		return envHelp(n)
	case !isText(n) || n.Value == "":
		return ""
	case name == "script":
		return "write script: {path: " + flowText(n.Value) + "}"
	case name == "aws_cli" && len(words) == 2:
		return fmt.Sprintf("write aws_cli: {service: %s, operation: %s}", flowText(words[0]), flowText(words[1]))
	case name == "rollback":
		return "write rollback: {shell: " + flowText(n.Value) + "}"
	case len(v.Pointer) == 2 && v.Pointer[0] == "params" && schema.Closest(n.Value, paramTypes) == n.Value:
		return fmt.Sprintf("write %s: {type: %s}", name, n.Value)
	case len(v.Pointer) == 2 && v.Pointer[0] == "secrets" && plan.ValidEnvName(n.Value):
		return fmt.Sprintf("write %s: {env: %s}", name, n.Value)
	}
	return ""
}

var paramTypes = []string{"string", "integer", "number", "boolean", "array", "object"}

// envHelp offers the mapping for a list of NAME=value.
func envHelp(list *node) string {
	var pairs []string
	for _, item := range list.Content {
		key, value, ok := strings.Cut(item.Value, "=")
		if !isText(item) || !ok || !plan.ValidEnvName(key) || len(pairs) == 10 {
			return ""
		}
		pairs = append(pairs, key+": "+flowText(value))
	}
	if len(pairs) == 0 {
		return ""
	}
	return "write env: {" + strings.Join(pairs, ", ") + "}"
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
			if words, ok := commandWords(n.Value); ok {
				return "write a list: " + flowList(words)
			}
		case strings.HasPrefix(v.Want, "a program") && len(strings.Fields(n.Value)) > 1:
			words := strings.Fields(n.Value)
			return fmt.Sprintf("write %s alone; its options go into exec: %s, or into the text, as set does", words[0], flowList(append(words, "-c", "...")))
		case strings.HasPrefix(v.Want, "a word of lower-case"):
			return likeOperation(n.Value)
		case v.Want == "the number 1":
			return "this program knows version 1 of the language"
		}
	}
	return ""
}

// likeOperation offers the word of the aws command for what its API calls
// ListBuckets, and others list_buckets.
func likeOperation(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '_':
			r = '-'
		case r >= 'A' && r <= 'Z':
			if i > 0 && s[i-1] >= 'a' && s[i-1] <= 'z' {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		case r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9'):
			return ""
		}
		b.WriteRune(r)
	}
	if word := b.String(); word != s && word[0] != '-' {
		return "write " + word
	}
	return ""
}

// durationHelp rewrites the units that people try.
func durationHelp(s string) string {
	if joined := strings.Join(strings.Fields(s), ""); joined != s {
		if d, err := time.ParseDuration(joined); err == nil && d > 0 {
			return "write " + joined
		}
	}
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
