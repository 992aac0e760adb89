package main

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook"
	"github.com/cloudops-run/runbook/runbook/plan"
)

func (c *cli) showCommand() *cobra.Command {
	var where stateFlags
	var output string
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show what became of a run",
		Long: `show tells what a run was asked to do and by whom, what became of each step and
each attempt, and where the time went: the critical path is the chain of steps,
each waiting for the one before, that took longest; only what shortens it makes
the run shorter.

RUN is last, an id or its beginning, or the name of a runbook, whose newest run it
then is.`,
		Example: `  runbook show last
  runbook show deploy
  runbook show 0195b2c4 -o json`,
		Args:              oneRun,
		ValidArgsFunction: c.completeRuns,
		RunE:              func(_ *cobra.Command, args []string) error { return c.show(&where, args[0], output) },
	}
	cmd.Flags().SortFlags = false
	choice(cmd, &output, "output", "o", "text", "json")
	where.add(c, cmd)
	return cmd
}

func (c *cli) show(where *stateFlags, ref, output string) error {
	_, r, err := where.find(ref)
	if err != nil {
		return err
	}
	v, err := readRun(r)
	if v == nil {
		return &exit{code: exitEngine, err: err}
	}
	written := c.writeAs(output, v, func(w io.Writer) error {
		c.showText(w, v)
		return nil
	})
	if written != nil {
		return written
	}
	if err != nil { // what comes before the damage was shown
		return &exit{code: exitEngine, err: err, help: []string{c.again("verify", r.ID.String()) + " tells more"}}
	}
	return nil
}

// A shownRun is what show tells. Its JSON form is a contract: keys may be added,
// those here stay.
type shownRun struct {
	state.Summary
	Asked  state.Asked   `json:"asked"`
	Folder string        `json:"folder"`
	Holder *state.Holder `json:"holder,omitempty"` // of a run in hand
	Damage string        `json:"damage,omitempty"` // what is wrong with its record
	Time   runTime       `json:"time"`

	loops map[string]time.Duration // how long each step with instances had any of them under way
}

// runTime is what a run cost in time.
type runTime struct {
	Wall     event.Duration `json:"wall"`   // from the start to the end, pauses and all
	Active   event.Duration `json:"active"` // while an engine had the run
	Steps    event.Duration `json:"steps"`  // all attempts of all steps one after the other
	Critical event.Duration `json:"critical,omitempty"`
	Path     []string       `json:"critical_path,omitempty"`
}

// readRun reads all that is known of a run; nil where that is nothing. With an
// error it may lack what could not be read.
func readRun(r *state.Run) (*shownRun, error) {
	asked, err := r.Asked()
	if err != nil {
		return nil, err
	}
	v := &shownRun{Asked: asked, Folder: r.Path()}
	summary, err := r.Summary()
	if summary != nil {
		v.Summary = *summary
	}
	v.Name = asked.Name
	if v.StartedAt.IsZero() { // nothing was written down
		v.Run, v.StartedAt, v.EndedAt = asked.Run, asked.StartedAt, asked.StartedAt
		if s, err := r.Standing(); err == nil {
			v.Status = s.Status
		}
	}
	if v.Status == event.StatusRunning {
		if h, held, _ := r.Holder(); held {
			v.Holder = &h
		}
	}
	v.Time = timeOf(&v.Summary)
	v.loops = instanceTimes(&v.Summary)
	p, planErr := r.Plan()
	if planErr == nil {
		v.Time.critical(&v.Summary, v.loops, p)
	}
	if damage := r.Damage(); damage != nil {
		v.Status, v.Damage = event.StatusDamaged, damage.Error()
		return v, damage
	}
	return v, errors.Join(err, planErr)
}

func timeOf(s *state.Summary) runTime {
	t := runTime{Wall: event.Duration(s.EndedAt.Sub(s.StartedAt)), Active: s.Active}
	for _, step := range s.Steps {
		t.Steps += step.Took
	}
	return t
}

// critical finds the chain of steps that took longest. A step with instances
// takes as long as all of them, from the first to the last.
func (t *runTime) critical(s *state.Summary, loops map[string]time.Duration, p *plan.Plan) {
	g := runbook.Graph(p)
	if g == nil {
		return
	}
	took := map[string]time.Duration{}
	for _, step := range s.Steps {
		if step.Phase != event.Main {
			continue
		}
		took[step.ID] = time.Duration(step.Took)
		if len(step.Attempts) == 0 && step.Status == event.StatusCompleted && !step.StartedAt.IsZero() {
			took[step.ID] = step.EndedAt.Sub(step.StartedAt)
		}
	}
	for id, d := range loops {
		took[id] = max(took[id], d)
	}
	path, total := g.CriticalPath(func(i int) time.Duration { return took[p.Steps[i].ID] })
	if total == 0 {
		return
	}
	t.Critical = event.Duration(total)
	for _, i := range path {
		if took[p.Steps[i].ID] > 0 {
			t.Path = append(t.Path, p.Steps[i].ID)
		}
	}
}

// instanceTimes are from the start of the first instance of each step to the end
// of the last, where that is known.
func instanceTimes(s *state.Summary) map[string]time.Duration {
	first, last := map[string]time.Time{}, map[string]time.Time{}
	open := map[string]bool{}
	for _, step := range s.Steps {
		id, _, inside := strings.Cut(step.ID, "[") // of the outermost loop
		if !inside || step.Phase != event.Main || step.StartedAt.IsZero() {
			continue
		}
		if step.EndedAt.IsZero() || step.Status == event.StatusInterrupted {
			open[id] = true
		}
		if at, ok := first[id]; !ok || step.StartedAt.Before(at) {
			first[id] = step.StartedAt
		}
		if step.EndedAt.After(last[id]) {
			last[id] = step.EndedAt
		}
	}
	took := map[string]time.Duration{}
	for id := range first {
		if open[id] {
			continue
		}
		took[id] = last[id].Sub(first[id])
	}
	return took
}
