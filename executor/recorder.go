package executor

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/output"
	"github.com/cloudops-run/runbook/executor/internal/process"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/executor/mask"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A recorder takes what an attempt writes: into its log, its capture and the
// event stream, in lines and with secrets hidden. Expressions that judge the
// attempt get it as it was written: what is masked cannot be computed with, and
// would be wrong without a word.
type recorder struct {
	run            *liveRun
	node           run.Node
	log            *output.Log
	kept           *captured
	stdout, stderr *channel
}

// A channel is one of the two streams of an attempt.
type channel struct {
	raw     *output.Capture // nil: no expression reads it
	hidden  bool            // secrets are taken from it: nobody else gets it
	masker  *mask.Writer    // nil: there is nothing to hide
	file    *stdoutFile     // nil: there is none
	lines   *output.Lines
	capture output.Capture
}

func (r *liveRun) newRecorder(j *job) *recorder {
	rec := &recorder{run: r, node: j.node, log: output.NewLog(r.logFile(j))}
	rec.kept = &captured{log: rec.log}
	masker := r.vault.current()
	rec.stdout = rec.channel(j, event.Stdout, masker)
	rec.stderr = rec.channel(j, event.Stderr, masker)
	if path := j.inv.StdoutFile; path != "" {
		rec.stdout.file = &stdoutFile{path: path}
	}
	if judged(j.step) {
		rec.stdout.raw, rec.stderr.raw = &output.Capture{}, &output.Capture{}
		rec.stdout.hidden = hidesStdout(j.step)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.captured[j.node] = rec.kept
	return rec
}

// logFile is where the log of an attempt goes.
func (r *liveRun) logFile(j *job) string {
	if r.byStep {
		return r.dir.logs + string(filepath.Separator) + state.LogName(j.id, j.node.Phase, j.number)
	}
	name := j.execution.String()
	if j.number > 1 {
		name = fmt.Sprintf("%s.%d", name, j.number)
	}
	return filepath.Join(r.dir.logs, name+".log")
}

func (rec *recorder) channel(j *job, t event.Type, masker *mask.Masker) *channel {
	c := &channel{}
	var origin *event.Event // made with the first output: most attempts of a large run have none
	c.lines = output.NewLines(func(b output.Batch) {
		if origin == nil {
			origin = &event.Event{Type: t, RunID: rec.run.id, ExecutionID: j.execution, StepID: j.id, Phase: j.node.Phase, Attempt: j.number}
		}
		offset := rec.log.Append(string(t), b.Data)
		c.capture.Write(b.Data)
		rec.run.engine.stream.output(origin, b, rec.log, offset)
	})
	if masker != nil {
		c.masker = masker.Writer(c.pass)
	}
	return c
}

// open takes what the attempt writes to, right before it starts.
func (rec *recorder) open() (undo func(), err error) {
	if process.Scant() {
		if err := rec.log.Reserve(); err != nil {
			return nil, err
		}
	}
	undoFile := func() {}
	if f := rec.stdout.file; f != nil {
		if undoFile, err = f.open(); err != nil {
			rec.log.Release()
			return nil, err
		}
	}
	return func() {
		undoFile()
		rec.log.Release()
	}, nil
}

// pass hands on what may be seen.
func (c *channel) pass(p []byte) {
	if c.file != nil {
		c.file.write(p)
	}
	c.lines.Write(p)
}

// Write takes what the attempt wrote. It does not fail.
func (c *channel) Write(p []byte) (int, error) {
	if c.raw != nil {
		c.raw.Write(p)
	}
	switch {
	case c.hidden:
	case c.masker != nil:
		return c.masker.Write(p)
	default:
		c.pass(p)
	}
	return len(p), nil
}

// flush hands on what is left. cut says that the stream did not end by itself:
// the beginning of a secret may be all that came of it.
func (c *channel) flush(cut bool) {
	switch {
	case c.masker == nil:
	case cut:
		c.masker.FlushCut()
	default:
		c.masker.Flush()
	}
	c.lines.Flush()
}

// close completes the outcome with what was recorded, and returns why the log
// lacks some of it.
func (rec *recorder) close(out *Outcome) error {
	cut := out.Ending != Exited
	rec.stdout.flush(cut)
	rec.stderr.flush(cut)
	if f := rec.stdout.file; f != nil {
		if err := f.close(); err != nil && (out.Ending == Exited || out.Ending == NotStarted) {
			out.Reason, out.Error = event.ReasonOutput, fmt.Sprintf("stdout: %v", err)
		}
	}
	lost, err := rec.log.Close()
	if err != nil {
		out.LogLost = int(lost)
		out.Warnings = append(out.Warnings, fmt.Sprintf("the log lacks %d bytes: %v", lost, err))
	}
	out.LogPath = rec.log.Path()
	out.Truncated = rec.stdout.capture.Truncated() || rec.stderr.capture.Truncated()
	kept := captured{path: out.LogPath}
	if !rec.run.options.DropOutput {
		kept.stdout, kept.stderr = rec.stdout.capture.String(), rec.stderr.capture.String()
	}
	rec.keep(kept)
	return err
}

// keep is what stays of the attempt. Of one that wrote nothing it is nothing: a
// large run is mostly of such steps.
func (rec *recorder) keep(c captured) {
	rec.run.mu.Lock()
	defer rec.run.mu.Unlock()
	if c == (captured{}) {
		delete(rec.run.captured, rec.node)
		return
	}
	*rec.kept = c
}

// attempt is what expressions can read of the attempt.
func (rec *recorder) attempt(out *Outcome) *plan.Attempt {
	a := &plan.Attempt{ExitCode: out.ExitCode, HasExit: out.Ending == Exited, TimedOut: out.Ending == TimedOut}
	if raw := rec.stdout.raw; raw != nil {
		a.Stdout, a.StdoutTruncated = strings.TrimRight(raw.String(), "\r\n"), raw.Truncated()
	}
	if raw := rec.stderr.raw; raw != nil {
		a.Stderr, a.StderrTruncated = strings.TrimRight(raw.String(), "\r\n"), raw.Truncated()
	}
	return a
}
