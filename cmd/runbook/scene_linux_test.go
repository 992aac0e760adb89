package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
)

// The tests of faults draw from a seed, which they tell when they fail; make
// soak gives them more rounds, and lets the long ones run.
var (
	faultSeed   = flag.Uint64("seed", 0, "replay a round of a test of faults that failed with this `seed`")
	faultRounds = flag.Int("rounds", 0, "rounds of the tests of faults (default a short one)")
	soak        = flag.Bool("soak", false, "run the tests that take long too")
)

// rounds calls round with seeds of its own, a few at a time: so often, or as
// often as the command line says.
func rounds(t *testing.T, short int, round func(*testing.T, *rand.Rand)) {
	first := uint64(time.Now().UnixNano())
	n := short
	if *faultRounds > 0 {
		n = *faultRounds
	}
	if *faultSeed != 0 {
		first, n = *faultSeed, 1
	}
	for i := range n {
		seed := first + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("again with -run '^%s$' -seed %d", strings.Split(t.Name(), "/")[0], seed)
				}
			})
			round(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

// A scene is a run with all that happens to it: engines that work on it one after
// the other, each of which may be killed, and what can be seen from outside.
type scene struct {
	t    *testing.T
	dir  string
	id   uuid.UUID // zero: nothing is known of a run yet
	told []told
	last *engine
}

// told is what an engine has told of a run before its end.
type told struct {
	id     uuid.UUID
	events []event.Event
}

func newScene(t *testing.T, runbook string) *scene {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir()}
	if err := os.CopyFS(s.dir, os.DirFS("../../testdata/faults")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("x.yaml"), []byte(runbook), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.show()
		}
	})
	return s
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

// show prints what there is to find a fault by.
func (s *scene) show() {
	if s.last != nil {
		s.t.Logf("the last engine, %q, said:\n%s", s.last.cmd.Args, s.last.stderr.String())
	}
	effects, _ := os.ReadFile(s.path(effectsFile))
	s.t.Logf("effects:\n%s", effects)
	if s.id == uuid.Nil {
		return
	}
	for _, e := range s.events() {
		text, _ := json.Marshal(e)
		s.t.Logf("%.300s", text)
	}
}

// An engine is the program at work on a run.
type engine struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
	dead   chan struct{} // closed when it has ended, and all it told is here

	mu     sync.Mutex
	more   *sync.Cond
	events []event.Event
	ended  bool
}

// start starts the program in the scene; what it tells of a run is kept.
func (s *scene) start(env []string, args ...string) *engine {
	s.t.Helper()
	return s.startBy([]string{"runbook"}, env, args...)
}

// startBy is start, with the words that the command line begins with.
func (s *scene) startBy(words, env []string, args ...string) *engine {
	s.t.Helper()
	e := &engine{t: s.t, dead: make(chan struct{})}
	e.more = sync.NewCond(&e.mu)
	e.cmd = exec.Command(words[0], append(words[1:len(words):len(words)], args...)...)
	e.cmd.Dir = s.dir
	e.cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), env...)
	e.cmd.Stderr = &e.stderr
	stdout, err := e.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	late := time.AfterFunc(2*time.Minute, func() {
		s.t.Errorf("%q does not end", args)
		e.cmd.Process.Signal(syscall.SIGQUIT)
		time.AfterFunc(time.Second, func() { e.kill() })
	})
	go func() {
		lines := bufio.NewScanner(stdout)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var ev event.Event
			if json.Unmarshal(lines.Bytes(), &ev) != nil {
				continue // of a console, or cut by the kill
			}
			e.mu.Lock()
			e.events = append(e.events, ev)
			e.more.Broadcast()
			e.mu.Unlock()
		}
		e.cmd.Wait()
		late.Stop()
		e.mu.Lock()
		e.ended = true
		e.more.Broadcast()
		e.mu.Unlock()
		close(e.dead)
	}()
	s.last = e
	return e
}

// kill kills the engine alone, with what no program can do anything about.
func (e *engine) kill() { e.cmd.Process.Signal(syscall.SIGKILL) }

// reached waits until the engine has told so many events, or has ended.
func (e *engine) reached(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.events) < n && !e.ended {
		e.more.Wait()
	}
}

// until waits until the engine has told of something, or has ended.
func (e *engine) until(typ event.Type, step string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.ended && !slices.ContainsFunc(e.events, func(ev event.Event) bool { return ev.Type == typ && ev.StepID == step }) {
		e.more.Wait()
	}
}

// killed waits for the end and reports whether it was a kill.
func (e *engine) killed() bool {
	<-e.dead
	status, ok := e.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func (e *engine) code() int {
	<-e.dead
	return e.cmd.ProcessState.ExitCode()
}

// over takes down what an engine has told that has ended.
func (s *scene) over(e *engine) {
	s.t.Helper()
	<-e.dead
	if strings.Contains(e.stderr.String(), "DATA RACE") {
		s.t.Errorf("%s", e.stderr.String())
	}
	if s.id == uuid.Nil {
		s.find()
	}
	s.told = append(s.told, told{s.id, e.events})
}

// find looks which run there is. An engine that was killed early left none.
func (s *scene) find() {
	s.t.Helper()
	runs := s.list()
	switch len(runs) {
	case 0:
	case 1:
		s.id = runs[0].ID
	default:
		s.t.Fatalf("%d runs", len(runs))
	}
}

func (s *scene) folder() *state.Folder {
	s.t.Helper()
	folder, err := state.Open(s.path("state"))
	if err != nil {
		s.t.Fatal(err)
	}
	return folder
}

func (s *scene) list() []state.Entry {
	s.t.Helper()
	runs, problems, err := s.folder().List(state.Filter{})
	if err != nil || len(problems) > 0 {
		s.t.Fatalf("law 8: the runs cannot be listed: %v, %v", problems, err)
	}
	return runs
}

func (s *scene) run() *state.Run {
	s.t.Helper()
	r, err := s.folder().Run(s.id)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// apply starts the run, or starts over where there is none yet.
func (s *scene) apply(env []string, args ...string) *engine {
	s.t.Helper()
	return s.start(env, append([]string{"apply", "x.yaml", "--state-dir", "state", "--sink", "jsonl=-"}, args...)...)
}

func (s *scene) resume(env []string, args ...string) *engine {
	s.t.Helper()
	return s.start(env, append([]string{"resume", s.id.String(), "--state-dir", "state", "--sink", "jsonl=-"}, args...)...)
}

// settled waits until what a killed engine left has been ended: then the lock of
// the run is free.
func (s *scene) settled() {
	s.t.Helper()
	if s.id == uuid.Nil {
		return
	}
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		_, held, err := s.run().Holder()
		if err != nil {
			s.t.Fatal(err)
		}
		if !held {
			return
		}
		if time.Since(began) > 30*time.Second {
			s.t.Fatalf("the lock is held 30 s after the kill; alive: %q", s.alive())
		}
	}
}

// decisions answers for the steps that resume asks about, as a person would who
// looks at what they have done.
func (s *scene) decisions() (flags []string) {
	s.t.Helper()
	cmd := exec.Command("runbook", "resume", s.id.String(), "--state-dir", "state", "--explain", "-o", "json")
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	text, err := cmd.Output()
	var list struct{ Steps []executor.Decision }
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		s.t.Fatalf("resume --explain: %v", err)
	}
	done := map[string]int{}
	for _, e := range s.effects() {
		switch {
		case e.word == "done" && e.phase == "do":
			done[e.step]++
		case e.word == "begin" && e.phase == "undo": // undone, or half undone: it must be done again
			done[e.step] = 0
		}
	}
	for _, d := range list.Steps {
		switch {
		case d.Do != executor.Decide:
		case done[d.StepID] > 0:
			flags = append(flags, "--mark-done", d.StepID)
			if d.StepID == "count" {
				flags = append(flags, "--output", "count.n=42")
			}
		default:
			flags = append(flags, "--rerun", d.StepID)
		}
	}
	return flags
}
