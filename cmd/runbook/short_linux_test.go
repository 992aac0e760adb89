package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

const crowded = `version: 1
name: crowded
steps:
  - {id: one, exec: [sh, step, begin, await=go, done]}
  - id: any_each
    foreach: {in: 0..299, max_concurrency: 8}
    idempotent: true
    exec: [sh, -c, "echo $0; echo done do $RUNBOOK_STEP_ID $RUNBOOK_STEP_ATTEMPT >>effects", "${{ item }}"]
  - {id: any_last, idempotent: true, exec: [sh, step, begin, done]}
`

// A disk that others fill, to whatever level and before the run or while it goes
// on, ends the run in order: what runs comes to its end, what was told is
// recorded, and once there is room the run is gone on with.
func TestFullDisk(t *testing.T) {
	levels := 4
	if *soak {
		levels = 32
	}
	for level := range levels {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d late %v", level, late), func(t *testing.T) {
				s := newScene(t, crowded)
				disk := s.smallDisk("4m") // room for the logs of all items, of both engines
				if !late {
					disk.fill(level * (1 << 20) / levels)
				}
				e := s.apply(nil)
				e.until(event.Started, "one")
				if late {
					disk.fill(level * (256 << 10) / levels)
				}
				disk.touch("go")
				s.over(e)
				// What the journal has set aside may be enough for all that is left.
				if code := e.code(); code != exitEngine && (code != 0 || level == 0) {
					t.Errorf("exit code %d, want %d", code, exitEngine)
				}
				s.lawful()
				disk.empty()
				if s.id == uuid.Nil {
					e = s.apply(nil)
				} else {
					e = s.resume(nil, s.decisions()...)
				}
				s.over(e)
				s.lawful()
				if e.code() != 0 {
					t.Errorf("with room again: exit code %d", e.code())
				}
				if got := s.ending()[""]; got != "completed" {
					t.Errorf("with room again it ended as %s", got)
				}
			})
		}
	}
}

// A smallDisk is one that a test can fill.
type smallDisk struct {
	s      *scene
	filler string
}

// smallDisk puts the state folder on a disk of its own.
func (s *scene) smallDisk(size string) smallDisk {
	s.t.Helper()
	dir := s.path("state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		s.t.Skipf("needs root, to mount a small disk: %v", err)
	}
	s.t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			s.t.Error(err)
		}
	})
	return smallDisk{s, s.path("state/filler")}
}

// fill fills the disk but for some bytes.
func (d smallDisk) fill(room int) {
	d.s.t.Helper()
	f, err := os.Create(d.filler)
	if err != nil {
		d.s.t.Fatal(err)
	}
	defer f.Close()
	chunk := make([]byte, 4096)
	size := int64(0)
	for {
		n, err := f.Write(chunk)
		size += int64(n)
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil {
			d.s.t.Fatal(err)
		}
	}
	if err := f.Truncate(max(0, size-int64(room))); err != nil {
		d.s.t.Fatal(err)
	}
}

func (d smallDisk) empty() { os.Remove(d.filler) }

func (d smallDisk) touch(name string) {
	d.s.t.Helper()
	if err := os.WriteFile(d.s.path(name), nil, 0o600); err != nil {
		d.s.t.Fatal(err)
	}
}

const wide = `version: 1
name: wide
strategy: parallel
steps:
  - id: each
    foreach: {in: 0..199}
    exec: [sh, step, begin, done]
`

// Few descriptors make a run slower, and lose nothing of it. The program itself
// has 16, and a step needs 7 more while it starts.
func TestFewDescriptors(t *testing.T) {
	for _, limit := range []int{64, 32, 24} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, wide)
			cmd := exec.Command("sh", "-c", fmt.Sprintf(`ulimit -n %d && exec runbook apply x.yaml --state-dir state -j 50`, limit))
			cmd.Dir = s.dir
			cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
			text, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			s.find()
			s.lawful()
			if done := strings.Count(fmt.Sprint(s.effects()), "{done do"); done != 200 {
				t.Errorf("%d steps were done, want 200", done)
			}
			if n := strings.Count(string(text), "warning"); n > 1 {
				t.Errorf("%d warnings\n%s", n, text)
			}
		})
	}
}

// A run has one engine at a time; another is told who has it.
func TestSecondEngine(t *testing.T) {
	t.Parallel()
	s := newScene(t, strings.Replace(crowded, "0..299", "0..2", 1))
	first := s.apply(nil)
	first.until(event.Started, "one")
	s.find()
	second := s.resume(nil)
	if code := second.code(); code != exitEngine || !strings.Contains(second.stderr.String(), fmt.Sprint(first.cmd.Process.Pid)) {
		t.Errorf("exit code %d, want %d and the process %d named in\n%s", code, exitEngine, first.cmd.Process.Pid, second.stderr.String())
	}
	smallDisk{s: s}.touch("go")
	s.over(first)
	s.lawful()
	if first.code() != 0 {
		t.Errorf("exit code %d, want 0", first.code())
	}
}

// An engine that is suspended for a while loses nothing.
func TestSuspendedEngine(t *testing.T) {
	t.Parallel()
	want, events := endingOf(t, mixed, []string{"--approve", "gate"})
	s := newScene(t, mixed)
	e := s.apply(nil, "--approve", "gate")
	for n := 1; n < events; n += 7 {
		e.reached(n)
		e.cmd.Process.Signal(syscall.SIGSTOP)
		e.cmd.Process.Signal(syscall.SIGCONT)
	}
	s.over(e)
	s.lawful()
	s.endsLike(want)
}
