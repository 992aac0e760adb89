package runbook

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// readableJSON makes what is JSON such that a YAML parser reads it: there a
// character beyond the first 65,536 may be written as two escapes, which are none
// in YAML, and many programs write them so. What is not JSON stays as it is.
func readableJSON(src []byte) []byte {
	if !json.Valid(src) {
		return src
	}
	var out []byte
	done := 0
	for i := 0; i < len(src); i++ {
		if src[i] != '\\' {
			continue
		}
		if r := utf16.DecodeRune(escaped(src, i), escaped(src, i+6)); r != utf8.RuneError {
			out = fmt.Appendf(append(out, src[done:i]...), `\U%08x`, r)
			i += 11
			done = i + 1
			continue
		}
		i++ // what is escaped is no escape
	}
	return append(out, src[done:]...)
}

// escaped is the character of an escape such as \u20ac.
func escaped(src []byte, at int) rune {
	if at+6 > len(src) || src[at] != '\\' || src[at+1] != 'u' {
		return utf8.RuneError
	}
	r, err := strconv.ParseUint(string(src[at+2:at+6]), 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(r)
}
