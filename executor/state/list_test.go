package state

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

var (
	started   = event.Event{Type: event.RunStarted, Name: "deploy"}
	completed = event.Event{Type: event.RunCompleted, Status: event.StatusCompleted, Stats: &event.Stats{Total: 1, Completed: 1}}
	failed    = event.Event{Type: event.RunCompleted, Status: event.StatusFailed}
	paused    = event.Event{Type: event.RunPaused}
	undecided = event.Event{Type: event.RunPaused, Reason: event.ReasonUndecided}
	granted   = event.Event{Type: event.ApprovalGranted, StepID: "a", By: "ann"}
	resumed   = event.Event{Type: event.RunResumed, By: "bob"}
	began     = event.Event{Type: event.Started, StepID: "a", Attempt: 1}
)

// made is a run with a journal that nobody has.
func made(t testing.TB, f *Folder, asked Asked, events ...event.Event) *Run {
	t.Helper()
	r := created(t, f, asked)
	journaled(t, r, events...)
	r.Release()
	return r
}

func TestStanding(t *testing.T) {
	long := began
	long.Message = strings.Repeat("x", 100_000)
	f := opened(t)
	for name, test := range map[string]struct {
		events []event.Event
		held   bool
		want   event.Status
	}{
		"just begun":                {nil, true, event.StatusRunning},
		"died beginning":            {nil, false, event.StatusInterrupted},
		"runs":                      {[]event.Event{started, began}, true, event.StatusRunning},
		"died":                      {[]event.Event{started, began}, false, event.StatusInterrupted},
		"completed":                 {[]event.Event{started, completed}, false, event.StatusCompleted},
		"completed, and still held": {[]event.Event{started, completed}, true, event.StatusCompleted},
		"failed":                    {[]event.Event{started, failed}, false, event.StatusFailed},
		"paused":                    {[]event.Event{started, paused}, false, event.StatusPaused},
		"paused and answered":       {[]event.Event{started, paused, granted, granted}, false, event.StatusPaused},
		"answered and died":         {[]event.Event{started, granted}, false, event.StatusInterrupted},
		"resumed":                   {[]event.Event{started, paused, granted, resumed}, true, event.StatusRunning},
		"resumed and died":          {[]event.Event{started, paused, granted, resumed}, false, event.StatusInterrupted},
		"needs a decision":          {[]event.Event{started, undecided}, false, event.StatusInterrupted},
		"behind long records":       {[]event.Event{started, paused, resumed, long, long}, false, event.StatusInterrupted},
		"a long answer":             {[]event.Event{started, paused, {Type: event.ApprovalRejected, StepID: "a", Message: long.Message}}, false, event.StatusPaused},
	} {
		t.Run(name, func(t *testing.T) {
			r := created(t, f, Asked{})
			if test.events != nil {
				journaled(t, r, test.events...)
			}
			if !test.held {
				r.Release()
			}
			s, err := f.run(r.ID).Standing()
			if err != nil || s.Status != test.want {
				t.Fatalf("%v, %v; want %v", s.Status, err, test.want)
			}
			if test.want == event.StatusRunning && s.Holder.PID != os.Getpid() {
				t.Errorf("held by %v", s.Holder)
			}
			if sum, err := f.run(r.ID).Summary(); test.events != nil && (err != nil || sum.Status != test.want) {
				t.Errorf("the summary says %v, %v", sum.Status, err)
			}
		})
	}
}

// A run that ends while it is looked at has ended: its engine did not die.
func TestStandingAtTheEnd(t *testing.T) {
	f := opened(t)
	for range 50 {
		r := created(t, f, Asked{})
		journaled(t, r, started, began)
		looked := make(chan event.Status)
		go func() {
			for {
				s, err := f.run(r.ID).Standing()
				if err != nil || s.Status != event.StatusRunning {
					looked <- s.Status
					return
				}
			}
		}()
		journaled(t, r, completed)
		r.Release()
		if s := <-looked; s != event.StatusCompleted {
			t.Fatalf("it was seen as %v", s)
		}
	}
}

func TestList(t *testing.T) {
	f := opened(t)
	a := made(t, f, Asked{Name: "a", Labels: map[string]string{"team": "db", "env": "prod"}}, started, completed)
	b := made(t, f, Asked{Name: "b", Labels: map[string]string{"team": "db"}, StartedAt: time.Now().Add(-48 * time.Hour)}, started, paused)
	c := made(t, f, Asked{Name: "a"}, started, began)
	plant := func(name string) string { return filepath.Join(f.runs(), name) }
	os.WriteFile(plant("notes.txt"), nil, 0o600)
	os.Mkdir(plant(strings.ToUpper(newID(t).String())), 0o700)
	os.Mkdir(plant(newID(t).String()), 0o700) // nothing in it
	os.Mkdir(plant(coming+newID(t).String()), 0o700)
	os.Mkdir(plant(going+newID(t).String()), 0o700)
	os.Symlink(a.path, plant(newID(t).String()))
	broken := made(t, f, Asked{Name: "a"}, started)
	os.WriteFile(broken.askedFile(), []byte("{"), 0o600)

	for name, test := range map[string]struct {
		want Filter
		ids  []uuid.UUID
	}{
		"all":      {Filter{}, []uuid.UUID{c.ID, b.ID, a.ID}},
		"name":     {Filter{Name: "a"}, []uuid.UUID{c.ID, a.ID}},
		"limit":    {Filter{Name: "a", Limit: 1}, []uuid.UUID{c.ID}},
		"status":   {Filter{Status: []event.Status{event.StatusPaused, event.StatusCompleted}}, []uuid.UUID{b.ID, a.ID}},
		"since":    {Filter{Since: time.Now().Add(-time.Hour)}, []uuid.UUID{c.ID, a.ID}},
		"tomorrow": {Filter{Since: time.Now().Add(time.Hour)}, nil},
		"label":    {Filter{Labels: map[string]string{"team": "db"}}, []uuid.UUID{b.ID, a.ID}},
		"labels":   {Filter{Labels: map[string]string{"team": "db", "env": "prod"}}, []uuid.UUID{a.ID}},
	} {
		runs, problems, err := f.List(test.want)
		if err != nil {
			t.Fatal(err)
		}
		var ids []uuid.UUID
		for _, r := range runs {
			ids = append(ids, r.ID)
		}
		if !slices.Equal(ids, test.ids) {
			t.Errorf("%s: %v, want %v", name, ids, test.ids)
		}
		if name == "all" && len(problems) != 5 {
			t.Errorf("%d problems, want 5: %v", len(problems), problems)
		}
	}
}

func TestFind(t *testing.T) {
	f := opened(t)
	if _, err := f.Find("last"); !errors.Is(err, ErrNotFound) {
		t.Errorf("last of none: %v", err)
	}
	a := made(t, f, Asked{Name: "deploy"}, started, completed)
	b := made(t, f, Asked{Name: "deploy"}, started, completed)
	c := made(t, f, Asked{Name: "other"}, started, completed)
	for ref, want := range map[string]uuid.UUID{
		"last": c.ID, "deploy": b.ID, "other": c.ID, a.ID.String(): a.ID, strings.ToUpper(b.ID.String()): b.ID, c.ID.String()[:35]: c.ID,
	} {
		if r, err := f.Find(ref); err != nil || r.ID != want {
			t.Errorf("%q: %v, want %v", ref, err, want)
		}
	}
	for _, ref := range []string{"", "dep", "ffff", "../x", newID(t).String()} {
		if r, err := f.Find(ref); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v, %v", ref, r, err)
		}
	}
	var many *AmbiguousError
	if _, err := f.Find(a.ID.String()[:6]); !errors.As(err, &many) || !slices.Equal(many.Candidates, []uuid.UUID{c.ID, b.ID, a.ID}) {
		t.Errorf("the beginning of all: %v", err)
	}
}

// oldID is an id that was made so long ago.
func oldID(t testing.TB, age time.Duration) uuid.UUID {
	id, ms := newID(t), time.Now().Add(-age).UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id
}

func TestPrune(t *testing.T) {
	const day = 24 * time.Hour
	f := opened(t)
	ids := map[string]uuid.UUID{}
	for name, run := range map[string]struct {
		days   time.Duration
		events []event.Event
		held   bool
	}{
		"new":         {1, []event.Event{started, completed}, false},
		"failed":      {2, []event.Event{started, failed}, false},
		"paused":      {3, []event.Event{started, paused}, false},
		"interrupted": {4, []event.Event{started, began}, false},
		"held":        {5, []event.Event{started, completed}, true},
		"running":     {6, []event.Event{started, began}, true},
		"old":         {7, []event.Event{started, completed}, false},
	} {
		r, err := f.Create(oldID(t, run.days*day), Asked{Name: name}, samplePlan)
		if err != nil {
			t.Fatal(err)
		}
		journaled(t, r, run.events...)
		if run.held {
			defer r.Release()
		} else {
			r.Release()
		}
		ids[name] = r.ID
	}
	crashed := filepath.Join(f.runs(), coming+newID(t).String())
	os.Mkdir(crashed, 0o700)
	long := time.Now().Add(-2 * time.Hour)
	os.Chtimes(crashed, long, long)
	half := filepath.Join(f.runs(), going+newID(t).String())
	os.Mkdir(half, 0o700)
	being := filepath.Join(f.runs(), coming+newID(t).String())
	os.Mkdir(being, 0o700)

	for _, test := range []struct {
		name string
		keep Keep
		want []string
	}{
		{"nothing", Keep{}, nil},
		{"more than there are", Keep{Runs: 7, Age: 8 * day}, nil},
		{"all, dry", Keep{Age: day / 2, DryRun: true}, []string{"new", "failed", "old"}},
		{"by age", Keep{Age: 6*day + day/2}, []string{"old"}},
		{"by count", Keep{Runs: 1}, []string{"failed"}},
		{"unfinished too", Keep{Runs: 1, Unfinished: true}, []string{"paused", "interrupted"}},
		{"again", Keep{Runs: 1, Unfinished: true}, nil},
	} {
		removed, problems, err := f.Prune(test.keep)
		if err != nil || len(problems) > 0 {
			t.Fatalf("%s: %v, %v", test.name, err, problems)
		}
		var want []uuid.UUID
		for _, name := range test.want {
			want = append(want, ids[name])
			if _, err := os.Lstat(f.run(ids[name]).path); os.IsNotExist(err) == test.keep.DryRun {
				t.Errorf("%s: %s: %v", test.name, name, err)
			}
		}
		if !slices.Equal(removed, want) {
			t.Errorf("%s: removed %v, want %v (%v)", test.name, removed, want, test.want)
		}
	}
	left, _ := os.ReadDir(f.runs())
	if len(left) != 4 {
		t.Errorf("left: %v", left)
	}
	if _, err := os.Lstat(being); err != nil {
		t.Errorf("a folder that is being made is gone: %v", err)
	}
}

// Runs come, are looked at and go at the same time, and nobody sees half of one.
func TestConcurrent(t *testing.T) {
	f := opened(t)
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		all.Go(func() {
			for range 40 {
				r, err := f.Create(newID(t), Asked{Name: "x"}, samplePlan)
				if err != nil {
					t.Error(err)
					return
				}
				journaled(t, r, started, completed)
				r.Release()
			}
		})
	}
	var others sync.WaitGroup
	for range 2 {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				runs, problems, err := f.List(Filter{})
				if err != nil || len(problems) > 0 {
					t.Errorf("List: %v, %v", problems, err)
					return
				}
				for _, r := range runs {
					if r.Asked.Name != "x" {
						t.Errorf("half a run: %+v", r.Asked)
					}
				}
				if _, problems, err := f.Prune(Keep{Runs: 5}); err != nil || len(problems) > 0 {
					t.Errorf("Prune: %v, %v", problems, err)
					return
				}
			}
		})
	}
	all.Wait()
	close(stop)
	others.Wait()
	if _, _, err := f.Prune(Keep{Runs: 5}); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(f.runs()); len(left) != 5 {
		t.Errorf("%d are left", len(left))
	}
}
