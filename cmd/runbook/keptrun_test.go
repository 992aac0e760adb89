package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A keptRun is a run as a script writes it down: keptrun FOLDER FILE makes it,
// or adds events and logs to one that is there. Its engine is this process.
type keptRun struct {
	ID     uuid.UUID         `json:"id"`
	Asked  state.Asked       `json:"asked"`
	Plan   plan.Plan         `json:"plan"`
	Events []event.Event     `json:"events"` // each gets the run, the next number and, where it has no timestamp, a second more
	Logs   map[string]string `json:"logs"`   // by name of the file; added to what is there
	Held   bool              `json:"held"`   // its engine lives, until the script ends or adds to it
}

// heldRuns are those of a script whose engine lives.
type heldRuns map[uuid.UUID]*state.Run

const heldKey = "held runs"

func keptRunCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keptrun FOLDER FILE")
	}
	var k keptRun
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &k))
	folder, err := state.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	held, _ := ts.Value(heldKey).(heldRuns)
	r := held[k.ID]
	delete(held, k.ID)
	if r == nil {
		r, err = folder.Lock(k.ID)
	}
	if errors.Is(err, state.ErrNotFound) {
		r, err = folder.Create(k.ID, k.Asked, &k.Plan)
	}
	ts.Check(err)
	ts.Check(k.write(r))
	if k.Held {
		held[k.ID] = r
		ts.Defer(func() { r.Release() })
		return
	}
	ts.Check(r.Release())
}

func (k *keptRun) write(r *state.Run) error {
	ts := time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)
	j, past, err := r.OpenJournal()
	if errors.Is(err, fs.ErrNotExist) {
		j, err = r.CreateJournal()
	}
	if err != nil {
		return err
	}
	defer j.Close()
	for name, text := range k.Logs {
		path := filepath.Join(r.Logs(), name)
		if err := os.MkdirAll(r.Logs(), 0o700); err != nil {
			return err
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		file.WriteString(text)
		if err := file.Close(); err != nil {
			return err
		}
	}
	for i, e := range k.Events {
		n := len(past.Events) + i
		e.RunID, e.Seq = r.ID, uint64(n+1)
		if e.Timestamp.IsZero() {
			e.Timestamp = ts.Add(time.Duration(n) * time.Second)
		}
		if err := j.Append(e); err != nil {
			return err
		}
	}
	return nil
}
