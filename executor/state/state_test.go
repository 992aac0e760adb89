package state

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

func opened(t testing.TB) *Folder {
	t.Helper()
	f, err := Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newID(t testing.TB) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func created(t testing.TB, f *Folder, asked Asked) *Run {
	t.Helper()
	r, err := f.Create(newID(t), asked, samplePlan)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Release() })
	return r
}

var samplePlan = &plan.Plan{Name: "deploy", Strategy: plan.Serial, Steps: []plan.Step{{ID: "a", Effect: plan.Write}}}

// journaled writes events to the journal of a run; each gets the next number and
// a second more.
func journaled(t testing.TB, r *Run, events ...event.Event) {
	t.Helper()
	f, past, err := r.OpenJournal()
	if errors.Is(err, os.ErrNotExist) {
		f, err = r.CreateJournal()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, e := range events {
		n := len(past.Events) + i
		e.RunID, e.Seq = r.ID, uint64(n+1)
		e.Timestamp = time.Date(2026, 3, 4, 5, 6, n, 0, time.UTC)
		if err := f.Append(e); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCreate(t *testing.T) {
	f := opened(t)
	asked := Asked{
		Name: "deploy", File: "/x/deploy.yaml", SHA256: "00", Labels: map[string]string{"team": "db"},
		Params: []Param{{Name: "n", Value: int64(2_000_000), Source: "-p"}, {Name: "none", Value: nil}, {Name: "l", Value: []any{"a", 0.5}}},
		Only:   []string{"a"}, Argv: []string{"runbook", "apply"}, Version: "1.2.3", Key: "k3y",
	}
	r := created(t, f, asked)
	if _, err := f.Create(r.ID, asked, samplePlan); !errors.Is(err, os.ErrExist) {
		t.Errorf("the same id again: %v", err)
	}
	var busy *BusyError
	if _, err := f.Lock(r.ID); !errors.As(err, &busy) || busy.Holder.PID != os.Getpid() || busy.Holder.Run != r.ID.String() || busy.Holder.Boot == "" || busy.Holder.Started == 0 {
		t.Errorf("while it is held: %v, %+v", err, busy)
	}
	if err := r.Release(); err != nil {
		t.Fatal(err)
	}
	locked, err := f.Lock(r.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Release()
	got, err := locked.Asked()
	if err != nil || got.User == "" || got.Host == "" || got.PID != os.Getpid() || got.StartedAt.IsZero() {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := locked.GiveParams(asked.Params); err != nil {
		t.Fatal(err)
	}
	if key, err := locked.Key(); err != nil || key != "k3y" {
		t.Errorf("the key is %q, %v", key, err)
	}
	want := asked
	want.Key = "" // what is asked may be shown
	want.complete(r.ID)
	want.StartedAt = got.StartedAt
	plan, err := os.ReadFile(filepath.Join(locked.Path(), "plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	want.PlanSHA256 = fmt.Sprintf("%x", sha256.Sum256(plan))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	p, err := locked.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(samplePlan, p); diff != "" {
		t.Error(diff)
	}
	filepath.WalkDir(f.Path(), func(path string, d os.DirEntry, _ error) error {
		info, err := d.Info()
		if want := os.FileMode(0o600); err != nil || !d.IsDir() && info.Mode().Perm() != want || d.IsDir() && info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
		return nil
	})
}
