package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
)

// A detachedRun is one that was left to itself.
type detachedRun struct {
	*process
	run   *state.Run
	asked state.Asked
	pidfd int
}

// detachApply starts apply --detach and waits for it to return. That it does
// means that the run let go of its standard output and error, and of the
// descriptor 9 that it was started with.
func detachApply(t *testing.T, runbook string, children int) *detachedRun {
	t.Helper()
	var stdout bytes.Buffer
	p := startApply(t, `exec "$@" --detach 9>&1`, runbook, &stdout, children)
	t.Cleanup(func() { killEngines(p.path("state")) })
	p.cmd.WaitDelay = 10 * time.Second
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, p.stderr.String())
	}
	id, err := uuid.Parse(strings.TrimSuffix(stdout.String(), "\n"))
	if err != nil {
		t.Fatalf("it prints %q, and no id of a run", stdout.String())
	}
	where := id.String() + " --state-dir state"
	want := "help: to follow it: runbook logs " + where + " -f\nhelp: to end it: runbook cancel " + where + "\n"
	if p.stderr.String() != want {
		t.Errorf("it says %q, want %q", p.stderr.String(), want)
	}
	folder, err := state.Open(p.path("state"))
	if err != nil {
		t.Fatal(err)
	}
	d := &detachedRun{process: p}
	if d.run, err = folder.Run(id); err != nil {
		t.Fatal(err)
	}
	if d.asked, err = d.run.Asked(); err != nil {
		t.Fatal(err)
	}
	if d.pidfd, err = unix.PidfdOpen(d.asked.PID, 0); err != nil {
		t.Fatalf("the engine (pid %d): %v", d.asked.PID, err)
	}
	t.Cleanup(func() { unix.Close(d.pidfd) })
	return d
}

// killEngines ends what a test that failed has left; their watchdogs do the rest.
func killEngines(dir string) {
	folder, err := state.Open(dir)
	if err != nil {
		return
	}
	runs, _, _ := folder.List(state.Filter{})
	for _, r := range runs {
		if holder, held, err := r.Run.Holder(); err == nil && held {
			syscall.Kill(holder.PID, syscall.SIGKILL)
		}
	}
}

// ask runs another command on the run, as from another terminal.
func (d *detachedRun) ask(code int, args ...string) string {
	d.t.Helper()
	cmd := exec.Command("runbook", append(args, "--state-dir", "state")...)
	cmd.Dir = d.dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != code {
		d.t.Fatalf("runbook %v: %v, want exit code %d\n%s", args, err, code, out)
	}
	return string(out)
}

// ended waits until the engine and what it started are gone, and returns what
// the console would have shown.
func (d *detachedRun) ended() string {
	d.t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(d.pidfd), Events: unix.POLLIN}}, 20_000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			d.t.Fatalf("the engine (pid %d) has not ended: %v", d.asked.PID, err)
		}
		break
	}
	for _, pid := range d.pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			d.t.Errorf("process %d still lives", pid)
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	info, err := os.Lstat(d.run.ConsoleFile())
	if err != nil || info.Mode() != 0o600 {
		d.t.Fatalf("its console: %v, %v", info, err)
	}
	text, err := os.ReadFile(d.run.ConsoleFile())
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

const waiting = `version: 1
name: waiting
steps:
  - id: wait
    exec: [child, pid, spawn=wait, pid, hang]
  - id: never
    exec: [child, echo=no]
finally:
  - id: tidy
    exec: [child, touch=tidied]
`

func TestDetach(t *testing.T) {
	t.Parallel()
	d := detachApply(t, waiting, 2)
	if !d.asked.Detached || d.asked.PID == d.cmd.Process.Pid {
		t.Errorf("run.json says detached %v, pid %d; apply was %d", d.asked.Detached, d.asked.PID, d.cmd.Process.Pid)
	}
	if session, err := unix.Getsid(d.asked.PID); session != d.asked.PID {
		t.Errorf("the engine %d is in session %d: %v", d.asked.PID, session, err)
	}
	var open []string
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", d.asked.PID))
	for _, link := range links {
		to, _ := os.Readlink(link)
		open = append(open, filepath.Base(link)+" "+strings.TrimPrefix(to, d.run.Path()))
	}
	for _, want := range []string{"0 /dev/null", "1 /console.log", "2 /console.log"} {
		if !slices.Contains(open, want) {
			t.Errorf("it has open %q, want %q", open, want)
		}
	}
	d.ask(0, "cancel", "last")
	d.until(event.RunCompleted)
	console := d.ended()
	if !strings.Contains(console, "waiting: cancelled") || !strings.Contains(console, "runbook resume "+d.run.ID.String()) {
		t.Errorf("the console: %s", console)
	}
	if !d.exists("tidied") {
		t.Error("finally did not run")
	}
	d.tells("run_started", "started wait", "run_cancelling", "cancelled never", "cancelled wait",
		"started tidy", "completed tidy", "run_completed")
}

const questions = `version: 1
name: questions
strategy: parallel
steps:
  - id: busy
    exec: [child, pid, hang]
  - id: ask
    approval: Go on?
    exec: [child, echo=yes]
`

// Nobody can be asked; somebody at another terminal can answer while it goes on.
func TestDetachedApproval(t *testing.T) {
	t.Parallel()
	d := detachApply(t, questions, 1)
	d.ask(0, "approve", "last", "ask")
	d.until(event.Completed) // that of ask: busy hangs
	d.ask(0, "cancel", "last")
	if console := d.ended(); !strings.Contains(console, "ask: completed") {
		t.Errorf("the console: %s", console)
	}
}

func TestDetachedPauses(t *testing.T) {
	t.Parallel()
	d := detachApply(t, strings.Replace(questions, "pid, hang", "exit=0", 1), 0)
	console := d.ended()
	if !regexp.MustCompile(`help: to give it and go on: runbook resume \S+ --state-dir state --approve ask`).MatchString(console) {
		t.Errorf("the console: %s", console)
	}
	if out := d.ask(0, "resume", "last", "--approve", "ask"); !strings.Contains(out, "questions: completed") {
		t.Errorf("resume: %s", out)
	}
}

// Ctrl-C while apply waits for the run to begin ends the run.
func TestDetachInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const secret = `version: 1
name: slow
secrets:
  token: {exec: [sh, -c, "echo > asked; exec sleep 3600"]}
steps:
  - id: a
    env: {TOKEN: "${{ secrets.token }}"}
    exec: [child, touch=ran]
`
	if err := os.WriteFile(filepath.Join(dir, "x.yaml"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "asked"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("runbook", "apply", "x.yaml", "--detach", "--state-dir", "state")
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(filepath.Join(dir, "asked")); err != nil { // it is fetched now
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d, want 130\n%s", code, out.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
		t.Error("the step ran")
	}
}
