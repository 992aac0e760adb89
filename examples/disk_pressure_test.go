package examples_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// sized writes a file of some KiB that was last written days ago.
func sized(t *testing.T, path string, kib, days int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("0123456789abcdef"), kib*64), 0o644); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-time.Duration(days)*24*time.Hour - time.Hour)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

// fullTree is 12 MiB: 6 that policy lets go, 6 that it does not.
func fullTree(t *testing.T) (w *world, root string) {
	w = stage(t, "disk-pressure")
	root = w.mkdir("var")
	sized(t, filepath.Join(root, "cache/oldest"), 2048, 90)
	sized(t, filepath.Join(root, "log/archive/app log.1.gz"), 2048, 60)
	sized(t, filepath.Join(root, "cache/newer"), 2048, 20)
	sized(t, filepath.Join(root, "cache/fresh"), 2048, 1)
	sized(t, filepath.Join(root, "lib/db/data"), 4096, 400)
	w.set("DISK_ROOT", root)
	return w, root
}

func TestDiskPressure(t *testing.T) {
	needs(t, "bash", "find", "du", "df", "sort")
	t.Run("deletes oldest first until the target", func(t *testing.T) {
		t.Parallel()
		w, root := fullTree(t)
		w.set("DISK_BUDGET_MIB", "10", "DISK_TARGET_MIB", "9")
		wantContains(t, w.apply("runbook.yaml", 0), "deleted 2 files, 4 MiB")
		for path, want := range map[string]bool{
			"cache/oldest": false, "log/archive/app log.1.gz": false,
			"cache/newer": true, "cache/fresh": true, "lib/db/data": true,
		} {
			if got := exists(filepath.Join(root, path)); got != want {
				t.Errorf("%s: exists is %v, want %v", path, got, want)
			}
		}
	})

	t.Run("leaves open files and links alone", func(t *testing.T) {
		t.Parallel()
		if !exists("/proc/self/fd") {
			unavailable(t, "a mounted /proc")
		}
		w, root := fullTree(t)
		w.set("DISK_BUDGET_MIB", "11", "DISK_TARGET_MIB", "11")
		held, err := os.Open(filepath.Join(root, "cache/oldest"))
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		outside := w.path("precious")
		sized(t, outside, 1, 90)
		link := filepath.Join(root, "cache/link")
		if err := os.Symlink(outside, link); err != nil {
			t.Fatal(err)
		}
		wantContains(t, w.apply("runbook.yaml", 0), "1 in use")
		if !exists(held.Name()) || !exists(link) || !exists(outside) {
			t.Error("an open file, a link or what it points to was deleted")
		}
		if exists(filepath.Join(root, "log/archive/app log.1.gz")) {
			t.Error("the next oldest file was not taken instead")
		}
	})

	t.Run("within budget touches nothing", func(t *testing.T) {
		t.Parallel()
		w, root := fullTree(t)
		w.set("DISK_BUDGET_MIB", "100", "DISK_TARGET_MIB", "1")
		wantContains(t, w.apply("runbook.yaml", 0), "nothing to delete")
		if !exists(filepath.Join(root, "cache/oldest")) {
			t.Error("deleted a file of a tree within its budget")
		}
	})

	t.Run("hands over when policy is not enough", func(t *testing.T) {
		t.Parallel()
		w, root := fullTree(t)
		w.set("DISK_BUDGET_MIB", "3", "DISK_TARGET_MIB", "2")
		wantContains(t, w.apply("runbook.yaml", 1), "still over budget", "lib/db/data")
		for _, kept := range []string{"lib/db/data", "cache/fresh"} {
			if !exists(filepath.Join(root, kept)) {
				t.Errorf("%s is not covered by the policy and was deleted", kept)
			}
		}
	})
}
