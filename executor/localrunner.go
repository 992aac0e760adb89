package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/process"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// localRunner carries out attempts as processes on this machine.
type localRunner struct {
	host    *process.Host
	base    []string      // the environment that steps inherit
	timeout time.Duration // for a step that has none
}

func newLocalRunner(h *process.Host, c Config) *localRunner {
	return &localRunner{host: h, base: inherited(), timeout: c.DefaultTimeout}
}

// Run implements [Runner].
func (l *localRunner) Run(ctx context.Context, a Attempt) Outcome {
	began := time.Now()
	notStarted := func(reason event.Reason, err error) Outcome {
		return Outcome{Ending: NotStarted, Reason: reason, ExitCode: -1, Error: err.Error(), StartedAt: began, EndedAt: time.Now()}
	}
	if a.spec == nil {
		var spec process.Spec
		err := l.host.Retry(ctx, func() (err error) {
			spec, err = l.prepare(a.Invocation, a.Env)
			return err
		})
		if err != nil {
			return notStarted("", err)
		}
		a.spec = &spec
	}
	spec := *a.spec
	spec.Stdout, spec.Stderr = a.Stdout, a.Stderr
	files := &files{attempt: a}
	defer files.closeStdin()
	if a.Invocation.Stdin != nil || a.open != nil {
		spec.Prepare = files.open
	}
	return outcome(l.host.Run(ctx, a.Kill, spec), spec.Timeout)
}

// prepare makes the process of an attempt, with the engine's own variables, and
// finds out what can be known beforehand of why it could not start.
func (l *localRunner) prepare(inv plan.Invocation, own []string) (process.Spec, error) {
	if err := checkScript(inv.Script); err != nil {
		return process.Spec{}, err
	}
	base := l.base
	if inv.BareEnv {
		base = nil
	}
	declared, err := readEnvFiles(inv.EnvFiles)
	if err != nil {
		return process.Spec{}, err
	}
	env := environ(base, append(declared, inv.Env...), own)
	path, err := process.LookPath(inv.Program, env, inv.Dir)
	if err != nil {
		return process.Spec{}, err
	}
	s := process.Spec{
		Path:    path,
		Argv0:   inv.Program,
		Args:    inv.Args,
		Env:     env,
		Dir:     inv.Dir,
		Timeout: inv.Timeout,
		Grace:   inv.GracePeriod,
	}
	if s.Timeout == 0 {
		s.Timeout = l.timeout
	}
	for _, kv := range own { // names the attempt, and so what escapes from it
		if strings.HasPrefix(kv, "RUNBOOK_STEP_OUTPUT=") {
			s.Cookie = kv
		}
	}
	return s, s.Check()
}

// checkScript makes sure that what runs is what was reviewed.
func checkScript(file *plan.ScriptFile) error {
	if file == nil || file.SHA256 == "" {
		return nil
	}
	now, _, err := plan.ReadScript(file.Path)
	if err != nil && !errors.Is(err, plan.ErrNoInterpreter) {
		return fmt.Errorf("script: %w", err)
	}
	if now.SHA256 != file.SHA256 {
		return fmt.Errorf("script %q is not what it was when the runbook was loaded: put it back, or begin a new run to use the new one", file.Path)
	}
	return nil
}

// outcome turns the exit of a process into that of an attempt.
func outcome(x process.Exit, timeout time.Duration) Outcome {
	out := Outcome{
		ExitCode:  x.Code,
		StartedAt: x.Started,
		EndedAt:   x.Ended,
		Duration:  x.Duration,
	}
	var start *process.StartError
	switch {
	case errors.As(x.Err, &start) && start.Op == process.OpStop:
		out.Ending, out.NoProcess, out.Error = Stopped, true, "cancelled before it started"
	case x.PID == 0:
		out.Ending, out.Error = NotStarted, x.Err.Error()
	case x.Err != nil:
		out.Ending, out.Error = Broken, x.Err.Error()
	case x.Cause == process.TimedOut:
		out.Ending = run.TimedOut
		out.Error = fmt.Sprintf("timed out after %v", timeout)
	case x.Cause == process.Stopped:
		out.Ending, out.Error = Stopped, "cancelled"
	case x.Signal != 0:
		out.Ending, out.Error = Signaled, "killed by "+unix.SignalName(x.Signal)
	case x.Code != 0:
		out.Error = fmt.Sprintf("exit code %d", x.Code)
	}
	if x.Signal != 0 {
		out.Signal, out.ExitCode = unix.SignalName(x.Signal), -1
	}
	if x.PipeHeld {
		out.Warnings = append(out.Warnings, "it ended while something it had started still held its output; that was waited for and then ended")
	}
	if len(x.Leftovers) > 0 {
		out.Warnings = append(out.Warnings, "it left processes running, which were ended: "+describe(x.Leftovers))
	}
	return out
}

func describe(left []process.Leftover) string {
	words := make([]string, len(left))
	for i, l := range left {
		words[i] = fmt.Sprintf("%s (pid %d)", l.Name, l.PID)
	}
	return strings.Join(words, ", ")
}
