package examples_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func sickMachine(t *testing.T) *world {
	w := stage(t, "incident-snapshot")
	writeFile(t, w.path("shop.log"), "started\nERROR cannot connect\nhello\n")
	w.set("SUSPECT_PID", strconv.Itoa(os.Getpid()), "SUSPECT_LOG", w.path("shop.log"), "SNAPSHOT_DIR", w.path("incidents"))
	return w
}

// snapshot is the content of the files packed, by name.
func (w *world) snapshot() map[string]string {
	w.t.Helper()
	packed, _ := filepath.Glob(w.path("incidents", "*"))
	if len(packed) != 1 || !strings.HasSuffix(packed[0], ".tar.gz") {
		w.t.Fatalf("want one snapshot, found %q", packed)
	}
	dir := w.mkdir("unpacked")
	w.must(dir, "tar", "-xzf", packed[0], "--strip-components=1")
	files := map[string]string{}
	names, _ := filepath.Glob(filepath.Join(dir, "*.txt"))
	for _, name := range names {
		files[filepath.Base(name)] = readFile(w.t, name)
	}
	return files
}

func TestIncidentSnapshot(t *testing.T) {
	needs(t, "bash", "tar", "gzip", "awk", "find", "grep", "sort", "df")
	if !exists("/proc/self/status") {
		unavailable(t, "a mounted /proc")
	}
	t.Run("packs everything", func(t *testing.T) {
		t.Parallel()
		w := sickMachine(t)
		w.apply("runbook.yaml", 0)
		got := w.snapshot()
		wantContains(t, got["suspect.txt"], "Pid:\t"+w.env["SUSPECT_PID"]+"\n", "== open files")
		wantContains(t, got["processes.txt"], "threads")
		wantContains(t, got["pressure.txt"], "== loadavg", "MemTotal")
		wantContains(t, got["disks.txt"], "Filesystem")
		wantContains(t, got["connections.txt"], "local_address")
		if got["errors.txt"] != "ERROR cannot connect\n" {
			t.Errorf("errors.txt holds %q", got["errors.txt"])
		}
	})

	t.Run("a log without errors is an answer", func(t *testing.T) {
		t.Parallel()
		w := sickMachine(t)
		writeFile(t, w.path("shop.log"), "all quiet\n")
		if out := w.apply("runbook.yaml", 0); strings.Contains(out, "tolerated") {
			t.Errorf("exit code 1 of grep counts as a failure:\n%s", out)
		}
	})

	t.Run("packs what it got when the suspect is gone", func(t *testing.T) {
		t.Parallel()
		w := sickMachine(t)
		w.set("SUSPECT_PID", "999999999")
		wantContains(t, w.apply("runbook.yaml", 1), "no process 999999999")
		if got := w.snapshot(); got["pressure.txt"] == "" || got["suspect.txt"] != "" {
			t.Errorf("packed: %q", got)
		}
	})

	t.Run("a tool that hangs is cut off", func(t *testing.T) {
		t.Parallel()
		w := sickMachine(t)
		// The example's PATH is fixed, so the hanging df goes in by the runbook.
		bin := w.mkdir("bin")
		writeFile(t, filepath.Join(bin, "df"), "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 60; done\n")
		if err := os.Chmod(filepath.Join(bin, "df"), 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(w.dir, "runbook.yaml")
		text := strings.Replace(readFile(t, file), `PATH: "`, `PATH: "`+bin+":", 1)
		text = strings.Replace(text, "timeout: 10s", "timeout: 1s", 1)
		writeFile(t, file, text)
		w.apply("runbook.yaml", 0)
		got := w.snapshot()
		if got["disks.txt"] != "" || got["suspect.txt"] == "" || got["connections.txt"] == "" {
			t.Errorf("packed: %q", got)
		}
	})
}
