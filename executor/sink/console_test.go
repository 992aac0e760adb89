package sink

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// aRun has one of everything: parallel steps, retries, failures, hostile output.
func aRun(s *script) {
	s.begin("disk-pressure", 7)
	s.send(event.Event{Type: event.Started, StepID: "measure", Attempt: 1, Name: "Measure", Command: []string{"df", "-h", "/"}})
	s.out("measure", "Filesystem  Size")
	s.err("measure", "df: a warning")
	s.send(event.Event{Type: event.Started, StepID: "inspect", Attempt: 1, Command: []string{"bash", "-c", "du\nsort"}, Lead: 2})
	s.out("inspect", "\x1b[31m12G\x1b[0m\x1b[2J /var")
	s.completed("measure", 1234*time.Millisecond)
	s.out("inspect", "::set-output name=x::y")
	s.out("inspect", "10%\r100%")
	s.out("inspect", "caf\xe9")
	s.completed("inspect", 420*time.Microsecond)
	s.started("flaky", "curl", "http://x")
	s.send(event.Event{Type: event.Retrying, StepID: "flaky", Attempt: 1, Error: "exit code 7", Delay: event.Duration(2 * time.Second)})
	s.send(event.Event{Type: event.Started, StepID: "flaky", Attempt: 2, Command: []string{"curl", "http://x"}})
	s.send(event.Event{Type: event.Warning, StepID: "flaky", Message: "left a process running: sleep (pid 7)"})
	s.send(event.Event{Type: event.Completed, StepID: "flaky", Attempt: 2, Result: &event.Result{Status: event.StatusCompleted, Attempts: 2, Duration: 75 * time.Second}})
	s.stats.Completed++
	s.started("optional", "false")
	s.failed(event.Event{StepID: "optional", Tolerated: true}, 1, 3*time.Millisecond)
	s.send(event.Event{Type: event.Started, StepID: "clean", Attempt: 1, Name: "Remove \x1b[2J", Command: []string{"rm", "-r", "/var/cache"}})
	for i := range 15 {
		s.err("clean", fmt.Sprintf("rm: line %d", i))
	}
	s.failed(event.Event{StepID: "clean"}, 64, 2*time.Second)
	s.skipped("verify", event.ReasonNeed, `needs "clean", which failed`)
	s.skipped("report", event.ReasonStopped, "stopped after a failure")
	s.send(event.Event{Type: event.Started, StepID: "page", Attempt: 1, Phase: event.OnFailure, Command: []string{"./page"}})
	s.send(event.Event{Type: event.Failed, StepID: "page", Phase: event.OnFailure, Reason: event.ReasonStart, Error: `program "./page" not found`,
		Result: &event.Result{Status: event.StatusFailed, ExitCode: -1, Attempts: 1}})
	s.send(event.Event{Type: event.Dropped, Count: 3})
	s.end(event.StatusFailed)
}

func TestConsole(t *testing.T) {
	for _, test := range []struct {
		name string
		opt  ConsoleOptions
	}{
		{"plain", ConsoleOptions{}},
		{"color", ConsoleOptions{Color: true}},
		{"terminal", ConsoleOptions{TTY: true}},
		{"quiet", ConsoleOptions{Quiet: true}},
		{"github", ConsoleOptions{Fence: "b7e1"}},
		{"ordered", ConsoleOptions{Steps: []Step{{ID: "report"}, {ID: "verify"}, {ID: "clean"}, {ID: "measure"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out, messages bytes.Buffer
				test.opt.Messages = &messages
				c := NewConsole(&out, test.opt)
				aRun(newScript(c))
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
				golden(t, "console_"+test.name+".golden", visible(out.String())+"---- messages\n"+visible(messages.String()))
			})
		})
	}
}

func visible(s string) string { return strings.ReplaceAll(s, "\x1b", "␛") }

// Whatever the moment, the terminal shows the lines of a pipe and beneath them
// at most the bottom line, also when it changes its width in between.
func TestBottomLineLeavesNoTrace(t *testing.T) {
	for _, widths := range [][]int{{80}, {40}, {12}, {6}, {80, 20}, {80, 33, 90, 15}} {
		t.Run(fmt.Sprint(widths), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var plain bytes.Buffer
				titles := []Step{{ID: "measure"}, {ID: "inspect"}} // short: long ones are cut to the width
				c := NewConsole(&plain, ConsoleOptions{TTY: true, Steps: titles})
				aRun(newScript(c))
				c.Close()

				screen := newScreen(t, widths[0])
				c = NewConsole(screen, ConsoleOptions{TTY: true, Live: true, Width: screen.columns, Steps: titles})
				n := 0
				aRun(newScript(event_(func(e event.Event) {
					c.OnEvent(e)
					time.Sleep(time.Second)
					synctest.Wait()
					if n++; n%5 == 0 {
						screen.resize(widths[n/5%len(widths)])
					}
				})))
				c.Close()
				if got := screen.text(); got != plain.String() {
					t.Errorf("the screen shows\n%s\nwant\n%s", got, plain.String())
				}
			})
		})
	}
}

type event_ func(event.Event)

func (f event_) OnEvent(e event.Event) { f(e) }

func TestBottomLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen := newScreen(t, 40)
		c := NewConsole(screen, ConsoleOptions{TTY: true, Live: true, Width: screen.columns})
		defer c.Close()
		s := newScript(c)
		last := func() string {
			synctest.Wait()
			lines := strings.Split(screen.text(), "\n")
			return lines[len(lines)-1]
		}
		s.begin("x", 9)
		s.started("fetch", "true")
		time.Sleep(61*time.Second + bottomInterval)
		if got, want := last(), "[0/9] 1m01s fetch"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		s.now = s.now.Add(61 * time.Second)
		for _, id := range []string{"compile_everything", "test", "lint", "package"} {
			s.started(id, "true")
		}
		time.Sleep(2 * time.Second)
		if got, want := last(), "[0/9] 1m03s fetch 1m03s +4"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		s.failed(event.Event{StepID: "fetch"}, 1, time.Second)
		s.send(event.Event{Type: event.RunCancelling, Signal: "SIGINT"})
		time.Sleep(time.Second)
		if got, want := last(), "[1/9] 1m04s stopping 1 failed +4"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		screen.resize(10)
		time.Sleep(time.Second)
		if got, want := last(), ""; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestTitlesAreCutToOneLine(t *testing.T) {
	for _, test := range []struct {
		opt  ConsoleOptions
		want string
	}{
		{ConsoleOptions{TTY: true, Width: func() int { return 30 }}, "a: started: äääääääääääääääää…\n"},
		{ConsoleOptions{TTY: true, Width: func() int { return 3 }}, "a: started: äääääääääääääää…\n"},
		{ConsoleOptions{}, "a: started: " + strings.Repeat("ä", 99) + "…\n"},
	} {
		var out bytes.Buffer
		c := NewConsole(&out, test.opt)
		newScript(c).started("a", strings.Repeat("ä", 300))
		c.Close()
		if got := out.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestLongLineInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		c := NewConsole(&out, ConsoleOptions{})
		s := newScript(c)
		s.line(event.Stdout, "a", "one ", true)
		s.line(event.Stdout, "a", "line", false)
		s.line(event.Stdout, "a", "begun", true)
		s.line(event.Stdout, "b", "other", false)
		s.line(event.Stdout, "a", " ended", false)
		s.line(event.Stderr, "a", "never ended", true)
		c.Close()
		want := "a | one line\na | begun\nb | other\na |  ended\na | never ended\n"
		if got := out.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func TestOutputAppearsWithoutWaitingForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		c := NewConsole(&out, ConsoleOptions{})
		defer c.Close()
		newScript(c).out("a", "hello")
		if out.String() != "" {
			t.Error("each line is a write of its own")
		}
		time.Sleep(flushDelay)
		synctest.Wait()
		if got := out.String(); got != "a | hello\n" {
			t.Errorf("after %v: %q", flushDelay, got)
		}
	})
}

func TestLargeRunIsCountedNotListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		c := NewConsole(&out, ConsoleOptions{})
		s := newScript(c)
		s.begin("big", 1000)
		for i := range 100 {
			id := fmt.Sprintf("ok_%d", i)
			s.started(id, "true")
			s.completed(id, time.Millisecond)
		}
		for i := range 30 {
			id := fmt.Sprintf("bad_%d", i)
			s.started(id, "false")
			s.failed(event.Event{StepID: id}, 1, time.Millisecond)
		}
		for i := range 870 {
			s.skipped(fmt.Sprintf("left_%d", i), event.ReasonStopped, "stopped after a failure")
		}
		s.end(event.StatusFailed)
		c.Close()
		_, summary, _ := strings.Cut(out.String(), "\n\n")
		golden(t, "console_large.golden", summary)
	})
}

func TestLastLinesComeFromTheLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "x.log")
	text := strings.Repeat("early\n", 10_000) + strings.Repeat("long", 200) + "\nlast \x1b[2Jline\n"
	if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		c := NewConsole(&out, ConsoleOptions{Quiet: true})
		s := newScript(c)
		s.begin("x", 1)
		s.started("a", "false")
		s.out("a", "early")
		s.send(event.Event{Type: event.Failed, StepID: "a", Error: "exit code 1", Result: &event.Result{LogPath: log}})
		s.end(event.StatusFailed)
		c.Close()
		want := strings.Repeat("  | early\n", 8) + "  | " + strings.Repeat("long", 100) + "…\n  | last \\x1b[2Jline\n"
		if !strings.Contains(out.String(), "exit code 1\n"+want) {
			t.Errorf("got\n%s\nwant in it\n%s", out.String(), want)
		}
	})
}

// A buffer may be read while the console's timers write to it.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

type brokenPipe struct{ writes int }

func (b *brokenPipe) Write([]byte) (int, error) {
	b.writes++
	return 0, errors.New("broken pipe")
}

func TestConsoleFallsSilentWhenItsReaderIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &brokenPipe{}
		c := NewConsole(w, ConsoleOptions{TTY: true, Live: true, Messages: w})
		aRun(newScript(event_(func(e event.Event) {
			if e.Type != event.Warning {
				c.OnEvent(e)
				time.Sleep(time.Second)
			}
		})))
		if err := c.Close(); err == nil || err.Error() != "broken pipe" {
			t.Errorf("Close() = %v, want the write error", err)
		}
		if w.writes != 1 {
			t.Errorf("%d writes, want no other after the first failed", w.writes)
		}
	})
}

type stuck struct{ c chan struct{} }

func (s stuck) Write(b []byte) (int, error) {
	<-s.c
	return len(b), nil
}

func TestNotifyGetsThroughWhenTheTerminalHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var messages bytes.Buffer
		w := stuck{make(chan struct{})}
		c := NewConsole(w, ConsoleOptions{Messages: &messages})
		newScript(c).out("a", "hello")
		time.Sleep(time.Second)
		synctest.Wait()
		c.Notify("stopping")
		if got := messages.String(); got != "stopping\n" {
			t.Errorf("got %q", got)
		}
		close(w.c)
		c.Close()
	})
}

// A run of the whole language: loops, locks, approvals, what was undone.
func aWholeRun(s *script) {
	s.begin("rotate", 7)
	s.send(event.Event{Type: event.Waiting, Lock: "rotate-db", Holder: "run 0193 of mia@host", Delay: event.Duration(time.Minute)})
	s.started("snapshot", "aws", "rds")
	s.completed("snapshot", 2*time.Second)
	s.skipped("notify", event.ReasonIf, "if is false")
	s.skipped("tag", event.ReasonUnless, "unless holds")
	s.skipped("audit", event.ReasonLeftOut, "left out by --skip")
	s.send(event.Event{Type: event.ApprovalRequested, StepID: "modify", Message: "Change the password of db?"})
	s.send(event.Event{Type: event.ApprovalGranted, StepID: "modify", By: "mia"})
	s.started("modify", "aws", "rds")
	s.completed("modify", time.Second)
	s.send(event.Event{Type: event.Expanded, StepID: "restart", Items: []event.Item{{Key: "blue", Value: "blue"}, {Key: "green", Value: "green"}, {Key: "red", Value: "red"}}})
	for _, id := range []string{"restart[blue]", "restart[green]", "restart[red]"} {
		s.started(id, "kubectl", "rollout", id)
	}
	s.completed("restart[blue]", time.Second)
	s.send(event.Event{Type: event.Timeout, StepID: "restart[green]", Attempt: 1, Reason: event.ReasonTimeout, Error: "timed out after 1s",
		Result: &event.Result{Status: event.StatusTimeout, Attempts: 1, Duration: 2 * time.Second, LogPath: "/log/green"}})
	s.completed("restart[red]", time.Second)
	s.send(event.Event{Type: event.Failed, StepID: "restart", Error: "restart[green] failed", Result: &event.Result{Status: event.StatusFailed, Duration: 2 * time.Second}})
	for _, id := range []string{"modify", "snapshot"} {
		s.send(event.Event{Type: event.Started, StepID: id, Attempt: 1, Phase: event.Rollback, Command: []string{"./undo", id}})
		if id == "modify" {
			s.send(event.Event{Type: event.Completed, StepID: id, Phase: event.Rollback, Result: &event.Result{Status: event.StatusCompleted, Attempts: 1, Duration: 300 * time.Millisecond}})
			s.send(event.Event{Type: event.RolledBack, StepID: id})
			continue
		}
		s.send(event.Event{Type: event.Failed, StepID: id, Phase: event.Rollback, Error: "exit code 3",
			Result: &event.Result{Status: event.StatusFailed, Attempts: 1, Duration: time.Second, LogPath: "/log/undo"}})
	}
	s.stats.Failed++
	s.end(event.StatusFailed)
}

func TestConsoleOfTheWholeLanguage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		c := NewConsole(&out, ConsoleOptions{Steps: []Step{
			{ID: "snapshot", Rollback: true, Writes: true}, {ID: "notify"}, {ID: "tag"}, {ID: "audit"},
			{ID: "modify", Rollback: true, Writes: true}, {ID: "restart", Rollback: true, Writes: true},
		}})
		aWholeRun(newScript(c))
		c.Close()
		golden(t, "console_whole.golden", visible(out.String()))
	})
}

func TestPausedRunSaysWhatItWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		c := NewConsole(&out, ConsoleOptions{})
		s := newScript(c)
		s.begin("x", 3)
		s.started("a", "true")
		s.completed("a", time.Millisecond)
		s.send(event.Event{Type: event.ApprovalRequested, StepID: "b", Message: "Go on?\x1b[2J"})
		s.send(event.Event{Type: event.RunPaused})
		s.send(event.Event{Type: event.RunResumed})
		s.send(event.Event{Type: event.ApprovalRejected, StepID: "b", By: "mia", Message: "not today"})
		s.send(event.Event{Type: event.Failed, StepID: "b", Reason: event.ReasonRejected, Error: "rejected by mia: not today"})
		s.skipped("c", event.ReasonStopped, "")
		s.stats.Failed++
		s.end(event.StatusFailed)
		c.Close()
		golden(t, "console_paused.golden", visible(out.String()))
	})
}

// Thousands of instances are counted; those that failed are told, to a number.
func TestManyInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		c := NewConsole(&out, ConsoleOptions{NoRollback: true, Steps: []Step{{ID: "each", Rollback: true, Writes: true}}})
		s := newScript(c)
		s.begin("many", 1)
		items := make([]event.Item, 200)
		for i := range items {
			items[i].Key = fmt.Sprint(i)
		}
		s.send(event.Event{Type: event.Expanded, StepID: "each", Items: items})
		for i := range items {
			id := fmt.Sprintf("each[%d]", i)
			if i > 150 {
				s.skipped(id, event.ReasonStopped, "")
				continue
			}
			s.started(id, "true")
			if i%5 == 0 {
				s.failed(event.Event{StepID: id, Tolerated: i == 5}, 1, time.Millisecond)
			} else {
				s.completed(id, time.Millisecond)
			}
		}
		s.stats = event.Stats{Failed: 1}
		s.send(event.Event{Type: event.Failed, StepID: "each", Error: "30 instances failed", Result: &event.Result{Status: event.StatusFailed, Duration: time.Second}})
		s.end(event.StatusFailed)
		c.Close()
		_, summary, _ := strings.Cut(out.String(), "\n\n")
		golden(t, "console_instances.golden", summary)
	})
}

// A question stays beneath what happens meanwhile and, answered, in its place.
func TestAsk(t *testing.T) {
	for _, live := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			screen := newScreen(t, 40)
			c := NewConsole(screen, ConsoleOptions{TTY: true, Live: live, Asks: true, Width: screen.columns})
			s := newScript(c)
			s.begin("x", 2)
			s.started("slow", "true")
			s.send(event.Event{Type: event.ApprovalRequested, StepID: "b", Message: "Sure?"})
			c.Ask([]string{"b would run: rm"}, "Sure? [y/n] ")
			s.out("slow", "meanwhile")
			time.Sleep(5 * time.Second)
			synctest.Wait()
			want := "x: 2 steps\nslow: started: true\nslow | meanwhile\nb would run: rm\nSure? [y/n] "
			if got := screen.text(); got != want {
				t.Errorf("live %v: asking, the screen shows\n%s\nwant\n%s", live, got, want)
			}
			screen.Write([]byte("y\n"))
			c.Answered(true)
			s.completed("slow", time.Second)
			s.end(event.StatusCompleted)
			c.Close()
			want += "y\nslow: completed in 1s\n\n  slow  completed      1s\n\nx: completed in "
			if got := screen.text(); !strings.HasPrefix(got, want) {
				t.Errorf("live %v: at the end the screen shows\n%s\nwant\n%s", live, got, want)
			}
		})
	}
}

// What a question is about stays with it as far as a small terminal has room,
// whatever its width becomes, and an unfinished line does not hide it.
func TestQuestionOnASmallTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen := newScreen(t, 20)
		c := NewConsole(screen, ConsoleOptions{TTY: true, Color: true, Live: true, Width: screen.columns, Height: func() int { return 8 }})
		s := newScript(c)
		c.Ask([]string{"step", "\x1b[36ma command line that is long\x1b[0m", "Really do it in production?"}, "b: approve? [y/n] ")
		const asked = "a command line that is long\nReally do it in production?\nb: approve? [y/n] "
		want := "step\n"
		for i, width := range []int{20, 9, 50, 20} {
			s.out("a", fmt.Sprint("line ", i))
			s.line(event.Stdout, "a", "part", true)
			time.Sleep(time.Second)
			synctest.Wait()
			want += fmt.Sprintf("a | line %d\na | part\n", i)
			if got := screen.text(); got != want+asked {
				t.Errorf("before width %d the screen shows\n%s\nwant\n%s", width, got, want+asked)
			}
			screen.resize(width)
			s.line(event.Stdout, "a", " end", false)
			want += "a |  end\n"
		}
		c.Answered(false)
		c.Close()
	})
}

func TestQuestionThatNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen := newScreen(t, 40)
		c := NewConsole(screen, ConsoleOptions{TTY: true, Width: screen.columns})
		s := newScript(c)
		c.Ask(nil, "Sure? [y/n] ")
		c.Answered(false)
		s.out("a", "on")
		c.Close()
		if got, want := screen.text(), "Sure? [y/n] \na | on\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
