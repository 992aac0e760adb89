package event

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// fields has the fields of Event without its methods.
type fields Event

// MarshalJSON writes the form that is documented as a contract: one object,
// fields at the top level.
func (e Event) MarshalJSON() ([]byte, error) {
	if e.Type == Stdout || e.Type == Stderr {
		return e.AppendJSON(nil), nil
	}
	return json.Marshal(fields(e))
}

// AppendJSON appends the JSON form to b. Output lines, of which there may be
// millions, are written by hand: encoding/json alone costs more than the rest
// of their way together.
func (e Event) AppendJSON(b []byte) []byte {
	if e.Type != Stdout && e.Type != Stderr {
		j, err := json.Marshal(fields(e))
		if err != nil { // no field can fail: a new one that can is a bug found by the round-trip test
			panic("event: " + err.Error())
		}
		return append(b, j...)
	}
	b = append(b, `{"event_type":"`...)
	b = append(b, e.Type...)
	b = append(b, `","run_id":"`...)
	b = appendUUID(b, e.RunID)
	b = append(b, `","seq":`...)
	b = strconv.AppendUint(b, e.Seq, 10)
	b = append(b, `,"timestamp":"`...)
	b = e.Timestamp.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","execution_id":"`...)
	b = appendUUID(b, e.ExecutionID)
	b = append(b, '"')
	if e.StepID != "" {
		b = append(b, `,"step_id":`...)
		b = appendString(b, e.StepID)
	}
	if e.Attempt != 0 {
		b = append(b, `,"attempt":`...)
		b = strconv.AppendInt(b, int64(e.Attempt), 10)
	}
	if e.Phase != Main {
		b = append(b, `,"phase":`...)
		b = appendString(b, string(e.Phase))
	}
	switch {
	case e.DataB64 != "":
		b = append(b, `,"data_b64":"`...)
		b = append(b, e.DataB64...)
		b = append(b, '"')
	default:
		b = append(b, `,"line":`...)
		b = appendString(b, e.Line)
	}
	if e.Partial {
		b = append(b, `,"partial":true`...)
	}
	return append(b, '}')
}

// SetLine stores line as text, or as base64 where it is not UTF-8.
func (e *Event) SetLine(line string) {
	if utf8.ValidString(line) {
		e.Line, e.DataB64 = line, ""
		return
	}
	e.Line, e.DataB64 = "", base64.StdEncoding.EncodeToString([]byte(line))
}

// Text is the line as the step wrote it, decoded where it was not UTF-8.
func (e *Event) Text() string {
	if e.DataB64 == "" {
		return e.Line
	}
	raw, err := base64.StdEncoding.DecodeString(e.DataB64)
	if err != nil {
		return e.DataB64
	}
	return string(raw)
}

func appendUUID(b []byte, id [16]byte) []byte {
	const hex = "0123456789abcdef"
	for i, c := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, hex[c>>4], hex[c&15])
	}
	return b
}

// plain says which bytes stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 0x20 && c != '"' && c != '\\' && c != 0x7f
	}
	return t
}()

// appendString appends s as a JSON string. s is UTF-8. DEL and U+2028/9 are
// legal in JSON and left as they are, apart from DEL, which a terminal obeys.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if plain[c] {
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		}
		from = i + 1
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}
