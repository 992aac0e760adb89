package runbook

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// A Pos is a place in a file. Line and Col begin at 1; Col counts characters
// (Unicode code points), a tab as one.
type Pos struct {
	File      string
	Line, Col int
}

// String is the place as editors and terminals understand it.
//
// A Pos whose Line is 0 is no place in a file; its File says what it is then,
// such as the flag a value was given with.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Severity tells what keeps a runbook from running from what does not.
type Severity uint8

const (
	Error   Severity = iota // the runbook cannot run
	Warning                 // it can, but hardly as meant
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// A Diagnostic is one problem in a runbook, at the place to edit.
type Diagnostic struct {
	Severity Severity
	Rule     string // its stable name, one of [Rules]
	Pos      Pos
	End      Pos    // just behind the last character of it; equal to Pos if that is not known
	Message  string // what is wrong: lower case, no full stop
	Help     string // what to do; may be empty
	Line     string // the source line, of a very long one the part around Pos

	lineCol int // the column of Pos in Line
}

// String is the diagnostic as text without colour and without a last newline:
// what is wrong, the source line, a caret under the place, and the help.
func (d Diagnostic) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s [%s]", d.Pos, d.Severity, visible(d.Message), d.Rule)
	if line, caret := d.Excerpt(); line != "" {
		fmt.Fprintf(&b, "\n    %s\n    %s", line, caret)
	}
	if d.Help != "" {
		fmt.Fprintf(&b, "\nhelp: %s", visible(d.Help))
	}
	return b.String()
}

// MarshalJSON gives the diagnostic as a flat object whose keys are stable; new
// ones may be added.
func (d Diagnostic) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Severity     string `json:"severity"`
		Rule         string `json:"rule"`
		File         string `json:"file"`
		Line         int    `json:"line"`
		Column       int    `json:"column"`
		EndLine      int    `json:"end_line"`
		EndColumn    int    `json:"end_column"`
		Message      string `json:"message"`
		Help         string `json:"help,omitempty"`
		Source       string `json:"source"`
		SourceColumn int    `json:"source_column"`
	}{d.Severity.String(), d.Rule, d.Pos.File, d.Pos.Line, d.Pos.Col, d.End.Line, d.End.Col,
		d.Message, d.Help, d.Line, d.lineCol})
}

// Diagnostics are the problems of a file, in file order, and then those of the
// files it includes.
type Diagnostics []Diagnostic

// Errors reports whether one of them is an error.
func (ds Diagnostics) Errors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

// Error is the text of all of them, one after the other, so that they can travel
// as an error.
func (ds Diagnostics) Error() string {
	parts := make([]string, len(ds))
	for i, d := range ds {
		parts[i] = d.String()
	}
	return strings.Join(parts, "\n")
}

// maxShown is how many problems of one file are told. Nobody reads more, and a
// file of a million mistakes must not take a gigabyte to say so.
const maxShown = 1000

// report collects the problems of one file.
type report struct {
	src     *source
	found   Diagnostics
	flagged map[*node]bool // nodes with a problem: what else is wrong with them follows from it
}

func newReport(src *source) *report {
	return &report{src: src, flagged: map[*node]bool{}}
}

func (r *report) add(d Diagnostic) {
	if d.End == (Pos{}) {
		d.End = d.Pos
	}
	r.found = append(r.found, d)
}

// full says that there is no use in looking for more.
func (r *report) full() bool { return len(r.found) >= 4*maxShown }

// at reports an error at a node and marks it.
func (r *report) at(n *node, rule, help, format string, args ...any) {
	r.flagged[n] = true
	start, end := r.span(n)
	r.add(Diagnostic{Rule: rule, Pos: start, End: end, Message: fmt.Sprintf(format, args...), Help: help})
}

// warn is at for a warning, which marks nothing.
func (r *report) warn(n *node, rule, help, format string, args ...any) {
	start, end := r.span(n)
	r.add(Diagnostic{Severity: Warning, Rule: rule, Pos: start, End: end, Message: fmt.Sprintf(format, args...), Help: help})
}

// diagnostics returns what was found: sorted, each once, with source lines.
func (r *report) diagnostics() Diagnostics {
	sort.SliceStable(r.found, func(i, j int) bool { return before(r.found[i].Pos, r.found[j].Pos) })
	seen := map[string]bool{}
	var ds Diagnostics
	for _, d := range r.found {
		key := fmt.Sprintf("%d:%d:%s:%s", d.Pos.Line, d.Pos.Col, d.Rule, d.Message)
		if seen[key] {
			continue
		}
		seen[key] = true
		if len(ds) == maxShown {
			ds = append(ds, Diagnostic{Rule: ruleLimit, Pos: d.Pos, End: d.Pos,
				Message: fmt.Sprintf("more than %d problems; the rest are not shown", maxShown)})
			break
		}
		ds = append(ds, d)
	}
	for i := range ds {
		ds[i].Line, ds[i].lineCol = r.src.excerpt(ds[i].Pos)
	}
	return ds
}

func before(a, b Pos) bool {
	if a.Line != b.Line {
		return a.Line < b.Line
	}
	return a.Col < b.Col
}
