package examples_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chatty starts a daemon and waits until its log is worth rotating.
func chatty(t *testing.T, env ...string) (w *world, d *daemon, log string) {
	w = stage(t, "log-rotation")
	log = filepath.Join(w.mkdir("log"), "shop.log")
	d = startDaemon(t, w, "logger", append(env, "DAEMON_LOG="+log)...)
	w.set("LOG_FILE", log, "LOG_PID_FILE", d.pidFile, "LOG_MAX_KIB", "1", "LOG_KEEP", "2")
	grow(t, log)
	return w, d, log
}

func grow(t *testing.T, log string) {
	t.Helper()
	eventually(t, "the log to grow", func() bool {
		info, err := os.Stat(log)
		return err == nil && info.Size() > 1100
	})
}

// archives are the compressed logs, oldest first.
func archives(t *testing.T, log string) []string {
	t.Helper()
	files, err := filepath.Glob(log + ".*.gz")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func gunzip(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// wantLines checks that text is lines from..n of the daemon, none missing, and
// returns n.
func wantLines(t *testing.T, text string, from int) int {
	t.Helper()
	n := from
	for line := range strings.Lines(text) {
		if line != fmt.Sprintf("line %d\n", n) {
			t.Fatalf("got %q where line %d belongs", line, n)
		}
		n++
	}
	return n - 1
}

func TestLogRotation(t *testing.T) {
	needs(t, "bash", "gzip", "stat")
	if !exists("/proc/self/fd") {
		unavailable(t, "a mounted /proc")
	}
	t.Run("loses no line and keeps the newest archives", func(t *testing.T) {
		t.Parallel()
		w, d, log := chatty(t)
		w.apply("runbook.yaml", 0)
		first := archives(t, log)
		if len(first) != 1 {
			t.Fatalf("archives after the first rotation: %q", first)
		}
		last := wantLines(t, gunzip(t, first[0]), 1)
		for range 2 {
			grow(t, log)
			w.apply("runbook.yaml", 0)
		}
		kept := archives(t, log)
		if len(kept) != 2 || kept[0] == first[0] {
			t.Fatalf("kept %q, want the two newest", kept)
		}
		d.stop()
		whole := gunzip(t, kept[0]) + gunzip(t, kept[1]) + readFile(t, log)
		wantLines(t, whole, last+1)
		if left, _ := filepath.Glob(log + ".*Z"); len(left) > 0 {
			t.Errorf("left uncompressed: %q", left)
		}
	})

	t.Run("leaves a small log alone", func(t *testing.T) {
		t.Parallel()
		w, _, log := chatty(t)
		w.set("LOG_MAX_KIB", "1000000")
		wantContains(t, w.apply("runbook.yaml", 0), "not yet")
		if got := archives(t, log); len(got) != 0 {
			t.Errorf("rotated a small log: %q", got)
		}
	})

	t.Run("puts the name back when the daemon does not reopen", func(t *testing.T) {
		t.Parallel()
		w, d, log := chatty(t, "DAEMON_DEAF=1")
		out := w.apply("runbook.yaml", 1)
		wantContains(t, out, "is not there yet", "has its name back")
		d.stop()
		wantLines(t, readFile(t, log), 1)
		if files, _ := filepath.Glob(log + "*"); len(files) != 1 {
			t.Errorf("want only the log itself, found %q", files)
		}
	})

	t.Run("compresses what an interrupted run left", func(t *testing.T) {
		t.Parallel()
		w, _, log := chatty(t)
		left := log + ".20240101T000000.000000000Z"
		writeFile(t, left, "line 1\n")
		w.set("LOG_MAX_KIB", "1000000")
		w.apply("runbook.yaml", 0)
		if exists(left) || gunzip(t, left+".gz") != "line 1\n" {
			t.Errorf("%s was not compressed", left)
		}
	})
}
