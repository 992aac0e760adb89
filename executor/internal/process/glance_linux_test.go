package process

import (
	"context"
	"io"
	"os"
	"testing"
	"time"
)

// What a process says and how it ends is the same whoever watches it, and what
// it says comes while it runs.
func TestGlance(t *testing.T) {
	r := newRig(t, Options{})
	defer func(d time.Duration) { glanceTime = d }(glanceTime)
	for _, tt := range []struct {
		name, script   string
		stdout, stderr string
		code           int
		seen           bool // a glance sees the end of it
	}{
		{"silent", "exit 3", "", "", 3, true},
		{"it closes its output and goes on", "exec >&- 2>&-; sleep .02; exit 4", "", "", 4, true},
		{"it closes one stream and writes to the other", "exec >&-; echo err >&2; exit 5", "", "err\n", 5, false},
		{"a word at the end", "sleep .02; echo out", "out\n", "", 0, false},
		{"it waits for an answer", "echo out; read x; echo $x >&2", "out\n", "answer\n", 0, false},
		{"another writes after its end", "(sleep .05; echo late) & exit 6", "late\n", "", 6, false},
	} {
		for _, way := range []struct {
			name    string
			time    time.Duration
			glances int32 // of others
		}{
			{"as long as it takes", time.Hour, 0},
			{"a short one", 10 * time.Millisecond, 0},
			{"it is over at once", 0, 0},
			{"others have all threads", time.Hour, maxGlances},
		} {
			t.Run(tt.name+"/"+way.name, func(t *testing.T) {
				glanceTime = way.time
				glances.Add(way.glances)
				defer glances.Add(-way.glances)
				in, answer, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer in.Close()
				defer answer.Close()
				var stdout, stderr buffer
				s := Spec{Path: "/bin/sh", Args: []string{"-c", tt.script}, Stdin: in, Stdout: writerFunc(func(p []byte) (int, error) {
					_, _ = answer.WriteString("answer\n")
					return stdout.Write(p)
				}), Stderr: &stderr}
				x := execution{host: r.host, spec: &s}
				if err := x.start(context.Background()); err != nil {
					t.Fatal(err)
				}
				x.watch()
				seen := x.events == nil
				x.settle()
				r.host.gate.leave()
				if stdout.String() != tt.stdout || stderr.String() != tt.stderr || x.exit.Code != tt.code || x.exit.PipeHeld {
					t.Errorf("got %q and %q, %+v", stdout.String(), stderr.String(), x.exit)
				}
				if x.exit.Duration <= 0 || x.exit.Ended.IsZero() {
					t.Errorf("no time: %+v", x.exit)
				}
				if want := tt.seen && way.glances == 0; seen != want && way.time == time.Hour {
					t.Errorf("seen by a glance: %v, want %v", seen, want)
				}
			})
		}
	}
	if n := glances.Load(); n != 0 {
		t.Errorf("%d glances are left", n)
	}
}

// A glance is no reason to run longer than a step may.
func TestGlanceKeepsTimeout(t *testing.T) {
	r := newRig(t, Options{})
	defer func(d time.Duration) { glanceTime = d }(glanceTime)
	glanceTime = time.Hour
	exit := r.run(Spec{Path: "/bin/sleep", Args: []string{"3600"}, Stdout: io.Discard, Stderr: io.Discard, Timeout: 20 * time.Millisecond})
	if exit.Cause != TimedOut {
		t.Errorf("%+v", exit)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
