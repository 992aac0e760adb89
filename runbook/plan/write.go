package plan

import (
	"bufio"
	"encoding/json"
	"io"
)

// WriteJSON writes p as [json.Marshal] does, but step by step: a large plan need
// not be in memory a second time, as text.
func (p *Plan) WriteJSON(w io.Writer) error {
	head, err := json.Marshal(struct {
		*Plan
		// These hide the lists of steps, which come last.
		Steps     *int `json:"steps,omitempty"`
		OnFailure *int `json:"on_failure,omitempty"`
		Finally   *int `json:"finally,omitempty"`
	}{Plan: p})
	if err != nil {
		return err
	}
	out := listWriter{Writer: bufio.NewWriter(w)}
	out.Write(head[:len(head)-1])
	out.list("steps", p.Steps)
	if len(p.OnFailure) > 0 {
		out.list("on_failure", p.OnFailure)
	}
	if len(p.Finally) > 0 {
		out.list("finally", p.Finally)
	}
	out.WriteByte('}')
	if out.err != nil {
		return out.err
	}
	return out.Flush()
}

// A listWriter writes lists of steps as further members of a JSON object.
type listWriter struct {
	*bufio.Writer       // which remembers that it failed
	err           error // a step that cannot be written
}

func (w *listWriter) list(name string, steps []Step) {
	w.WriteString(`,"` + name + `":`)
	if steps == nil {
		w.WriteString("null")
		return
	}
	w.WriteByte('[')
	for i := range steps {
		if i > 0 {
			w.WriteByte(',')
		}
		text, err := json.Marshal(&steps[i])
		if err != nil && w.err == nil {
			w.err = err
		}
		w.Write(text)
	}
	w.WriteByte(']')
}
