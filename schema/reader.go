package schema

import (
	"encoding/json"
	"strings"
)

// A reader reads the embedded schema, of an object only where its values are.
// Every run of the program waits for it, and encoding/json, token by token, takes
// ten times as long. The text is ours and its form is tested: what is not JSON
// panics.
type reader struct {
	text string
	at   int
}

// next is the next byte that is no blank, comma or colon.
func (r *reader) next() byte {
	for {
		switch b := r.text[r.at]; b {
		case ' ', '\n', '\t', '\r', ',', ':':
			r.at++
		default:
			return b
		}
	}
}

func (r *reader) value() any {
	switch r.next() {
	case '{':
		return r.object()
	case '[':
		list := []any{}
		for r.at++; r.next() != ']'; {
			list = append(list, r.value())
		}
		r.at++
		return list
	case '"':
		return r.string()
	}
	switch word := r.word(); word {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	default:
		return json.Number(word)
	}
}

func (r *reader) object() *object {
	o := &object{}
	for r.at++; r.next() != '}'; {
		o.names = append(o.names, r.string())
		r.next()
		from := r.at
		r.skip()
		o.members = append(o.members, &member{text: r.text[from:r.at]})
	}
	r.at++
	return o
}

// skip goes past one value.
func (r *reader) skip() {
	for depth := 0; ; {
		switch r.next() {
		case '{', '[':
			depth++
			r.at++
		case '}', ']':
			depth--
			r.at++
		case '"':
			r.quoted()
		default:
			r.word()
		}
		if depth == 0 {
			return
		}
	}
}

func (r *reader) string() string {
	r.next()
	from := r.at
	if !r.quoted() {
		return r.text[from+1 : r.at-1]
	}
	var s string
	if err := json.Unmarshal([]byte(r.text[from:r.at]), &s); err != nil {
		panic(err)
	}
	return s
}

// quoted goes past a string and reports whether it has escapes.
func (r *reader) quoted() (escaped bool) {
	for r.at++; ; {
		rest := r.text[r.at:]
		end := strings.IndexByte(rest, '"')
		escape := strings.IndexByte(rest[:end], '\\')
		if escape < 0 {
			r.at += end + 1
			return escaped
		}
		escaped = true
		r.at += escape + 2
	}
}

// word goes past true, false, null or a number. It may be the whole text.
func (r *reader) word() string {
	from := r.at
	for r.at < len(r.text) && strings.IndexByte(" \n\t\r,]}", r.text[r.at]) < 0 {
		r.at++
	}
	return r.text[from:r.at]
}
