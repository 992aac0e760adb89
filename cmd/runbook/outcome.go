package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// outcome is the exit code of a run. What went wrong was told by the console; how
// to go on is told here.
func (c *cli) outcome(r executor.PlanResult, f *applyFlags, s *signals) error {
	id := r.PlanID
	switch {
	case r.EngineFailed:
		return &exit{code: exitEngine, err: fmt.Errorf("the engine could not go on: %s", r.Error), help: c.goOnHelp(id, "when that is mended")}
	case r.Status == event.StatusCancelled && (!f.undo || s.asked()):
		c.help(f, c.goOnHelp(id, ""))
		return &exit{code: s.code()}
	case r.Refused == event.ReasonLock: // nothing of the runbook failed: try again later
		return &exit{code: exitEngine}
	case f.undo:
		if r.HandlerFailed {
			return &exit{code: exitFailed}
		}
		return nil
	case r.Status == event.StatusInterrupted:
		return c.undecided(f, id, r.Undecided)
	case r.Status == event.StatusPaused:
		c.complain("paused", pausedText(r.Waiting))
		c.help(f, c.answerHelp(id, r.Waiting))
		return &exit{code: exitPaused}
	case r.Status != event.StatusCompleted, r.HandlerFailed:
		if r.Refused == "" && r.Status != event.StatusCompleted {
			c.help(f, c.goOnHelp(id, "when that is mended"))
		}
		return &exit{code: exitFailed}
	}
	return nil
}

// again is how another command about a run is called. It finds the run where this
// one was told to keep it.
func (c *cli) again(command, id string) string {
	line := fmt.Sprintf("runbook %s %s", command, id)
	if c.state != "" {
		line += " --state-dir " + quote(c.state)
	}
	return line
}

// goOnHelp says how a run that has not completed is taken further.
func (c *cli) goOnHelp(id uuid.UUID, when string) []string {
	text := "to go on from here"
	if when != "" {
		text += " " + when
	}
	return []string{text + ": " + c.again("resume", id.String())}
}

// help prints what can be done next, to who reads the console.
func (c *cli) help(f *applyFlags, lines []string) {
	if f.quiet || f.outputs.format == "json" {
		return
	}
	for _, line := range lines {
		fmt.Fprintf(c.stderr, "%s %s\n", c.paint(c.stderr).bold("help:"), line)
	}
}

// pausedText says what a paused run waits for.
func pausedText(waiting []string) string {
	switch len(waiting) {
	case 0:
		return "a step waits for an approval"
	case 1:
		return waiting[0] + " waits for an approval"
	}
	return strings.Join(waiting, ", ") + " wait for an approval"
}

// answerHelp says how a paused run is answered and taken further.
func (c *cli) answerHelp(id uuid.UUID, waiting []string) []string {
	var flags []string
	for _, step := range waiting {
		flags = append(flags, "--approve "+quote(plan.PlainID(step)))
	}
	lines := []string{fmt.Sprintf("to give it and go on: %s %s", c.again("resume", id.String()), strings.Join(slices.Compact(flags), " "))}
	if len(waiting) > 0 {
		lines = append(lines, fmt.Sprintf("somebody else can give it: %s %s", c.again("approve", id.String()), quote(waiting[0])))
	}
	return lines
}
