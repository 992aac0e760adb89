package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/executor/state"
)

func (c *cli) verifyCommand() *cobra.Command {
	var where stateFlags
	var output string
	cmd := &cobra.Command{
		Use:   "verify RUN",
		Short: "Check the record of a run",
		Long: `verify checks that the record of a run is whole: each record of the journal holds
the hash of the one before it, the first one that of run.json, and that has the one
of plan.json, so that what was changed, lost or put in is seen; so is a journal that
ends before the run did. And it tells whether the runbook and its scripts still are
what they were. This finds damage; it proves nothing against somebody who can write
to the state folder.

Exit codes: 0 all is well, 1 the runbook or a script is not what it was, 5 the
record is damaged.`,
		Example: `  runbook verify last
  runbook verify deploy -o json`,
		Args:              oneRun,
		ValidArgsFunction: c.completeRuns,
		RunE:              func(_ *cobra.Command, args []string) error { return c.verify(&where, args[0], output) },
	}
	cmd.Flags().SortFlags = false
	choice(cmd, &output, "output", "o", "text", "json")
	where.add(c, cmd)
	return cmd
}

// A finding is one thing that was checked.
type finding struct {
	What   string  `json:"what"`
	Result verdict `json:"result"`
	Detail string  `json:"detail,omitempty"`
}

type verdict string

const (
	isFine    verdict = "ok"
	isNoted   verdict = "note"    // nothing is wrong, and it is worth knowing
	isChanged verdict = "changed" // since the run
	isDamaged verdict = "damaged"
)

func (c *cli) verify(where *stateFlags, ref, output string) error {
	_, r, err := where.find(ref)
	if err != nil {
		return err
	}
	findings := verifyRun(r)
	form := struct {
		Run      string    `json:"run_id"`
		Findings []finding `json:"findings"`
	}{r.ID.String(), findings}
	err = c.writeAs(output, form, func(w io.Writer) error {
		c.verifyText(w, r, findings)
		return nil
	})
	if err != nil {
		return err
	}
	code := exitDone
	for _, f := range findings {
		switch f.Result {
		case isDamaged:
			code = exitEngine
		case isChanged:
			code = max(code, exitFailed)
		}
	}
	if code == exitDone {
		return nil
	}
	return &exit{code: code}
}

func (c *cli) verifyText(w io.Writer, r *state.Run, findings []finding) {
	p := c.paint(c.stdout)
	fmt.Fprintf(w, "run %s\n", r.ID)
	for _, f := range findings {
		word := fmt.Sprintf("%-7s", f.Result)
		switch f.Result {
		case isFine:
			word = p.green(word)
		case isChanged:
			word = p.yellow(word)
		case isDamaged:
			word = p.red(word)
		}
		line := word + "  " + sink.Escape(f.What)
		if f.Detail != "" {
			line += ": " + sink.Escape(f.Detail)
		}
		fmt.Fprintln(w, "  "+line)
	}
}

func verifyRun(r *state.Run) (findings []finding) {
	add := func(what string, result verdict, format string, args ...any) {
		findings = append(findings, finding{what, result, fmt.Sprintf(format, args...)})
	}
	journal, events := verifyJournal(r)
	asked, err := r.Asked()
	if err == nil {
		err = r.CheckAsked(events)
	}
	switch {
	case err != nil:
		add("run.json", isDamaged, "%v", err)
	case asked.Run != r.ID:
		add("run.json", isDamaged, "it is of run %s", asked.Run)
	default:
		add("run.json", isFine, "")
	}
	if _, err := r.Plan(); err != nil {
		add("plan.json", isDamaged, "%v", err)
	} else {
		add("plan.json", isFine, "")
	}
	findings = append(findings, journal...)
	if asked.SHA256 != "" {
		findings = append(findings, sameFile("runbook "+asked.File, asked.File, asked.SHA256))
	}
	for _, path := range slices.Sorted(maps.Keys(asked.Scripts)) {
		findings = append(findings, sameFile("script "+path, path, asked.Scripts[path]))
	}
	return findings
}

func verifyJournal(r *state.Run) (findings []finding, events []event.Event) {
	add := func(result verdict, format string, args ...any) {
		findings = append(findings, finding{"journal", result, fmt.Sprintf(format, args...)})
	}
	standing, err := r.Standing() // first: what had ended by then has written all
	var logs []string
	if err == nil {
		logs, err = r.LogNames()
	}
	if err != nil {
		add(isDamaged, "%v", err)
		return findings, nil
	}
	f, err := r.Follow()
	if errors.Is(err, fs.ErrNotExist) {
		add(isDamaged, "it is not there, and every run has one")
		return findings, nil
	}
	if err != nil {
		add(isDamaged, "%v", err)
		return findings, nil
	}
	defer f.Close()
	events, err = f.Next()
	lost := state.LostOf(logs, events)
	switch other := ofOther(r, events); {
	case err != nil:
		add(isDamaged, "%v; the %d records before it are whole", err, len(events))
	case other > 0:
		add(isDamaged, "record %d is of run %s", other, events[other-1].RunID)
	case len(lost) > 0:
		add(isDamaged, "it has no record of %s", state.LostText(lost))
	case len(events) == 0:
		add(isNoted, "it has no record: nothing was begun")
	default:
		add(isFine, "%s, each following the one before", plural(len(events), "record"))
	}
	if rest := f.Rest(); err == nil && rest > 0 && standing.Status != event.StatusRunning {
		add(isNoted, "%d bytes of a record that was not written to its end follow; a resume cuts them off", rest)
	}
	torn, _ := filepath.Glob(filepath.Join(r.Path(), "journal.torn-*"))
	for _, path := range torn {
		add(isNoted, "a record that was not written to its end was cut off, and is in %s", filepath.Base(path))
	}
	return findings, events
}

// ofOther is the number of the first event that is of another run; 0: none is.
func ofOther(r *state.Run, events []event.Event) int {
	for i := range events {
		if events[i].RunID != r.ID {
			return i + 1
		}
	}
	return 0
}

// sameFile tells whether a file still has the hash it had.
func sameFile(what, path, want string) finding {
	if path == "-" {
		return finding{what, isNoted, "it came from standard input"}
	}
	file, err := os.Open(path)
	if err != nil {
		return finding{what, isChanged, cause(err).Error()}
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return finding{what, isChanged, cause(err).Error()}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return finding{what, isChanged, "it is not what it was: its hash is " + got[:12] + ", and was " + want[:min(12, len(want))]}
	}
	return finding{what, isFine, ""}
}
