package main

import (
	"bufio"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook/plan"
)

type logsFlags struct {
	state   stateFlags
	attempt int
	follow  bool
}

func (c *cli) logsCommand() *cobra.Command {
	var f logsFlags
	cmd := &cobra.Command{
		Use:   "logs RUN [STEP]",
		Short: "Print what the steps of a run wrote",
		Long: `logs prints what steps wrote: those of a whole run one after the other, as
"step | line", in the order in which they were started; or what one step wrote,
as it was, all attempts and, of a step with foreach, all instances.

RUN is last, an id or its beginning, or the name of a runbook, whose newest run it
then is. Standard output and standard error of a step are in one log.`,
		Example: `  runbook logs last
  runbook logs deploy migrate
  runbook logs last -f                  until the run ends
  runbook logs last fetch --attempt 2`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 2 {
				return usage("", "logs takes a run and a step, found %d words: %s", len(args), commandLine(args))
			}
			return oneRun(cmd, args[:min(1, len(args))])
		},
		ValidArgsFunction: c.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			step := ""
			if len(args) > 1 {
				step = args[1]
			}
			return c.logs(&f, args[0], step)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on until the run ends")
	flags.IntVar(&f.attempt, "attempt", 0, "only this attempt of each step, from 1")
	f.state.add(c, cmd)
	return cmd
}

func (c *cli) logs(f *logsFlags, ref, step string) error {
	if f.attempt < 0 {
		return usage("", "flag \"--attempt\" is %d, want 1 or more", f.attempt)
	}
	_, r, err := f.state.find(ref)
	if err != nil {
		return err
	}
	follower, err := r.Follow()
	if err != nil {
		return &exit{code: exitEngine, err: err}
	}
	defer follower.Close()
	v := &logView{cli: c, run: r, step: step, attempt: f.attempt, w: bufio.NewWriterSize(c.stdout, 64<<10), summary: &state.Summary{}}
	v.whole, v.color, v.terminal = step == "", c.colored(c.stdout), isTerminal(c.stdout)
	for {
		standing, err := r.Standing() // first: what had ended by then has written all
		if err != nil {
			return &exit{code: exitEngine, err: err}
		}
		events, damage := follower.Next()
		for i := range events {
			v.summary.Apply(&events[i])
		}
		over := standing.Status != event.StatusRunning || damage != nil
		if err := v.print(over || !f.follow); err != nil {
			return err
		}
		if damage != nil {
			return &exit{code: exitEngine, err: damage}
		}
		if over || !f.follow {
			break
		}
		time.Sleep(followDelay)
	}
	switch {
	case step != "" && !v.found:
		return v.notFound()
	case f.attempt > 0 && len(v.known) == 0:
		return v.noAttempt()
	}
	return nil
}

// followDelay is how often a run that goes on is looked at.
const followDelay = 200 * time.Millisecond

// A logView prints the logs of a run as they grow.
type logView struct {
	cli             *cli
	run             *state.Run
	step            string // empty: all
	attempt         int    // 0: all
	w               *bufio.Writer
	summary         *state.Summary
	whole           bool // of a whole run: lines say whose they are
	color, terminal bool
	tails           []*logTail
	open            *logTail // whose last line has no end yet
	known           map[logKey]bool
	found           bool // the step
}

type logKey struct {
	phase event.Phase
	id    string
	n     int
}

// A logTail is what is still to be printed of a log.
type logTail struct {
	logKey
	offset int64
	part   []byte // of a line that is not whole yet
}

// print prints what came since it was last called. last says that nothing comes
// after it.
func (v *logView) print(last bool) error {
	running := v.take()
	for i, t := range v.tails {
		if err := v.copy(t, last || !running[i]); err != nil {
			return err
		}
	}
	left := v.tails[:0]
	for i, t := range v.tails {
		if running[i] {
			left = append(left, t)
		}
	}
	v.tails = left
	if err := v.w.Flush(); err != nil {
		return outputError("standard output", err)
	}
	return nil
}

// take adds the attempts that were started since, in order, and tells which of
// all still run.
func (v *logView) take() (running []bool) {
	if v.known == nil {
		v.known = map[logKey]bool{}
	}
	still := map[logKey]bool{}
	var fresh []*logTail
	var at []time.Time
	for _, s := range v.summary.Steps {
		if !v.prints(s) {
			continue
		}
		v.found = true
		for _, a := range s.Attempts {
			key := logKey{s.Phase, s.ID, a.Number}
			if a.Status == event.StatusRunning {
				still[key] = true
			}
			if v.known[key] || v.attempt > 0 && a.Number != v.attempt {
				continue
			}
			v.known[key] = true
			fresh, at = append(fresh, &logTail{logKey: key}), append(at, a.StartedAt)
		}
	}
	sortByTime(fresh, at)
	v.tails = append(v.tails, fresh...)
	for _, t := range v.tails {
		running = append(running, still[t.logKey])
	}
	return running
}

// noAttempt tells that nothing had as many attempts as were asked for.
func (v *logView) noAttempt() error {
	most := 0
	for _, s := range v.summary.Steps {
		if v.prints(s) && len(s.Attempts) > 0 {
			most = max(most, s.Attempts[len(s.Attempts)-1].Number)
		}
	}
	if v.step != "" {
		return usage("", "there is no attempt %d of step %q in run %s: it had %s", v.attempt, v.step, v.run.ID, plural(most, "attempt"))
	}
	return usage("", "there is no attempt %d in run %s: no step had more than %s", v.attempt, v.run.ID, plural(most, "attempt"))
}

// prints reports whether the logs of a step are asked for.
func (v *logView) prints(s *state.Step) bool {
	return v.step == "" || s.ID == v.step || plan.PlainID(s.ID) == v.step
}

// notFound tells what is wrong with the step that was asked for.
func (v *logView) notFound() error {
	if p, err := v.run.Plan(); err == nil {
		var ids []string
		for _, phase := range []event.Phase{event.Main, event.OnFailure, event.Finally} {
			for _, s := range p.Phase(string(phase)) {
				if s.ID == plan.PlainID(v.step) {
					return nil // it wrote nothing, for nothing has happened to it
				}
				ids = append(ids, s.ID)
			}
		}
		if near := nearest(v.step, ids); near != "" {
			return usage("did you mean \""+near+"\"?", "run %s has no step %q", v.run.ID, v.step)
		}
	}
	return usage(v.cli.again("show", v.run.ID.String())+" lists the steps", "run %s has no step %q", v.run.ID, v.step)
}

func (v *logView) name(t *logTail) string {
	p := paint(v.color)
	name := sink.Escape(t.id)
	if t.phase == event.Rollback {
		name += " (rollback)"
	}
	return p.cyan(name) + p.dim(" | ")
}

// raw: what one step wrote goes to a file or a program as it was, whatever is in
// it.
func (v *logView) raw() bool { return !v.whole && !v.terminal }

// line prints a line of a log so that it is safe to see.
func (v *logView) line(t *logTail, line []byte) {
	if v.whole {
		v.w.WriteString(v.name(t))
	}
	v.w.WriteString(sink.Clean(string(line), v.color, v.terminal))
	v.w.WriteByte('\n')
}
