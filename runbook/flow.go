package runbook

import (
	"strconv"
	"strings"
)

// plainWord is text that may stand in a flow list without quotes.
var plainWord = pattern(`^([A-Za-z_/]|-[-A-Za-z])[A-Za-z0-9_./=@+-]*$`)

// flowText is a text as it may be written in a list or mapping of one line.
func flowText(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "null":
		return strconv.Quote(s)
	}
	if plainWord().MatchString(s) && !isYAML11Bool(s) {
		return s
	}
	return strconv.Quote(s)
}

func flowList(words []string) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = flowText(w)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// commandWords takes a command line apart as a shell would, quotes and
// backslashes included; false: there is more in it than words.
func commandWords(line string) (words []string, ok bool) {
	var word strings.Builder
	quote, started := rune(0), false
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, started = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, started = r, true
		case quote == 0 && strings.ContainsRune(" \t\n", r):
			if started {
				words = append(words, word.String())
			}
			word.Reset()
			started = false
		case quote == 0 && strings.ContainsRune("|&;<>()*?[]`~#!$", r), quote == '"' && strings.ContainsRune("`$", r):
			return nil, false
		default:
			word.WriteRune(r)
			started = true
		}
	}
	if started {
		words = append(words, word.String())
	}
	return words, quote == 0 && !escaped && len(words) > 0
}
