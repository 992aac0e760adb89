package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// A process is the program running with a runbook. Its events go to a file and,
// so that tests can wait for them, through a named pipe.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	dir    string
	stderr bytes.Buffer
	live   chan event.Event
	pids   []int // of the children that told theirs
}

// startApply runs apply with a runbook, in a folder of its own, through a line
// of shell that ends in exec "$@". It waits until so many children have told
// their pid.
func startApply(t *testing.T, line, runbook string, stdout io.Writer, children int) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), live: make(chan event.Event, 1)}
	if err := os.WriteFile(p.path("x.yaml"), []byte(runbook), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(p.path("live"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command("sh", "-c", line, "sh", "runbook", "apply", "x.yaml", "--state-dir", "state",
		"--sink", "jsonl=events.jsonl", "--sink", "jsonl=live")
	p.cmd.Dir = p.dir
	p.cmd.Stdout, p.cmd.Stderr = stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
	go p.listen()
	for len(p.pids) < children {
		p.until(event.Stdout)
	}
	return p
}

func (p *process) path(name string) string { return filepath.Join(p.dir, name) }

func (p *process) listen() {
	defer close(p.live)
	f, err := os.Open(p.path("live"))
	if err != nil {
		return
	}
	defer f.Close()
	for events := json.NewDecoder(f); ; {
		var e event.Event
		if events.Decode(&e) != nil {
			return
		}
		p.live <- e
	}
}

// until reads events up to the next of a type.
func (p *process) until(typ event.Type) {
	p.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case e, ok := <-p.live:
			if !ok {
				p.t.Fatalf("no event %s\n%s", typ, p.stderr.String())
			}
			if pid, found := strings.CutPrefix(e.Line, "pid "); found {
				n, _ := strconv.Atoi(pid)
				p.pids = append(p.pids, n)
			}
			if e.Type == typ {
				return
			}
		case <-late:
			p.t.Fatalf("no event %s in time\n%s", typ, p.stderr.String())
		}
	}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits for the end and checks the exit code, and that the children that
// told their pid are gone.
func (p *process) wait(code int) {
	p.t.Helper()
	go func() {
		for range p.live {
		}
	}()
	killer := time.AfterFunc(60*time.Second, func() { p.cmd.Process.Kill() })
	defer killer.Stop()
	got := 0
	var exit *exec.ExitError
	if err := p.cmd.Wait(); errors.As(err, &exit) {
		got = exit.ExitCode()
	}
	if got != code {
		p.t.Errorf("exit code %d, want %d\n%s", got, code, p.stderr.String())
	}
	for _, pid := range p.pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			p.t.Errorf("process %d still lives", pid)
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func (p *process) exists(name string) bool {
	_, err := os.Stat(p.path(name))
	return err == nil
}

// story is what the event file tells: type and step of each state event.
func (p *process) story() (story []string, last event.Event) {
	p.t.Helper()
	f, err := os.Open(p.path("events.jsonl"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	seq := uint64(0)
	for lines.Scan() {
		var e event.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			p.t.Fatalf("%v in %s", err, lines.Text())
		}
		if seq++; e.Seq != seq {
			p.t.Fatalf("seq %d follows %d", e.Seq, seq-1)
		}
		last = e
		switch e.Type {
		case event.Stdout, event.Stderr, event.Progress, event.Warning:
			continue
		}
		story = append(story, strings.TrimSpace(string(e.Type)+" "+e.StepID))
	}
	return story, last
}

func (p *process) tells(want ...string) {
	p.t.Helper()
	story, last := p.story()
	if got := strings.Join(story, ", "); got != strings.Join(want, ", ") {
		p.t.Errorf("the events tell\n%s\nwant\n%s", got, strings.Join(want, ", "))
	}
	if last.Type != event.RunCompleted {
		p.t.Errorf("the last event is %s, want run_completed", last.Type)
	}
}

const straight = `exec "$@"`

const hanging = `version: 1
name: hanging
steps:
  - id: hang
    exec: [child, pid, hang]
  - id: never
    exec: [child, echo=no]
finally:
  - id: tidy
    exec: [child, touch=tidied]
`

// howToGoOn is what follows where a run has not completed.
var howToGoOn = regexp.MustCompile(`help: to go on from here[^:]*: runbook resume [0-9a-f-]{36}( --state-dir \S+)?\n$`)

// said is what the program said of itself, without how to go on.
func (p *process) said() string { return howToGoOn.ReplaceAllString(p.stderr.String(), "") }

func TestSignals(t *testing.T) {
	for _, test := range []struct {
		signal syscall.Signal
		code   int
		says   string
	}{
		{syscall.SIGINT, 130, "runbook: interrupted (SIGINT), ending what runs; once more kills it\n"},
		{syscall.SIGTERM, 143, "runbook: told to end (SIGTERM), ending what runs; once more kills it\n"},
		{syscall.SIGHUP, 129, "runbook: terminal closed (SIGHUP), ending what runs; SIGTERM kills it\n"},
	} {
		t.Run(test.signal.String(), func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			p := startApply(t, straight, hanging, &stdout, 1)
			p.signal(test.signal)
			p.wait(test.code)
			if !p.exists("tidied") {
				t.Error("finally did not run")
			}
			if got := p.said(); got != test.says {
				t.Errorf("it says %q, want %q", got, test.says)
			}
			p.tells("run_started", "started hang", "run_cancelling", "cancelled never", "cancelled hang",
				"started tidy", "completed tidy", "run_completed")
			if !strings.Contains(stdout.String(), "hanging: cancelled by SIG") {
				t.Errorf("no verdict in\n%s", stdout.String())
			}
		})
	}
}

const stubborn = `version: 1
name: stubborn
steps:
  - id: hang
    exec: [child, ignore, pid, setsid=wait, ignore, pid, hang]
    grace_period: 10m
finally:
  - id: tidy
    exec: [child, touch=tidied]
`

func TestSecondInterruptKills(t *testing.T) {
	t.Parallel()
	p := startApply(t, straight, stubborn, io.Discard, 2)
	p.signal(syscall.SIGINT)
	p.until(event.RunCancelling)
	p.signal(syscall.SIGINT)
	p.wait(130)
	if !strings.HasSuffix(p.said(), "runbook: interrupted (SIGINT), killing what still runs\n") {
		t.Errorf("it says %q", p.said())
	}
	if p.exists("tidied") {
		t.Error("finally ran although everything was to be killed")
	}
	if _, last := p.story(); last.Type != event.RunCompleted || last.Status != event.StatusCancelled {
		t.Errorf("the last event is %s %s", last.Type, last.Status)
	}
}

// The kernel and the shell both tell of a closed terminal; that is no wish to
// have everything killed.
func TestSecondHangupIsTheSameHangup(t *testing.T) {
	t.Parallel()
	p := startApply(t, straight, hanging, io.Discard, 1)
	p.signal(syscall.SIGHUP)
	p.until(event.RunCancelling)
	p.signal(syscall.SIGHUP)
	p.wait(129)
	if !p.exists("tidied") {
		t.Error("finally did not run")
	}
}

func TestNohupIsRespected(t *testing.T) {
	t.Parallel()
	p := startApply(t, `trap "" HUP; exec "$@"`, hanging, io.Discard, 1)
	p.signal(syscall.SIGHUP)
	p.signal(syscall.SIGTERM)
	p.wait(143)
	if strings.Contains(p.stderr.String(), "SIGHUP") {
		t.Errorf("it says %q", p.stderr.String())
	}
}

// A shell starts background jobs with SIGINT ignored; kill -INT must work still.
func TestInterruptWorksInTheBackground(t *testing.T) {
	t.Parallel()
	p := startApply(t, `trap "" INT; exec "$@"`, hanging, io.Discard, 1)
	p.signal(syscall.SIGINT)
	p.wait(130)
}

const chatty = `version: 1
name: chatty
steps:
  - id: one
    exec: [child, lines=5000]
  - id: two
    exec: [child, lines=5000, touch=done]
`

func TestClosedPipeStopsThePrintingNotTheRun(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := startApply(t, straight, chatty, w, 0)
	w.Close()
	if _, err := bufio.NewReaderSize(r, 16).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	r.Close()
	p.wait(0)
	if !p.exists("done") {
		t.Error("the run ended with its reader")
	}
	if got := p.stderr.String(); got != "" {
		t.Errorf("it says %q", got)
	}
	p.tells("run_started", "started one", "completed one", "started two", "completed two", "run_completed")
}

const failing = `version: 1
name: failing
steps:
  - id: broken
    exec: [child, exit=3]
`

// A reader that went away loses nothing it wanted: the exit code is the run's.
// What could not be written to a disk is lost, and that is worse than a failure.
func TestExitCodeOfARunThatCannotBePrinted(t *testing.T) {
	t.Parallel()
	r, gone, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer gone.Close()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal("this test needs /dev/full: ", err)
	}
	defer full.Close()
	for _, test := range []struct {
		flags  string
		stdout *os.File
		code   int
		says   string
	}{
		{"", gone, exitFailed, ""},
		{"-o json", gone, exitFailed, ""},
		{"--sink jsonl=-", gone, exitFailed, ""},
		{">&- 2>&-", gone, exitFailed, ""},
		{"", full, exitEngine, "runbook: error: console could not be written: no space left on device\n"},
		{"2>/dev/full", full, exitEngine, ""},
		{"-q", full, exitEngine, "runbook: error: console could not be written: no space left on device\n"},
		{"-o json", full, exitEngine, "runbook: error: write standard output: no space left on device\n"},
		{"--sink jsonl=-", full, exitEngine, "runbook: error: standard output could not be written: no space left on device\n"},
	} {
		p := startApply(t, `exec "$@" `+test.flags, failing, test.stdout, 0)
		p.wait(test.code)
		if got := p.said(); got != test.says {
			t.Errorf("%q: it says %q, want %q", test.flags, got, test.says)
		}
		p.tells("run_started", "started broken", "failed broken", "run_completed")
	}
}

func TestStandardStreamsMayBeClosed(t *testing.T) {
	t.Parallel()
	for _, line := range []string{`exec "$@" <&-`, `exec "$@" >&-`, `exec "$@" 2>&-`, `exec "$@" <&- >&- 2>&-`} {
		p := startApply(t, line, chatty, io.Discard, 0)
		p.wait(0)
		p.tells("run_started", "started one", "completed one", "started two", "completed two", "run_completed")
	}
}

// A reader that hangs keeps the program, as it would any other, but not the run,
// and not against a signal.
func TestHungReader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.yaml"), []byte(chatty), 0o644); err != nil {
		t.Fatal(err)
	}
	stuck := filepath.Join(dir, "stuck")
	if err := syscall.Mkfifo(stuck, 0o600); err != nil {
		t.Fatal(err)
	}
	nobody, err := os.OpenFile(stuck, os.O_RDWR, 0) // both ends, so that nothing waits for the other
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	cmd := exec.Command("runbook", "apply", "x.yaml", "--state-dir", "state", "--sink", "jsonl=stuck")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(60*time.Second, func() { cmd.Process.Kill() }).Stop()
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "chatty: completed") {
	}
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != exitEngine {
		t.Errorf("exit code %d, want %d", got, exitEngine)
	}
	if got, want := stderr.String(), "runbook: error: \"stuck\": left before it had all events\n"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

const hangingTidy = `version: 1
name: hanging-tidy
steps:
  - id: fine
    exec: [child, echo=fine]
finally:
  - id: tidy
    exec: [child, ignore, pid, hang]
    grace_period: 10m
`

// Handlers run after the steps, but not after the run.
func TestSecondInterruptKillsHandlersToo(t *testing.T) {
	t.Parallel()
	p := startApply(t, straight, hangingTidy, io.Discard, 1)
	p.signal(syscall.SIGINT)
	p.until(event.RunCancelling)
	p.signal(syscall.SIGINT)
	p.wait(130)
}

const phases = `version: 1
name: phases
params: {hang_in: {type: string}}
steps:
  - id: change
    exec: [child, touch=changed]
    rollback:
      if: params.hang_in == "rollback"
      exec: [child, pid, hang]
  - id: broken
    if: params.hang_in != "end"
    exec: [child, exit=1]
on_failure:
  - id: page
    if: params.hang_in == "on_failure"
    exec: [child, pid, hang]
finally:
  - id: tidy
    if: params.hang_in == "finally" || params.hang_in == "end"
    shell: mkfifo go; echo "pid $$"; cat go
  - id: tidied
    exec: [child, touch=tidied]
`

// What the first signal does depends on where the run is, and so does what is
// said about it.
func TestFirstInterruptInEachPartOfARun(t *testing.T) {
	for _, test := range []struct{ hangIn, says string }{
		{"rollback", "ending the rollback"},
		{"on_failure", "ending on_failure"},
		{"finally", "letting finally go on to its end"},
		{"end", "letting finally go on to its end"},
	} {
		t.Run(test.hangIn, func(t *testing.T) {
			t.Parallel()
			p := startApply(t, `exec "$@" -p hang_in=`+test.hangIn, phases, io.Discard, 1)
			p.signal(syscall.SIGINT)
			p.until(event.RunCancelling)
			if err := os.WriteFile(p.path("go"), []byte("go on\n"), 0o644); err != nil { // for a tidy that still waits for it
				t.Fatal(err)
			}
			p.wait(130)
			if got, want := p.said(), "runbook: interrupted (SIGINT), "+test.says+"; once more kills it\n"; got != want {
				t.Errorf("it says %q, want %q", got, want)
			}
			if !p.exists("tidied") {
				t.Error("finally did not run to its end")
			}
			story, last := p.story()
			if last.Status != event.StatusCancelled {
				t.Errorf("the run ended as %v", last.Status)
			}
			if went := slices.Contains(story, "completed tidy"); went != (test.says == "letting finally go on to its end") {
				t.Errorf("tidy completed: %v; the events tell %s", went, strings.Join(story, ", "))
			}
		})
	}
}

// A run that is in finally because of a first signal is killed by the next.
func TestSecondInterruptInFinally(t *testing.T) {
	t.Parallel()
	p := startApply(t, straight, strings.Replace(hanging, "touch=tidied", "ignore, pid, hang", 1), io.Discard, 1)
	p.signal(syscall.SIGINT)
	for len(p.pids) < 2 {
		p.until(event.Stdout)
	}
	p.signal(syscall.SIGINT)
	p.wait(130)
	want := "runbook: interrupted (SIGINT), ending what runs; once more kills it\nrunbook: interrupted (SIGINT), killing what still runs\n"
	if got := p.said(); got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

func TestFullDiskUnderStandardOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal("this test needs /dev/full: ", err)
	}
	defer full.Close()
	t.Run("apply", func(t *testing.T) {
		p := startApply(t, straight, chatty, full, 0)
		p.wait(exitEngine)
		if got, want := p.stderr.String(), "runbook: error: console could not be written: no space left on device\n"; got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
		p.tells("run_started", "started one", "completed one", "started two", "completed two", "run_completed")
	})
	t.Run("schema", func(t *testing.T) {
		var stderr bytes.Buffer
		cmd := exec.Command("runbook", "schema")
		cmd.Stdout, cmd.Stderr = full, &stderr
		cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != exitEngine {
			t.Errorf("exit code %d, want %d", got, exitEngine)
		}
		if got, want := stderr.String(), "runbook: error: write standard output: no space left on device\n"; got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	})
}
