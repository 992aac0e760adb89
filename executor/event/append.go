package event

import (
	"encoding/binary"
	"strconv"
	"time"
	"unicode/utf8"
)

// object appends the members of a JSON object, those that are empty left out.
type object struct {
	b     []byte
	empty bool // no member yet
}

func (o *object) key(name string) {
	if !o.empty {
		o.b = append(o.b, ',')
	}
	o.empty = false
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) string(s string) { o.b = appendString(o.b, s) }

func (o *object) text(name, s string) {
	if s != "" {
		o.key(name)
		o.string(s)
	}
}

func (o *object) int(name string, n int) {
	if n != 0 {
		o.key(name)
		o.b = appendInt(o.b, n)
	}
}

func (o *object) uint(name string, n uint64) {
	o.key(name)
	o.b = strconv.AppendUint(o.b, n, 10)
}

func (o *object) flag(name string, v bool) {
	if v {
		o.key(name)
		o.b = append(o.b, "true"...)
	}
}

func (o *object) time(name string, t time.Time) {
	o.key(name)
	o.b = append(o.b, '"')
	o.b = t.AppendFormat(o.b, time.RFC3339Nano)
	o.b = append(o.b, '"')
}

func (o *object) uuid(name string, id [16]byte) {
	const hex = "0123456789abcdef"
	o.key(name)
	o.b = append(o.b, '"')
	for i, c := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			o.b = append(o.b, '-')
		}
		o.b = append(o.b, hex[c>>4], hex[c&15])
	}
	o.b = append(o.b, '"')
}

func (o *object) list(name string, list []string) {
	if len(list) == 0 {
		return
	}
	o.key(name)
	for i, s := range list {
		sep := byte(',')
		if i == 0 {
			sep = '['
		}
		o.b = append(o.b, sep)
		o.string(s)
	}
	o.b = append(o.b, ']')
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

// appendString appends s as a JSON string. Bytes that are not UTF-8 become the
// replacement character. DEL is escaped, which JSON does not ask for, because a
// terminal may obey it.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for {
		n := plainPrefix(s)
		b = append(b, s[:n]...)
		s = s[n:]
		if s == "" {
			return append(b, '"')
		}
		switch c := s[0]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < utf8.RuneSelf:
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		default:
			r, size := utf8.DecodeRuneInString(s)
			b = utf8.AppendRune(b, r) // RuneError is the replacement character
			s = s[size:]
			continue
		}
		s = s[1:]
	}
}

// plainPrefix returns how many bytes at the beginning of s stand for themselves
// in a JSON string, looking at eight at a time; it may return fewer.
func plainPrefix(s string) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64([]byte(s[i : i+8]))
		// A byte's top bit ends up set where it is below 0x20, one of " \ DEL,
		// or not ASCII. A borrow may set another one too: then the bytes are
		// looked at one by one.
		quote, slash, del := w^(ones*'"'), w^(ones*'\\'), w^(ones*0x7f)
		if ((w-ones*0x20)|(quote-ones)|(slash-ones)|(del-ones)|w)&tops != 0 {
			break
		}
	}
	for i < len(s) && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}
