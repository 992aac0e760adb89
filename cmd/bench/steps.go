package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// events is the file that runbook writes its events to.
const events = "events.jsonl"

// wide measures many steps that have nothing to do with each other.
func (b *bench) wide() error {
	j := job{steps: 1000, parallel: 2, program: b.program}
	return b.steps("1,000 trivial steps, 2 at a time", j, b.rounds)
}

// chain measures steps that each wait for the one before.
func (b *bench) chain() error {
	j := job{steps: 200, parallel: 1, chain: true, program: b.program}
	return b.steps("200 trivial steps, each waiting for the last", j, b.rounds)
}

// start measures what it costs to run anything at all.
func (b *bench) start() error {
	j := job{steps: 1, parallel: 1, chain: true, program: b.program}
	base, engine, _, err := b.contest("one trivial step", j, b.rounds*4)
	if err != nil || b.spawn == "" {
		return err
	}
	over := engine.median(cpuOf)/1e6 - base.median(cpuOf)/1e6
	b.table.budget("CPU beyond the step's own", over, " ms", 20, 10)
	return nil
}

func (b *bench) steps(title string, j job, rounds int) error {
	base, engine, others, err := b.contest(title, j, rounds)
	if err != nil {
		return err
	}
	if b.spawn == "" {
		b.table.note("not installed: cc; without the loop in C the budget for CPU cannot be judged")
	} else if ratio := engine.ratio(base, cpuOf); j.chain {
		// The budget is for many steps; here starting up is a large part.
		b.table.note("→ CPU by that of the loop in C: %s × (goal 1.5)", number(ratio))
	} else {
		b.table.budget("CPU by that of the loop in C", ratio, " ×", 1.5, 1.3)
	}
	for _, rival := range []struct {
		name     string
		required bool
	}{{"ninja", true}, {"xargs", false}, {"make", false}} {
		for _, c := range others {
			if !strings.HasPrefix(c.name, rival.name+" ") || c.failed != nil {
				continue
			}
			ratio := engine.ratio(c, wallOf)
			if rival.required {
				b.table.budget("wall by that of "+c.name, ratio, " ×", 1, 0)
			} else {
				b.table.note("→ wall by that of %s: %s × (goal 1)", c.name, number(ratio))
			}
		}
	}
	return nil
}

// contest runs j in every way there is and prints the rows. The first returned
// is the base of the ratios.
func (b *bench) contest(title string, j job, rounds int) (base, engine *contestant, others []*contestant, err error) {
	var all []*contestant
	if b.spawn != "" {
		all = append(all, &contestant{
			name: "posix_spawn loop in C: the floor",
			argv: []string{b.spawn, fmt.Sprint(j.steps), fmt.Sprint(j.parallel), j.program},
		})
	}
	all = append(all, &contestant{
		name: "os/exec loop in Go, reading both streams",
		argv: []string{b.self, "@loop", fmt.Sprint(j.steps), fmt.Sprint(j.parallel), j.program},
	})
	engine = b.apply(j)
	strict := b.apply(j)
	strict.name, strict.argv = "the same, --durability strict", append(strict.argv, "--durability", "strict")
	others, missing := peers(j)
	all = append(append(all, engine, strict), others...)
	if err := b.race(rounds, all); err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", title, err)
	}
	b.table.section(title)
	for _, c := range all {
		b.table.row(c, all[0])
	}
	if len(missing) > 0 {
		b.table.note("not installed: %s", strings.Join(missing, ", "))
	}
	b.table.busy(all[0])
	return all[0], engine, others, nil
}

// apply is runbook at j, with logs, events and the journal on. That they were
// written is part of the work, so it is checked; steps without output have no log.
func (b *bench) apply(j job) *contestant {
	c := &contestant{
		name:  "runbook apply, logs, events and journal",
		argv:  []string{b.runbook, "apply", "runbook.yaml", "--quiet", "--no-color", "--sink", "jsonl=" + events},
		files: map[string]string{"runbook.yaml": runbookFile(j)},
	}
	c.check = func() error {
		seen, err := readEvents(filepath.Join(c.dir, events))
		if err != nil {
			return err
		}
		if seen.completed != j.steps {
			return fmt.Errorf("%d of %d steps completed, says %s", seen.completed, j.steps, events)
		}
		return checkJournal(c.dir, j.steps)
	}
	return c
}

// checkJournal finds the journal of the one run below a contestant's folder.
func checkJournal(dir string, steps int) error {
	found, err := filepath.Glob(filepath.Join(dir, "tmp/state/runbook/runs/*/journal.jsonl"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("found %d journals, want 1: %v", len(found), err)
	}
	seen, err := readEvents(found[0])
	if err == nil && seen.completed != steps {
		err = fmt.Errorf("%d of %d steps completed, says the journal", seen.completed, steps)
	}
	return err
}

// A told is what the events of a run say about it.
type told struct {
	completed  int
	concurrent int   // the most steps that ran at once
	lines      int64 // of output
	dropped    int64 // lines of output
}

func readEvents(path string) (told, error) {
	var t told
	f, err := os.Open(path)
	if err != nil {
		return t, err
	}
	defer f.Close()
	running := 0
	for s := bufio.NewReaderSize(f, 1<<20); ; {
		line, err := s.ReadSlice('\n')
		if len(line) == 0 {
			return t, nil
		}
		if err != nil {
			return t, fmt.Errorf("%s: a line without end: %w", path, err)
		}
		// There may be millions of lines of output: those are not decoded.
		if bytes.HasPrefix(line, []byte(`{"event_type":"stdout"`)) {
			t.lines++
			continue
		}
		var e struct {
			Type  string `json:"event_type"`
			Count int64  `json:"count"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return t, fmt.Errorf("%s: %w", path, err)
		}
		switch e.Type {
		case "started":
			running++
			t.concurrent = max(t.concurrent, running)
		case "completed":
			t.completed++
			running--
		case "failed", "cancelled", "timeout":
			running--
		case "dropped":
			t.dropped += e.Count
		}
	}
}

// stepLogs finds the logs below a contestant's folder, with their sizes.
func stepLogs(dir string) (sizes []int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".log" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sizes = append(sizes, info.Size())
		}
		return err
	})
	return sizes, err
}
