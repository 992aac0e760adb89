package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A journal that is cut anywhere is gone on with; one that is changed anywhere is
// refused, and nothing is done to it. Whatever of it is good is still shown. That
// each byte is like any other is tested with the journal itself.
func TestResumeOfWhatIsLeftOfAJournal(t *testing.T) {
	whole := newScene(t, mixed)
	e := whole.apply(nil)
	whole.over(e)
	if e.code() != exitPaused {
		t.Fatalf("exit code %d, want %d", e.code(), exitPaused)
	}
	rounds(t, 12, func(t *testing.T, random *rand.Rand) {
		s := newScene(t, mixed)
		s.copyFrom(whole)
		path := s.run().JournalFile()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
		if random.IntN(2) == 0 {
			s.cut(path, random.IntN(len(data)))
			return
		}
		at := random.IntN(last)
		data[at] ^= byte(1 << random.IntN(8))
		s.damaged(path, data, at)
	})
}

// copyFrom makes the scene a copy of another.
func (s *scene) copyFrom(other *scene) {
	s.t.Helper()
	if err := os.RemoveAll(s.dir); err != nil {
		s.t.Fatal(err)
	}
	if err := os.CopyFS(s.dir, os.DirFS(other.dir)); err != nil {
		s.t.Fatal(err)
	}
	for _, dir := range []string{"state", "state/runs", "state/runs/" + other.id.String()} {
		if err := os.Chmod(s.path(dir), 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
	s.id = other.id
}

// cut goes on with a journal that ends early, as a crash leaves it.
func (s *scene) cut(path string, end int) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(filepath.Dir(path), "sealed.json")); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Truncate(path, int64(end)); err != nil {
		s.t.Fatal(err)
	}
	s.list()
	s.prints("show")
	e := s.resume(nil, "-f", "x.yaml", "--approve", "gate")
	<-e.dead
	if e.code() == exitUndecided {
		e = s.resume(nil, append(s.decisions(), "-f", "x.yaml", "--approve", "gate")...)
		<-e.dead
	}
	if e.code() != 0 {
		s.t.Errorf("cut at %d: exit code %d, want 0", end, e.code())
	}
	if got := s.ending()[""]; got != "completed" {
		s.t.Errorf("cut at %d: it ended as %s", end, got)
	}
}

// damaged tries to go on with a journal that was changed.
func (s *scene) damaged(path string, data []byte, at int) {
	s.t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	effects := len(s.effects())
	e := s.resume(nil, "-f", "x.yaml", "--approve", "gate")
	<-e.dead
	if e.code() != exitEngine || !strings.Contains(e.stderr.String(), "journal damaged at byte") {
		s.t.Errorf("byte %d: exit code %d, want %d\n%s", at, e.code(), exitEngine, e.stderr.String())
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, data) {
		s.t.Errorf("byte %d: the journal was changed, %v", at, err)
	}
	if n := len(s.effects()); n != effects {
		s.t.Errorf("byte %d: %d effects more", at, n-effects)
	}
	s.list()
	s.prints("show")
	s.id = [16]byte{} // its events cannot be shown
}

// prints runs a command about the run, which must not fail in a way that nobody
// can read.
func (s *scene) prints(command string) {
	s.t.Helper()
	e := s.start(nil, command, s.id.String(), "--state-dir", "state")
	if code := e.code(); code != 0 && code != exitEngine || strings.Contains(e.stderr.String(), "panic") {
		s.t.Errorf("%s: exit code %d\n%s", command, code, e.stderr.String())
	}
}
