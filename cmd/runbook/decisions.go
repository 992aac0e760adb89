package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/executor/state"
)

// undecided tells which steps need a decision before a run can go on, and what
// each of them was about when it was last seen.
func (c *cli) undecided(f *applyFlags, id uuid.UUID, list []executor.Decision) error {
	e := &exit{code: exitUndecided, err: fmt.Errorf("%s before run %s can go on; nothing more was started", needs(len(list)), id)}
	w := tabwriter.NewWriter(c.stderr, 0, 0, 2, ' ', 0)
	folder, err := f.engine.state.open()
	var kept *state.Run
	if err == nil {
		kept, _ = folder.Run(id)
	}
	for _, d := range list {
		life := ""
		if pids := executor.StillRunning(id, d.StepID); d.Ended == "interrupted" && len(pids) > 0 {
			life = fmt.Sprintf(", still running as %v", pids)
		}
		fmt.Fprintf(w, "  %s\t%s\tstarted %s\t%s%s\n", sink.Escape(d.StepID), d.Ended, moment(d.StartedAt), sink.Escape(d.Why), life)
		w.Flush()
		for _, line := range lastLines(kept, d) {
			fmt.Fprintf(c.stderr, "    | %s\n", sink.Escape(line))
		}
	}
	for _, d := range list {
		e.help = append(e.help, c.decisionHelp(id, d))
	}
	return e
}

func needs(n int) string {
	if n == 1 {
		return "a step needs a decision"
	}
	return fmt.Sprintf("%d steps need a decision", n)
}

func (c *cli) decisionHelp(id uuid.UUID, d executor.Decision) string {
	step := quote(d.StepID)
	if d.Ended == event.StatusCompleted.String() {
		return fmt.Sprintf("%s --rerun %s, or --keep %s if what it did still counts", c.again("resume", id.String()), step, step)
	}
	return fmt.Sprintf("%s --rerun %s, or --mark-done %s if it has done its work", c.again("resume", id.String()), step, step)
}

// shownLines is how much of a log is shown of a step that needs a decision.
const shownLines = 5

func lastLines(kept *state.Run, d executor.Decision) []string {
	if kept == nil {
		return nil
	}
	file, err := kept.OpenLog(d.StepID, event.Main, d.Attempt)
	if err != nil {
		return nil
	}
	defer file.Close()
	text := executor.LogTail(file)
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-shownLines):]
}

var fateWords = map[executor.Fate]string{
	executor.Keep: "keep", executor.Rerun: "run again", executor.Again: "run", executor.Mark: "mark as done",
	executor.Ask: "asks for its approval", executor.Fail: "fails",
	executor.Decide: "needs a decision", executor.Later: "not known yet", executor.Gone: "gone",
}

// printDecisions prints what a resume would do about each step.
func (c *cli) printDecisions(w io.Writer, list []executor.Decision) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "nothing that was done before counts: every step runs, as its turn comes")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, d := range list {
		why := d.Why
		if d.AsksFirst {
			why = "if its unless still holds"
		}
		name := sink.Escape(d.StepID)
		if d.Phase != event.Main {
			name += " (" + string(d.Phase) + ")"
		}
		line := fmt.Sprintf("%s\t%s\t%s", name, strings.ReplaceAll(d.Ended, "_", " "), fateWords[d.Do])
		if why != "" {
			line += ": " + sink.Escape(why)
		}
		fmt.Fprintln(t, line)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "every other step runs, as its turn comes")
	return err
}
