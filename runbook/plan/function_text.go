package plan

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// textFunctions work on strings. Places and lengths count characters.
func textFunctions() []Function {
	return []Function{
		{Signature: "trim(text string, characters? string) string", Doc: "The text without white space, or without these characters, at both ends.",
			call: func(m *machine, x []any) (any, error) {
				if len(x) == 1 {
					return strings.TrimSpace(x[0].(string)), m.scan(len(x[0].(string)))
				}
				if err := m.tick(len(x[0].(string)) * (1 + len(x[1].(string))) / 64); err != nil {
					return nil, err
				}
				return strings.Trim(x[0].(string), x[1].(string)), nil
			}},
		{Signature: "trimPrefix(text string, prefix string) string", Doc: "The text without the prefix, where it begins with it.",
			call: text2(func(s, t string) any { return strings.TrimPrefix(s, t) })},
		{Signature: "trimSuffix(text string, suffix string) string", Doc: "The text without the suffix, where it ends with it.",
			call: text2(func(s, t string) any { return strings.TrimSuffix(s, t) })},
		{Signature: "hasPrefix(text string, prefix string) boolean", Doc: "Whether the text begins with the prefix.",
			call: text2(func(s, t string) any { return strings.HasPrefix(s, t) })},
		{Signature: "hasSuffix(text string, suffix string) boolean", Doc: "Whether the text ends with the suffix.",
			call: text2(func(s, t string) any { return strings.HasSuffix(s, t) })},
		{Signature: "indexOf(text string, part string) integer", Doc: "The place, from 0, of the first such part, or -1.",
			call: text2(func(s, t string) any { return place(s, strings.Index(s, t)) })},
		{Signature: "lastIndexOf(text string, part string) integer", Doc: "The place, from 0, of the last such part, or -1.",
			call: text2(func(s, t string) any { return place(s, strings.LastIndex(s, t)) })},
		{Signature: "upper(text string) string", Doc: "The text in upper case.",
			call: func(m *machine, x []any) (any, error) {
				return m.recase(x[0].(string), strings.ToUpper)
			}},
		{Signature: "lower(text string) string", Doc: "The text in lower case.",
			call: func(m *machine, x []any) (any, error) {
				return m.recase(x[0].(string), strings.ToLower)
			}},
		{Signature: "split(text string, separator string, most? integer) list", Doc: "The parts of the text between the separators; with most, at most so many, the rest in the last one.",
			of: listOfText, call: func(m *machine, x []any) (any, error) { return m.split(x, 0) }},
		{Signature: "splitAfter(text string, separator string, most? integer) list", Doc: "The parts of the text, each with the separator that ends it.",
			of: listOfText, call: func(m *machine, x []any) (any, error) {
				return m.split(x, len(x[1].(string)))
			}},
		{Signature: "lines(text string) list", Doc: "The lines of the text without their line ends; empty text has none.",
			of: listOfText, call: lines},
		{Signature: "replace(text string, old string, new string, most? integer) string", Doc: "The text with every old part, or at most so many, replaced.",
			call: replace},
		{Signature: "repeat(text string, times integer) string", Doc: "The text so many times.",
			call: func(m *machine, x []any) (any, error) {
				s, n := x[0].(string), x[1].(int64)
				if n < 0 {
					return nil, errRepeat
				}
				if n > maxResult || int(n)*len(s) > maxResult {
					return nil, tooLarge()
				}
				if err := m.allocate(int(n) * len(s)); err != nil {
					return nil, err
				}
				return strings.Repeat(s, int(n)), nil
			}},
		{Signature: "join(list list, separator? string) string", Doc: "The strings of the list as one, with the separator between them.", takes: []kind{kindString},
			call: join2},
	}
}

var errRepeat = errors.New("repeat takes a number of times that is not negative")

func listOfText([]Type) Type { return ListOf(String) }

// text2 is a function of two strings that makes nothing new.
func text2(f func(s, t string) any) func(*machine, []any) (any, error) {
	return func(m *machine, x []any) (any, error) {
		s, t := x[0].(string), x[1].(string)
		return f(s, t), m.count(len(s) + len(t))
	}
}

// recase changes the case of letters, of which some take more bytes then.
func (m *machine) recase(s string, f func(string) string) (any, error) {
	if err := m.allocate(len(s)); err != nil {
		return nil, err
	}
	if s = f(s); len(s) > maxResult {
		return nil, tooLarge()
	}
	return s, nil
}

// place turns a place in bytes into one in characters.
func place(s string, at int) any {
	if at < 0 {
		return int64(at)
	}
	return int64(utf8.RuneCountInString(s[:at]))
}

// split cuts text at separators; keep is how many bytes of a separator stay with
// the part before it.
func (m *machine) split(x []any, keep int) (any, error) {
	s, sep := x[0].(string), x[1].(string)
	if err := m.count(len(s)); err != nil {
		return nil, err
	}
	n := strings.Count(s, sep) + 1
	if sep == "" {
		n = utf8.RuneCountInString(s)
	}
	if len(x) > 2 {
		switch most := x[2].(int64); {
		case most == 0:
			n = 0
		case most > 0:
			n = int(min(most, int64(n)))
		}
	}
	if err := m.list(n); err != nil {
		return nil, err
	}
	if err := m.tick(n); err != nil {
		return nil, err
	}
	list := make([]any, 0, n)
	for i := 0; i < n; i++ {
		at := strings.Index(s, sep)
		switch {
		case i == n-1 || at < 0:
			list = append(list, s)
			return list, nil
		case sep == "":
			_, size := utf8.DecodeRuneInString(s)
			list = append(list, s[:size])
			s = s[size:]
		default:
			list = append(list, s[:at+keep])
			s = s[at+len(sep):]
		}
	}
	return list, nil
}

func lines(m *machine, x []any) (any, error) {
	s := x[0].(string)
	if err := m.scan(len(s)); err != nil {
		return nil, err
	}
	n := strings.Count(s, "\n") + 1
	if err := m.list(n); err != nil {
		return nil, err
	}
	list := make([]any, 0, n)
	for line := range strings.Lines(s) {
		list = append(list, strings.TrimRight(line, "\r\n"))
	}
	return list, m.tick(n)
}

func replace(m *machine, x []any) (any, error) {
	s, from, to := x[0].(string), x[1].(string), x[2].(string)
	most := -1
	if len(x) > 3 {
		most = int(min(x[3].(int64), maxResult))
	}
	if err := m.scan(len(s)); err != nil {
		return nil, err
	}
	n := strings.Count(s, from)
	if most >= 0 {
		n = min(n, most)
	}
	size := len(s) + n*(len(to)-len(from))
	if n > maxResult || size > maxResult {
		return nil, tooLarge()
	}
	if err := m.allocate(size); err != nil {
		return nil, err
	}
	return strings.Replace(s, from, to, most), m.tick(n)
}

func join2(m *machine, x []any) (any, error) {
	list, sep := x[0].([]any), ""
	if len(x) > 1 {
		sep = x[1].(string)
	}
	size := 0
	for i, x := range list {
		s, ok := x.(string)
		if !ok {
			if err := notSecret(x); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("join takes a list of strings, not one with %s; map(list, string(#)) makes strings of it", describe(x))
		}
		size += len(s)
		if i > 0 {
			size += len(sep)
		}
		if size > maxResult {
			return nil, tooLarge()
		}
	}
	if err := m.allocate(size); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.Grow(size)
	for i, x := range list {
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(x.(string))
	}
	return b.String(), m.tick(len(list))
}
