package event

import (
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"
)

// fields has the fields of Event without its methods: what encoding/json makes
// of it is the contract that AppendJSON is tested against.
type fields Event

// MarshalJSON writes the form that is documented as a contract: one object,
// fields at the top level.
func (e Event) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

// AppendJSON appends the JSON form to b. It is written by hand: each state event
// is encoded for the journal and for every file, and with encoding/json that
// alone would be a tenth of what a short step costs.
func (e *Event) AppendJSON(b []byte) []byte {
	o := object{b: e.appendHead(b)}
	o.uint("seq", e.Seq)
	o.b = e.appendOrigin(o.b)
	if e.Type == Stdout || e.Type == Stderr {
		return e.appendLine(o.b)
	}
	o.text("name", e.Name)
	o.list("command", e.Command)
	o.int("lead", e.Lead)
	o.text("line", e.Line)
	o.text("data_b64", e.DataB64)
	o.flag("partial", e.Partial)
	if e.Result != nil {
		o.key("result")
		o.b = e.Result.appendJSON(o.b)
	}
	if e.Status != StatusUnknown {
		o.text("status", e.Status.String())
	}
	if e.Stats != nil {
		o.key("stats")
		o.b = e.Stats.appendJSON(o.b)
	}
	o.text("error", e.Error)
	o.text("reason", string(e.Reason))
	o.flag("tolerated", e.Tolerated)
	o.text("message", e.Message)
	if e.Delay != 0 {
		o.text("delay", e.Delay.String())
	}
	o.text("signal", e.Signal)
	o.int("completed", e.Done)
	o.int("total", e.Total)
	o.list("current", e.Current)
	o.int("count", e.Count)
	if len(e.Outputs) > 0 {
		o.key("outputs")
		o.b = appendValues(o.b, e.Outputs)
	}
	if len(e.Items) > 0 {
		o.key("items")
		o.b = appendItems(o.b, e.Items)
	}
	o.text("lock", e.Lock)
	o.text("holder", e.Holder)
	o.text("by", e.By)
	o.flag("kept", e.Kept)
	if len(e.Fingerprint) > 0 {
		o.key("fingerprint")
		o.b = e.Fingerprint.appendJSON(o.b)
	}
	return append(o.b, '}')
}

// appendHead appends what comes before seq, the brace included.
func (e *Event) appendHead(b []byte) []byte {
	o := object{b: append(b, '{'), empty: true}
	o.key("event_type")
	o.string(string(e.Type))
	o.uuid("run_id", e.RunID)
	return o.b
}

// appendOrigin appends when and where it happened.
func (e *Event) appendOrigin(b []byte) []byte {
	o := object{b: b}
	o.time("timestamp", e.Timestamp)
	if e.ExecutionID != [16]byte{} {
		o.uuid("execution_id", e.ExecutionID)
	}
	o.text("step_id", e.StepID)
	o.int("attempt", e.Attempt)
	o.text("phase", string(e.Phase))
	return o.b
}

// appendLine appends what an output line has, and the brace.
func (e *Event) appendLine(b []byte) []byte {
	o := object{b: b}
	if e.DataB64 != "" {
		o.text("data_b64", e.DataB64)
	} else {
		o.key("line")
		o.string(e.Line)
	}
	o.flag("partial", e.Partial)
	return append(o.b, '}')
}

func (r *Result) appendJSON(b []byte) []byte {
	o := object{b: append(b, '{'), empty: true}
	o.uuid("id", r.ID)
	o.text("step_id", r.StepID)
	o.text("phase", string(r.Phase))
	o.key("status")
	o.string(r.Status.String())
	o.text("reason", string(r.Reason))
	o.int("attempts", r.Attempts)
	o.flag("not_started", r.NotStarted)
	o.key("exit_code")
	o.b = appendInt(o.b, r.ExitCode)
	o.text("signal", r.Signal)
	o.text("stdout", r.Stdout)
	o.text("stderr", r.Stderr)
	o.flag("truncated", r.Truncated)
	if !r.StartedAt.IsZero() {
		o.time("started_at", r.StartedAt)
	}
	if !r.CompletedAt.IsZero() {
		o.time("completed_at", r.CompletedAt)
	}
	o.text("log_path", r.LogPath)
	o.int("log_lost", r.LogLost)
	o.text("error", r.Error)
	o.flag("tolerated", r.Tolerated)
	o.key("duration")
	o.string(r.Duration.String())
	return append(o.b, '}')
}

func (s *Stats) appendJSON(b []byte) []byte {
	o := object{b: append(b, '{'), empty: true}
	for _, n := range []struct {
		name  string
		count int
	}{
		{"total", s.Total}, {"completed", s.Completed}, {"failed", s.Failed},
		{"cancelled", s.Cancelled}, {"timeout", s.Timeout}, {"skipped", s.Skipped},
	} {
		o.key(n.name)
		o.b = appendInt(o.b, n.count)
	}
	return append(o.b, '}')
}

// An Encoder appends the JSON form of events, as [Event.AppendJSON] does, and
// remembers what the lines of one step have in common. The zero Encoder is
// ready; one goroutine uses it.
type Encoder struct {
	last         Event // the line that head and origin were made for
	head, origin []byte
}

// Append appends the JSON form of e to b.
func (c *Encoder) Append(b []byte, e *Event) []byte {
	if e.Type != Stdout && e.Type != Stderr {
		return e.AppendJSON(b)
	}
	l := &c.last
	if e.Timestamp != l.Timestamp || e.Type != l.Type || e.ExecutionID != l.ExecutionID || e.RunID != l.RunID ||
		e.Attempt != l.Attempt || e.StepID != l.StepID || e.Phase != l.Phase {
		c.head = e.appendHead(c.head[:0])
		c.origin = e.appendOrigin(c.origin[:0])
		*l = *e
		l.Line, l.DataB64 = "", "" // must not keep the output alive
	}
	o := object{b: append(b, c.head...)}
	o.uint("seq", e.Seq)
	return e.appendLine(append(o.b, c.origin...))
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

var _ json.Marshaler = Event{}
