//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A terminal is a pseudo-terminal with a program in it.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File

	mu   sync.Mutex
	text []byte
	more chan struct{}
	gone chan struct{} // the program, and all it wrote was read
}

// openTerminal starts a program in a terminal of 100 columns, as the leader of a
// session whose terminal it is.
func openTerminal(t *testing.T, dir string, env []string, words ...string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal("this test needs /dev/ptmx: ", err)
	}
	t.Cleanup(func() { master.Close() })
	slave := slaveOf(t, master)
	defer slave.Close()
	size := &unix.Winsize{Row: 30, Col: 100}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, master: master, more: make(chan struct{}, 1), gone: make(chan struct{})}
	term.cmd = exec.Command(words[0], words[1:]...)
	term.cmd.Dir = dir
	term.cmd.Env = append(os.Environ(), append([]string{"TERM=xterm", "NO_COLOR=1", "CI="}, env...)...)
	term.cmd.Stdin, term.cmd.Stdout, term.cmd.Stderr = slave, slave, slave
	term.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := term.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { term.cmd.Process.Kill() })
	go term.read()
	return term
}

func (p *terminal) read() {
	defer close(p.gone)
	buf := make([]byte, 4096)
	for {
		n, err := p.master.Read(buf) // EIO once the program has ended
		p.mu.Lock()
		p.text = append(p.text, buf[:n]...)
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (p *terminal) shown() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(bytes.ReplaceAll(p.text, []byte("\r\n"), []byte("\n")))
}

// until waits until the terminal has got n times a text.
func (p *terminal) until(text string, n int) {
	p.t.Helper()
	late := time.After(20 * time.Second)
	for strings.Count(p.shown(), text) < n {
		select {
		case <-p.more:
		case <-p.gone:
			if strings.Count(p.shown(), text) < n {
				p.t.Fatalf("it ended without %q; the terminal got\n%s", text, p.shown())
			}
		case <-late:
			p.t.Fatalf("no %q in time; the terminal got\n%s", text, p.shown())
		}
	}
}

func (p *terminal) types(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.master, text); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits for the end and checks the exit code.
func (p *terminal) ends(code int) {
	p.t.Helper()
	killer := time.AfterFunc(30*time.Second, func() { p.cmd.Process.Kill() })
	defer killer.Stop()
	got := 0
	var exit *exec.ExitError
	if err := p.cmd.Wait(); errors.As(err, &exit) {
		got = exit.ExitCode()
	}
	<-p.gone
	if got != code {
		p.t.Errorf("exit code %d, want %d; the terminal got\n%s", got, code, p.shown())
	}
}

func (p *terminal) has(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.shown(), text) {
			p.t.Errorf("no %q; the terminal got\n%s", text, p.shown())
		}
	}
}

const asking = `version: 1
name: asking
strategy: dependency_graph
params: {db: {type: string, default: orders}}
secrets: {token: {env: TOKEN}}
steps:
  - id: before
    exec: [child, echo=found]
    outputs: {name: stdout}
  - id: modify
    name: Change it
    approval: Change ${{ params.db }}?
    exec: [child, "echo=changed ${{ params.db }} ${{ steps.before.outputs.name }}"]
    env: {TOKEN: "${{ secrets.token }}"}
  - id: modify_more
    depends_on: [modify]
    approval: And more?
    exec: [child, echo=more]
    env: {NOTE: hunter2token}
finally:
  - id: tidy
    exec: [child, echo=tidied]
`

func askingFolder(t *testing.T) string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.yaml"), []byte(asking), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

const question = "\n  modify  write  Change it\n    child 'echo=changed orders found'\n"

func apply(t *testing.T, more ...string) *terminal {
	t.Helper()
	words := append([]string{"runbook", "apply", "x.yaml", "--state-dir", "state"}, more...)
	return openTerminal(t, askingFolder(t), []string{"TOKEN=hunter2token"}, words...)
}

func TestPromptYes(t *testing.T) {
	t.Parallel()
	p := apply(t)
	p.until("modify: approve? [y/n] ", 1)
	p.has(question, "env TOKEN=***\n", "  Change orders?\n")
	p.types("y\n")
	p.until("modify_more: approve? [y/n] ", 1)
	p.types("YES\n")
	p.ends(0)
	p.has("env NOTE=***\n", "modify: approved by ", "modify | changed orders found\n", "modify_more | more\n", "asking: completed in ")
	if strings.Contains(p.shown(), "hunter2") {
		t.Error("the secret was shown")
	}
}

func TestPromptNo(t *testing.T) {
	t.Parallel()
	p := apply(t)
	p.until("modify: approve? [y/n] ", 1)
	p.types("maybe\n")
	p.until("please answer y or n: ", 1)
	p.types("no\n")
	p.ends(1)
	p.has("modify: rejected by ", "tidy | tidied\n", "asking: failed in ")
	if strings.Contains(p.shown(), "changed") && strings.Contains(p.shown(), "modify | ") {
		t.Errorf("it ran in spite of a no:\n%s", p.shown())
	}
}

// The end of the input is no answer.
func TestPromptWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	p := apply(t)
	p.until("modify: approve? [y/n] ", 1)
	p.types("\x04")
	p.ends(4)
	p.has("runbook: no answer, and none will be asked for; the run does what it can without, then pauses\n", "modify waits for approval: Change orders?\n", "runbook: paused: modify waits for an approval")
}

func TestInterruptAtThePrompt(t *testing.T) {
	t.Parallel()
	p := apply(t)
	p.until("modify: approve? [y/n] ", 1)
	p.types("\x03")
	p.ends(130)
	p.has("interrupted (SIGINT), ending what runs", "tidy | tidied\n", "asking: cancelled by SIGINT")
}

func TestNobodyIsAsked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ env, flag string }{{"X=", "--no-input"}, {"CI=true", "-j10"}, {"RUNBOOK_NO_INPUT=true", "-j10"}} {
		p := openTerminal(t, askingFolder(t), []string{"TOKEN=hunter2token", test.env}, "runbook", "apply", "x.yaml", "--state-dir", "state", test.flag)
		p.ends(4)
		if strings.Contains(p.shown(), "[y/n]") {
			t.Errorf("%v: somebody was asked:\n%s", test, p.shown())
		}
	}
	// A terminal to read from, none to write to.
	p := openTerminal(t, askingFolder(t), []string{"TOKEN=hunter2token"}, "sh", "-c", "runbook apply x.yaml --state-dir state >out 2>err; echo exit $?")
	p.ends(0)
	p.has("exit 4\n")
}

// Where standard output is a file, the question comes on standard error.
func TestPromptBesideAFile(t *testing.T) {
	t.Parallel()
	p := openTerminal(t, askingFolder(t), []string{"TOKEN=hunter2token"}, "sh", "-c", "runbook apply x.yaml --state-dir state --approve modify_more >out; echo exit $?")
	p.until("modify: approve? [y/n] ", 1)
	p.has(question)
	p.types("y\n")
	p.until("exit 0", 1)
	p.ends(0)
}

// busy is a folder with a runbook whose step slow ends when its pipe is written
// to, which wake does.
func busy(t *testing.T, ask string) (dir string, wake func()) {
	t.Helper()
	dir = t.TempDir()
	fifo := filepath.Join(dir, "go")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	runbook := fmt.Sprintf("version: 1\nname: busy\nstrategy: dependency_graph\nsteps:\n"+
		"  - {id: slow, shell: \"echo begun; cat %s; echo woken\"}\n  - {id: ask, approval: Sure, exec: [child, echo=asked]%s}\n", fifo, ask)
	if err := os.WriteFile(filepath.Join(dir, "x.yaml"), []byte(runbook), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, func() {
		t.Helper()
		if err := os.WriteFile(fifo, []byte("hello\n"), 0); err != nil {
			t.Fatal(err)
		}
	}
}

// Output that comes while a question is open goes above it.
func TestOutputWhileAsking(t *testing.T) {
	t.Parallel()
	dir, wake := busy(t, "")
	p := openTerminal(t, dir, nil, "runbook", "apply", "x.yaml", "--state-dir", "state")
	p.until("ask: approve? [y/n] ", 1)
	p.until("slow | begun\n", 1)
	drawn := strings.Count(p.shown(), "ask: approve? [y/n] ")
	wake()
	p.until("slow | woken\n", 1)
	p.until("ask: approve? [y/n] ", drawn+1) // again, beneath
	p.types("y\n")
	p.ends(0)
	p.has("ask | asked\n", "busy: completed in ")
}

// What was typed before a question is no answer to it.
func TestTypedBeforeThePrompt(t *testing.T) {
	t.Parallel()
	dir, wake := busy(t, ", depends_on: [slow]")
	p := openTerminal(t, dir, nil, "runbook", "apply", "x.yaml", "--state-dir", "state")
	p.until("slow | begun\n", 1)
	p.types("y\n")
	p.until("y\n", 1)
	wake()
	p.until("ask: approve? [y/n] ", 1)
	p.types("n\n")
	p.ends(1)
	p.has("ask: rejected by ")
}
