package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/executor/sink/webhook"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A sinkSpec is one --sink flag.
type sinkSpec struct {
	kind string // console, jsonl or webhook
	path string // of jsonl, "-" is standard output; the address of a webhook
}

// sinkFlags are all of them.
type sinkFlags struct{ specs []sinkSpec }

func (f *sinkFlags) add(cmd *cobra.Command) {
	cmd.Flags().Var(f, "sink", "where events go, a `SINK` being console, jsonl=FILE, jsonl=- or webhook=URL (may be repeated)")
	paths(cmd, "sink")
	cmd.Flags().SetAnnotation("sink", settingKey, []string{"sinks"})
}

func (f *sinkFlags) Type() string { return "sink" }

func (f *sinkFlags) String() string { return strings.Join(f.GetSlice(), " ") }

func (f *sinkFlags) Set(s string) error {
	kind, path, hasPath := strings.Cut(s, "=")
	switch {
	case kind == "console" && !hasPath:
	case kind == "jsonl" && path != "":
	case kind == "jsonl":
		return errors.New(`jsonl=FILE, or jsonl=- for standard output`)
	case kind == "webhook":
		if _, err := webhook.Parse(path); err != nil {
			return fmt.Errorf("webhook= and %w", err)
		}
	default:
		return errors.New("console, jsonl=FILE or webhook=URL")
	}
	spec := sinkSpec{kind, path}
	for _, have := range f.specs {
		if have == spec {
			return nil
		}
	}
	f.specs = append(f.specs, spec)
	return nil
}

// Append, Replace and GetSlice make it a flag that may be repeated.
func (f *sinkFlags) Append(s string) error { return f.Set(s) }

func (f *sinkFlags) Replace(all []string) error {
	f.specs = nil
	for _, s := range all {
		if err := f.Set(s); err != nil {
			return err
		}
	}
	return nil
}

func (f *sinkFlags) GetSlice() []string {
	var all []string
	for _, s := range f.specs {
		switch s.kind {
		case "jsonl":
			all = append(all, "jsonl="+s.path)
		case "webhook":
			all = append(all, shownSink("webhook="+s.path))
		default:
			all = append(all, s.kind)
		}
	}
	return all
}

// shownSink is a value of the flag, or lines of them, without what may be a secret.
func shownSink(value string) string {
	lines := strings.Split(value, "\n")
	for i, line := range lines {
		if kind, address, _ := strings.Cut(line, "="); strings.Contains(address, "://") {
			lines[i] = kind + "=" + webhook.Shown(address)
		}
	}
	return strings.Join(lines, "\n")
}

func (f *sinkFlags) has(spec sinkSpec) bool {
	for _, have := range f.specs {
		if have == spec {
			return true
		}
	}
	return false
}

// An openSink is a sink of a run.
type openSink struct {
	event.EventHandler
	name  string
	lines bool // it has a use for output
	close func() error
	last  chan struct{} // closed when it has had the last event of the run
	gone  chan struct{} // closed when it gets none any more, because it panicked

	// Of one that others may keep from working: finish tells it that the run is over,
	// after which it is bound to come to an end, and what it loses is no failure.
	finish func(context.Context)
}

// OnEvent passes e on, and notes the last one.
func (s *openSink) OnEvent(e event.Event) {
	defer func() {
		if p := recover(); p != nil {
			close(s.gone)
			panic(p) // the engine tells
		}
	}()
	s.EventHandler.OnEvent(e)
	if (e.Type == event.RunCompleted || e.Type == event.RunPaused) && !s.finished() {
		close(s.last)
	}
}

func (s *openSink) finished() bool {
	select {
	case <-s.last:
		return true
	default:
		return false
	}
}

// sinks are those of a run; console is nil where there is none.
type sinks struct {
	open      []*openSink
	console   *sink.Console
	consoleOn io.Writer // what it writes to
}

func (s *sinks) add(name string, lines bool, h event.EventHandler, closing func() error) {
	s.open = append(s.open, &openSink{EventHandler: h, name: name, lines: lines, close: closing, last: make(chan struct{}), gone: make(chan struct{})})
}

// openSinks opens what the flags ask for. The console is there without being
// asked for, on standard output; where that carries something else, only when
// asked for, on standard error.
func (c *cli) openSinks(f *applyFlags, p *plan.Plan) (*sinks, error) {
	s := &sinks{}
	if f.detached != nil {
		s.add("terminal", false, f.detached, func() error { return nil })
	}
	taken := f.outputs.format == "json"
	for _, spec := range f.sinks.specs {
		switch spec.kind {
		case "console":
			continue
		case "webhook":
			if err := c.addWebhook(s, spec.path); err != nil {
				s.closeAll()
				return nil, err
			}
			continue
		}
		j, err := c.openJSONL(spec.path, taken)
		if err != nil {
			s.closeAll()
			return nil, err
		}
		name := fmt.Sprintf("%q", spec.path)
		if spec.path == "-" {
			taken, name = true, "standard output"
		}
		s.add(name, true, j, j.Close)
	}
	asked := f.sinks.has(sinkSpec{kind: "console"})
	switch {
	case !taken:
		c.addConsole(s, c.stdout, f, p)
	case asked:
		c.addConsole(s, c.stderr, f, p)
	}
	return s, nil
}

func (c *cli) openJSONL(path string, taken bool) (*sink.JSONL, error) {
	if path != "-" {
		told := time.AfterFunc(time.Second, func() {
			c.note(fmt.Sprintf("waits for %q to open: a pipe does when something reads it", path))
		})
		j, err := sink.OpenJSONL(path)
		told.Stop()
		if err != nil {
			return nil, &exit{code: exitUsage, err: fmt.Errorf("sink jsonl: open %q: %w", path, cause(err))}
		}
		return j, nil
	}
	if taken {
		return nil, usage("", "--sink jsonl=- and --output json both write to standard output")
	}
	j := sink.NewJSONL(c.stdout)
	if c.inGitHubActions() {
		j.FenceWorkflowCommands()
	}
	return j, nil
}

func (c *cli) addConsole(s *sinks, w io.Writer, f *applyFlags, p *plan.Plan) {
	opt := sink.ConsoleOptions{
		Color:    c.colored(w),
		TTY:      isTerminal(w),
		Live:     c.live(w),
		Width:    func() int { return width(w) },
		Height:   func() int { return height(w) },
		Quiet:    f.quiet,
		Messages: c.stderr,

		NoRollback: f.steps.noRollback,
		Asks:       c.interactive(&f.approval) && isTerminal(w),
	}
	if c.inGitHubActions() {
		opt.Fence = rand.Text()
	}
	opt.Steps = make([]sink.Step, 0, len(p.Steps)+len(p.OnFailure)+len(p.Finally))
	for _, steps := range [][]plan.Step{p.Steps, p.OnFailure, p.Finally} {
		for i := range steps {
			s := &steps[i]
			opt.Steps = append(opt.Steps, sink.Step{ID: s.ID, Rollback: s.Rollback != nil, Writes: s.Effect != plan.Read})
		}
	}
	s.console, s.consoleOn = sink.NewConsole(w, opt), w
	s.add("console", !f.quiet, s.console, s.console.Close)
}

// closeAll closes the sinks. The failures are those of sinks that did not write
// everything, but for a reader that went away, which is its own business. Of a
// webhook it is a warning: what it did not deliver is in the run's journal.
func (s *sinks) closeAll() (failures, warnings []error) {
	for _, open := range s.open {
		err := open.end()
		switch {
		case err == nil:
		case open.finish != nil:
			warnings = append(warnings, err)
		default:
			failures = append(failures, err)
		}
	}
	return failures, warnings
}

func (s *openSink) end() error {
	if !s.finished() {
		return fmt.Errorf("%s: left before it had all events", s.name) // closing it would wait for what it hangs on
	}
	err := s.close()
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.EIO) && s.name == "console":
		return nil
	case s.finish != nil:
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return fmt.Errorf("%s could not be written: %w", s.name, cause(err))
}

// wait waits until every sink has had the last event of the run, or panicked, or
// ctx ends.
func (s *sinks) wait(ctx context.Context) {
	for _, open := range s.open {
		if open.finish != nil {
			open.finish(ctx)
		}
	}
	for _, open := range s.open {
		select {
		case <-open.last:
		case <-open.gone:
		case <-ctx.Done():
			return
		}
	}
}
