package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/executor/state"
)

func (c *cli) showText(w io.Writer, v *shownRun) {
	p := c.paint(c.stdout)
	fmt.Fprintf(w, "%s  %s  %s\n", p.bold(sink.Escape(v.Name)), p.status(v.Status, v.Status.String()), p.dim(v.Run.String()))
	line := func(key, format string, args ...any) {
		fmt.Fprintf(w, "  %s %s\n", p.dim(fmt.Sprintf("%-8s", key)), sink.Escape(fmt.Sprintf(format, args...)))
	}
	for _, l := range askedLines(v) {
		line(l[0], "%s", l[1])
	}
	if v.By != "" {
		line("ended by", "%s", v.By)
	}
	if v.Error != "" {
		line("error", "%s", v.Error)
	}
	if waits := v.Waiting; waits != nil {
		line("waits", "for %s since %s", awaited(waits), moment(waits.Since))
	}
	if len(v.Steps) > 0 {
		fmt.Fprintln(w)
		c.stepTable(w, v)
	}
	fmt.Fprintln(w)
	for _, l := range timeLines(v) {
		line(l[0], "%s", l[1])
	}
	line("folder", "%s", v.Folder)
}

// askedLines are what was asked for, by whom, and who had the run since.
func askedLines(v *shownRun) (lines [][2]string) {
	add := func(key, format string, args ...any) {
		lines = append(lines, [2]string{key, fmt.Sprintf(format, args...)})
	}
	a := &v.Asked
	if a.File != "" {
		add("file", "%s", a.File)
	}
	by := fmt.Sprintf("%s on %s, pid %d", a.User, a.Host, a.PID)
	if a.Version != "" {
		by += ", runbook " + a.Version
	}
	add("by", "%s", by)
	if v.Holder != nil {
		add("held by", "pid %d on %s, since %s", v.Holder.PID, v.Holder.Host, moment(v.Holder.Since))
	}
	for _, param := range a.Params {
		text := fmt.Sprintf("%s = %s", param.Name, valueText(param.Value))
		if param.Source != "" {
			text += "  (" + param.Source + ")"
		}
		add("param", "%s", text)
	}
	if choice := chosen(a); choice != "" {
		add("with", "%s", choice)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
		add("label", "%s=%s", name, a.Labels[name])
	}
	for i, e := range v.Epochs {
		text := fmt.Sprintf("%s to %s, %s", moment(e.StartedAt), moment(e.EndedAt), e.Status)
		switch {
		case e.Status == event.StatusRunning:
			text = moment(e.StartedAt)
		case e.Died:
			text = fmt.Sprintf("%s, %s, last heard of %s", moment(e.StartedAt), e.Status, moment(e.EndedAt))
		}
		switch {
		case i == 0:
			add("ran", "%s", text)
		case e.By != "":
			add("resumed", "%s, by %s", text, e.By)
		default:
			add("resumed", "%s", text)
		}
	}
	return lines
}

// chosen are the flags that left steps out, as they were given.
func chosen(a *state.Asked) string {
	var words []string
	for _, list := range []struct {
		flag string
		ids  []string
	}{{"--only", a.Only}, {"--skip", a.Skip}, {"--from", a.From}} {
		for _, id := range list.ids {
			words = append(words, list.flag, quote(id))
		}
	}
	if a.NoRollback {
		words = append(words, "--no-rollback")
	}
	return strings.Join(words, " ")
}

// stepTable has a row for each step, and one for each attempt of those that had
// several.
func (c *cli) stepTable(w io.Writer, v *shownRun) {
	rows, statuses := [][]string{{"STEP", "STATUS", "STARTED", "TOOK", "NOTE"}}, []event.Status{event.StatusUnknown}
	for _, s := range v.Steps {
		name := s.ID
		if s.Phase != event.Main {
			name += " (" + string(s.Phase) + ")"
		}
		took := "-"
		if d, ok := v.loops[s.ID]; ok && s.Phase == event.Main {
			took = sink.Brief(d)
		} else if len(s.Attempts) > 0 && s.Status != event.StatusRunning && (s.Took > 0 || s.Status != event.StatusInterrupted) {
			took = sink.Brief(time.Duration(s.Took))
		}
		rows = append(rows, []string{name, s.Status.String(), moment(s.StartedAt), took, stepNote(s)})
		statuses = append(statuses, s.Status)
		if len(s.Attempts) < 2 {
			continue
		}
		for _, a := range s.Attempts {
			rows = append(rows, []string{fmt.Sprintf("  attempt %d", a.Number), a.Status.String(), moment(a.StartedAt), attemptTook(a), attemptNote(a)})
			statuses = append(statuses, a.Status)
		}
	}
	c.table(w, rows, func(row int) event.Status { return statuses[row] })
}

func attemptTook(a state.Attempt) string {
	switch a.Status {
	case event.StatusRunning, event.StatusInterrupted:
		return "-"
	}
	return sink.Brief(time.Duration(a.Took))
}

func stepNote(s *state.Step) string {
	var notes []string
	add := func(on bool, format string, args ...any) {
		if on {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	if n := len(s.Attempts); n > 0 && (s.Status != event.StatusCompleted || s.Attempts[n-1].LogLost > 0) {
		add(true, "%s", attemptNote(s.Attempts[n-1]))
	}
	add(s.Status == event.StatusSkipped && s.Message == "", "%s", skipReason(s.Reason))
	add(s.Message != "", "%s", s.Message)
	add(s.Error != "" && len(s.Attempts) == 0, "%s", s.Error)
	add(s.Kept, "kept from before")
	add(s.By != "", "by %s", s.By)
	add(s.Tolerated, "tolerated")
	add(s.RolledBack, "rolled back")
	add(len(s.Instances) > 0, "%s", plural(len(s.Instances), "instance"))
	for _, a := range s.Approvals {
		word := "rejected"
		if a.Granted {
			word = "approved"
		}
		if word += " by " + a.By; a.Message != "" {
			word += ": " + a.Message
		}
		add(!slices.Contains(notes, word), "%s", word)
	}
	if waits := s.Waiting; waits != nil {
		add(true, "waits for %s since %s", awaited(waits), moment(waits.Since))
	}
	notes = slices.DeleteFunc(notes, func(n string) bool { return n == "" })
	return strings.Join(notes, ", ")
}

// skipReason is a reason in words.
func skipReason(r event.Reason) string {
	switch r {
	case event.ReasonLeftOut:
		return "left out"
	case event.ReasonUnless:
		return "already done"
	case event.ReasonIf:
		return "not wanted"
	}
	return string(r)
}

func awaited(w *state.Waiting) string {
	switch w.For {
	case "approval":
		return "an approval: " + w.Question
	case "lock":
		return "lock " + w.Lock + ", held by " + w.Holder
	}
	return "its next attempt"
}

func attemptNote(a state.Attempt) string {
	var notes []string
	switch {
	case a.Signal != "":
		notes = append(notes, a.Signal)
	case a.ExitCode != nil && *a.ExitCode != 0:
		notes = append(notes, fmt.Sprintf("exit code %d", *a.ExitCode))
	}
	if a.Error != "" && a.Reason != event.ReasonExit {
		notes = append(notes, a.Error)
	}
	if a.LogLost > 0 {
		notes = append(notes, "its log lacks "+plural(a.LogLost, "byte"))
	}
	return strings.Join(notes, ", ")
}

// timeLines are what the run cost in time.
func timeLines(v *shownRun) (lines [][2]string) {
	t := &v.Time
	brief := func(d event.Duration) string { return sink.Brief(time.Duration(d)) }
	least := "" // of an engine that died nobody knows how long it lived
	if slices.ContainsFunc(v.Epochs, func(e state.Epoch) bool { return e.Died }) {
		least = "at least "
	}
	wall := brief(t.Wall)
	if n := len(v.Epochs); n > 0 && v.Epochs[n-1].Died {
		wall = least + wall
	}
	if t.Active < t.Wall-event.Duration(time.Second) {
		wall += ", of which engines had it for " + least + brief(t.Active)
	}
	lines = append(lines, [2]string{"wall", wall})
	if t.Steps > 0 {
		lines = append(lines, [2]string{"steps", brief(t.Steps) + " one after the other"})
	}
	if len(t.Path) > 0 {
		lines = append(lines, [2]string{"critical", brief(t.Critical) + ": " + strings.Join(t.Path, " -> ")})
	}
	return lines
}
