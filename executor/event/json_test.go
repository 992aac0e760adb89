package event

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// full has every field set. A field that is added to Event or Result must be
// added to AppendJSON, or TestAppendJSON fails.
func full() Event {
	at := time.Date(2026, 1, 2, 3, 4, 5, 67, time.UTC)
	id := uuid.MustParse("01234567-89ab-4def-8123-456789abcdef")
	e := Event{
		Type: Failed, RunID: id, Seq: 7, Timestamp: at, ExecutionID: id, StepID: "a", Attempt: 2, Phase: Finally,
		Name: "n", Command: []string{"a", "", "\"<&>\u2028\x7f"}, Lead: 1, Line: "l", DataB64: "YQ==", Partial: true,
		Status: StatusFailed, Error: "e\n\t\r\x01\\", Reason: ReasonExit, Tolerated: true, Message: "é☃\xff", Delay: Duration(time.Minute),
		Signal: "SIGINT", Done: 1, Total: 2, Current: []string{"b"}, Count: 3,
		Outputs: Values{"rows": int64(2_000_000), "share": 0.25, "gone": nil, "": "", "list": []any{int64(-1), "<x>", []any{}}, "map": map[string]any{"b": true, "a": int64(1<<63 - 1)}},
		Items:   []Item{{Key: "", Value: nil}, {Key: "blue\n", Value: int64(9007199254740993)}, {Key: "2", Value: map[string]any{"x": 1e300}}},
		Lock:    "rotate-\"x\"", Holder: "run 1, pid 2", By: "someone",
		Kept: true, Fingerprint: Fingerprint{"env.\"A": "00", "args": "ff"},
		Stats: &Stats{Total: 1, Completed: 2, Failed: 3, Cancelled: 4, Timeout: 5, Skipped: 6},
		Result: &Result{
			ID: id, StepID: "a", Phase: Finally, Status: StatusFailed, Reason: ReasonExit, Attempts: 2, ExitCode: 3, Signal: "S",
			Stdout: "o", Stderr: "r", NotStarted: true, Truncated: true, Duration: time.Second, StartedAt: at, CompletedAt: at, LogPath: "/l", LogLost: 3, Error: "e", Tolerated: true,
		},
	}
	return e
}

func TestFullIsFull(t *testing.T) {
	e := full()
	for _, v := range []reflect.Value{reflect.ValueOf(e), reflect.ValueOf(*e.Result), reflect.ValueOf(*e.Stats)} {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%s.%s is zero", v.Type(), v.Type().Field(i).Name)
			}
		}
	}
}

// variants are full events with one field after the other emptied, for each
// kind of event, and the almost empty ones.
func variants() []Event {
	var all []Event
	for _, typ := range []Type{Failed, Stdout, Stderr, Progress} {
		n := reflect.TypeOf(Event{}).NumField()
		for i := range n {
			e := full()
			e.Type = typ
			if f := reflect.ValueOf(&e).Elem().Field(i); reflect.TypeOf(e).Field(i).Name != "Type" {
				f.SetZero()
			}
			all = append(all, e)
		}
		all = append(all, Event{Type: typ}, Event{Type: typ, Result: &Result{}, Stats: &Stats{}})
	}
	for i := range reflect.TypeOf(Result{}).NumField() {
		e := full()
		reflect.ValueOf(e.Result).Elem().Field(i).SetZero()
		all = append(all, e)
	}
	return all
}

// What AppendJSON writes by hand means what encoding/json makes of the tags.
func TestAppendJSON(t *testing.T) {
	var enc Encoder
	for _, e := range variants() {
		want := e
		if e.Type == Stdout || e.Type == Stderr { // lines have nothing but their text
			want = Event{Type: e.Type, RunID: e.RunID, Seq: e.Seq, Timestamp: e.Timestamp, ExecutionID: e.ExecutionID, StepID: e.StepID,
				Attempt: e.Attempt, Phase: e.Phase, Line: e.Line, DataB64: e.DataB64, Partial: e.Partial}
			if e.DataB64 != "" {
				want.Line = ""
			}
		}
		text, err := json.Marshal(fields(want))
		if err != nil {
			t.Fatal(err)
		}
		var a, b map[string]any
		json.Unmarshal(text, &a)
		got := e.AppendJSON(nil)
		if err := json.Unmarshal(got, &b); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if line, ok := b["line"]; ok && line == "" && a["line"] == nil {
			a["line"] = "" // an empty line is written
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s\n%s", got, diff)
		}
		if again := enc.Append(nil, &e); !bytes.Equal(again, got) {
			t.Errorf("Encoder  %s\nnot like %s", again, got)
		}
		var back Event
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatal(err)
		}
		want.Message = strings.ToValidUTF8(want.Message, "\uFFFD")
		if diff := cmp.Diff(want, back); diff != "" {
			t.Errorf("after a round trip: %s", diff)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "12345678\"", "\x00\x1f\x20\x7f\x80", "é\xffé", "</script>", "\u2028", strings.Repeat("x", 63) + "\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := appendString(nil, s)
		var back string
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); len(want) != len(s) && !strings.Contains(back, "\uFFFD") || len(want) == len(s) && back != want {
			t.Errorf("%q became %q", s, back)
		}
		if bytes.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			t.Errorf("a control character in %q", text)
		}
	})
}

func TestSetLine(t *testing.T) {
	for _, line := range []string{"", "text", "é", "\xff\x00binary"} {
		var e Event
		e.SetLine(line)
		if e.Text() != line || (e.DataB64 != "") != (line == "\xff\x00binary") {
			t.Errorf("%q became %+v", line, e)
		}
	}
}

func BenchmarkEncodeLine(b *testing.B) {
	e := full()
	e.Type, e.DataB64, e.Line = Stdout, "", strings.Repeat("a line of text ", 7)[:99]
	var enc Encoder
	var buf []byte
	for b.Loop() {
		e.Seq++
		buf = enc.Append(buf[:0], &e)
	}
}

func BenchmarkEncodeState(b *testing.B) {
	e := full()
	e.DataB64, e.Line = "", ""
	var buf []byte
	for b.Loop() {
		buf = e.AppendJSON(buf[:0])
	}
}
