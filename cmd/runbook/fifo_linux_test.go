package main

import (
	"bufio"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

const talkative = `version: 1
name: talkative
strategy: parallel
steps:
  - id: each
    foreach: {in: 0..19}
    exec: [sh, -c, "sh step begin; seq 200; sh step done"]
`

// pipe makes a pipe with a name in the scene.
func (s *scene) pipe(name string) string {
	s.t.Helper()
	if err := syscall.Mkfifo(s.path(name), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.path(name)
}

// piped begins the run with a named pipe as a sink, and opens its other end.
func (s *scene) piped() (*engine, *os.File) {
	s.t.Helper()
	path := s.pipe("pipe")
	e := s.apply(nil, "--sink", "jsonl=pipe")
	file, err := os.Open(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return e, file
}

// A reader that goes away in the middle costs the run nothing, not even its exit
// code: it wanted no more.
func TestReaderGoesAway(t *testing.T) {
	t.Parallel()
	s := newScene(t, talkative)
	e, file := s.piped()
	bufio.NewReader(file).ReadString('\n')
	file.Close()
	s.over(e)
	s.lawful()
	if e.code() != 0 || e.stderr.Len() > 0 || s.ending()[""] != "completed" {
		t.Errorf("exit code %d, it ended as %s\n%s", e.code(), s.ending()[""], e.stderr.String())
	}
}

// A reader that stays and does not read keeps no step from its end; the program
// waits for it, but not for longer than its user does.
func TestReaderHangs(t *testing.T) {
	t.Parallel()
	s := newScene(t, talkative)
	e, file := s.piped()
	defer file.Close()
	e.until(event.RunCompleted, "")
	s.find()
	s.settled()
	for leaving := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-leaving.C: // the first may come before the program knows that the run is over
			e.cmd.Process.Signal(syscall.SIGINT)
			continue
		case <-e.dead:
			leaving.Stop()
		}
		break
	}
	s.over(e)
	s.lawful()
	want := map[int]string{exitEngine: `error: "pipe": left before it had all events`, exitInterrupt: "leaving at once"}[e.code()]
	if want == "" || !strings.Contains(e.stderr.String(), want) || s.ending()[""] != "completed" {
		t.Errorf("exit code %d, it ended as %s\n%s", e.code(), s.ending()[""], e.stderr.String())
	}
}
