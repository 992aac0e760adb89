package examples_test

import (
	"bytes"
	"fmt"
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
	return w, root
}

// relieve runs the runbook with a budget and a target in MiB.
func (w *world) relieve(wantExit, budget, target int, more ...string) string {
	w.t.Helper()
	args := []string{"-p", "root=" + w.path("var"), "-p", fmt.Sprint("budget_mib=", budget), "-p", fmt.Sprint("target_mib=", target)}
	return w.apply("runbook.yaml", wantExit, append(args, more...)...)
}

func TestDiskPressure(t *testing.T) {
	needs(t, "bash", "find", "du", "df", "sort")
	t.Run("deletes oldest first until the target", func(t *testing.T) {
		t.Parallel()
		w, root := fullTree(t)
		wantContains(t, w.relieve(0, 10, 9), "deleted 2 files, 4 MiB")
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
		wantContains(t, w.relieve(0, 11, 11), "1 in use")
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
		w.relieve(0, 100, 1)
		if !exists(filepath.Join(root, "cache/oldest")) {
			t.Error("deleted a file of a tree within its budget")
		}
	})

	t.Run("hands over when policy is not enough", func(t *testing.T) {
		t.Parallel()
		w, root := fullTree(t)
		wantContains(t, w.relieve(1, 3, 2), "still over budget", "lib/db/data")
		for _, kept := range []string{"lib/db/data", "cache/fresh"} {
			if !exists(filepath.Join(root, kept)) {
				t.Errorf("%s is not covered by the policy and was deleted", kept)
			}
		}
	})

	t.Run("asks before it deletes much", func(t *testing.T) {
		t.Parallel()
		w, root := fullTree(t)
		oldest := filepath.Join(root, "cache/oldest")
		wantContains(t, w.relieve(4, 10, 9, "-p", "ask_above_mib=1"), "Delete 2 files, 4 MiB, below "+root+"?")
		if !exists(oldest) {
			t.Fatal("deleted without an answer")
		}
		wantContains(t, w.relieve(0, 10, 9, "-p", "ask_above_mib=1", "--approve=delete_much"), "deleted 2 files, 4 MiB")
		if exists(oldest) {
			t.Error("not deleted in spite of a yes")
		}
	})

	t.Run("refuses what makes no sense", func(t *testing.T) {
		t.Parallel()
		w, root := fullTree(t)
		wantContains(t, w.relieve(1, 3, 4), "target_mib (4) is above budget_mib (3)")
		wantContains(t, w.relieve(1, 3, 2, "-p", "root="+root+"/nowhere"), "there is no folder")
		wantContains(t, w.relieve(3, 3, 2, "-p", "root=relative"), `"root"`)
		if !exists(filepath.Join(root, "cache/oldest")) {
			t.Error("deleted something all the same")
		}
	})
}
