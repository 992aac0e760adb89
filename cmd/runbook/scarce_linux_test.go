package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cloudops-run/runbook/executor/event"
)

// memoryGroup makes a control group that has so many bytes, and returns its folder.
func memoryGroup(t *testing.T, size int) string {
	t.Helper()
	name := fmt.Sprintf("runbook-test-%d", os.Getpid())
	for _, v := range []struct{ dir, limit, swap string }{
		{"/sys/fs/cgroup", "memory.max", "memory.swap.max"},
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", ""},
	} {
		dir := filepath.Join(v.dir, name)
		if os.Mkdir(dir, 0o700) != nil {
			continue
		}
		t.Cleanup(func() { os.Remove(dir) })
		limit, err := os.OpenFile(filepath.Join(dir, v.limit), os.O_WRONLY, 0)
		if err != nil { // it is just a folder, or has other controllers
			continue
		}
		_, err = fmt.Fprint(limit, size)
		limit.Close()
		if err == nil {
			if v.swap != "" {
				os.WriteFile(filepath.Join(dir, v.swap), []byte("0"), 0)
			}
			return dir
		}
	}
	t.Skip("needs a control group with a limit on memory, which nobody may make here")
	return ""
}

const hungry = `version: 1
name: hungry
strategy: {type: parallel, stop_on_error: false}
defaults: {grace_period: 50ms}
steps:
  - {id: one, exec: [sh, step, begin, done]}
  - {id: hog, exec: [python3, -c, "open('effects', 'a').write('begin do hog 1\\n'); open('/proc/self/oom_score_adj', 'w').write('1000'); x = b'x' * (400 << 20)"]}
  - id: flood
    shell: {command: "sh step begin; yes 'much to say' | head -c 100000000; sh step done", shell: sh}
  - {id: any_last, idempotent: true, exec: [sh, step, begin, done]}
finally:
  - {id: any_tidy, exec: [sh, step, begin, done]}
`

// A step that takes more memory than there is fails, killed by the kernel, and
// nothing else is lost. (It tells the kernel to choose it: an engine with the race
// detector is as large. One that is chosen is one that is killed.)
func TestLittleMemory(t *testing.T) {
	group := memoryGroup(t, 160<<20)
	s := newScene(t, hungry)
	e := s.startIn(group, "apply", "x.yaml", "--state-dir", "state", "-q")
	s.over(e)
	s.lawful()
	if e.code() != exitFailed {
		t.Errorf("exit code %d, want %d", e.code(), exitFailed)
	}
	got := s.ending()
	for step, want := range map[string]string{"": "failed", "one": "completed", "flood": "completed", "any_last": "completed", "any_tidy": "completed", "hog": "failed"} {
		if !strings.HasPrefix(got[step], want) {
			t.Errorf("%s ended as %q, want %q", step, got[step], want)
		}
	}
	for _, ev := range s.events() {
		if ev.StepID == "hog" && ev.Type == event.Failed && ev.Result.Signal != "SIGKILL" {
			t.Errorf("the hog failed for %s, %s", ev.Reason, ev.Error)
		}
	}
	if info, err := os.Stat(s.run().LogFile("flood", event.Main, 1)); err != nil || info.Size() != 100_000_000 {
		t.Errorf("the log of the flood: %v, %v", info, err)
	}
}

// startIn starts the program in a control group.
func (s *scene) startIn(group string, args ...string) *engine {
	s.t.Helper()
	return s.startBy([]string{"sh", "-c", `echo $$ >"$0/cgroup.procs" && exec runbook "$@"`, group}, nil, args...)
}

const logged = `version: 1
name: logged
steps:
  - {id: one, exec: [sh, step, begin, await=go, done]}
  - id: each
    foreach: {in: 0..49, max_concurrency: 4}
    exec: [sh, -c, "sh step begin; seq 1000; sh step done"]
  - {id: last, exec: [sh, step, begin, echo=42, done], outputs: {n: int(stdout)}}
`

// smallLogs puts the logs of a run whose first step waits on a small disk, until
// room is called.
func (s *scene) smallLogs(e *engine) (room func()) {
	s.t.Helper()
	e.until(event.Started, "one")
	s.find()
	logs := filepath.Dir(s.run().LogFile("one", event.Main, 1))
	if err := os.MkdirAll(logs, 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", logs, "tmpfs", 0, "mode=0700,size=64k"); err != nil {
		e.kill()
		s.t.Skipf("needs root, to mount a small disk: %v", err)
	}
	room = sync.OnceFunc(func() { syscall.Unmount(logs, syscall.MNT_DETACH) })
	s.t.Cleanup(room)
	return room
}

// completes goes on with a run, which then does.
func (s *scene) completes() {
	s.t.Helper()
	e := s.resume(nil, s.decisions()...)
	s.over(e)
	s.lawful()
	if got := s.ending()[""]; e.code() != 0 || got != "completed" {
		s.t.Errorf("gone on with: exit code %d, it ended as %s\n%.3000s", e.code(), got, e.stderr.String())
	}
}

// The last step that runs may be the one that finds the disk full.
func TestFullDiskOfLastLog(t *testing.T) {
	s := newScene(t, `version: 1
name: last
steps:
  - {id: one, exec: [sh, -c, "sh step begin await=go; seq 50000; sh step done"]}
`)
	e := s.apply(nil)
	room := s.smallLogs(e)
	smallDisk{s: s}.touch("go")
	s.over(e)
	s.lawful()
	if e.code() != exitEngine {
		t.Errorf("exit code %d, want %d\n%.3000s", e.code(), exitEngine, e.stderr.String())
	}
	room()
	s.completes()
}

// Where only logs have no room the run ends in order too: what a log lacks is told,
// what ran has ended with every line told, and the rest is done once there is room.
func TestFullDiskOfLogs(t *testing.T) {
	s := newScene(t, logged)
	e := s.apply(nil, "--sink", "console")
	room := s.smallLogs(e)
	smallDisk{s: s}.touch("go")
	s.over(e)
	s.lawful()
	if e.code() != exitEngine {
		t.Errorf("exit code %d, want %d\n%.3000s", e.code(), exitEngine, e.stderr.String())
	}
	lines, lacks, ended := 0, 0, 0
	for _, ev := range e.events {
		switch {
		case ev.Type == event.Stdout && strings.HasPrefix(ev.StepID, "each["):
			lines++
		case ev.Type == event.Completed && strings.HasPrefix(ev.StepID, "each["):
			ended++
		case ev.Type == event.Warning && strings.Contains(ev.Message, "no space left on device"):
			lacks++
		}
	}
	if lacks == 0 || ended == 0 || ended == 50 || lines != 1000*ended {
		t.Errorf("%d logs are told to lack something; %d lines of %d items", lacks, lines, ended)
	}
	room()
	s.completes()
}
