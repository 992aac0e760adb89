package executor

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cloudops-run/runbook/executor/state"
)

// Whatever somebody else may have put where our folder usually is, ours is a
// folder of our own that nobody else can enter.
func TestPrivateTemp(t *testing.T) {
	usual := "runbook-" + strconv.Itoa(os.Geteuid())
	tests := []struct {
		name  string
		plant func(t *testing.T, path string)
		taken bool
	}{
		{"nothing there", func(t *testing.T, path string) {}, false},
		{"ours from before", func(t *testing.T, path string) { os.Mkdir(path, 0o700) }, false},
		{"open to others", func(t *testing.T, path string) { os.Mkdir(path, 0o700); os.Chmod(path, 0o777) }, true},
		{"readable by others", func(t *testing.T, path string) { os.Mkdir(path, 0o700); os.Chmod(path, 0o750) }, true},
		{"a link to elsewhere", func(t *testing.T, path string) { os.Symlink(t.TempDir(), path) }, true},
		{"a dangling link", func(t *testing.T, path string) { os.Symlink(filepath.Join(t.TempDir(), "no"), path) }, true},
		{"a file", func(t *testing.T, path string) { os.WriteFile(path, nil, 0o600) }, true},
		{"another user's", func(t *testing.T, path string) {
			os.Mkdir(path, 0o700)
			if err := os.Chown(path, 65534, -1); err != nil {
				t.Logf("not root, so the owner stays: %v", err)
				os.Chmod(path, 0o777)
			}
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			tt.plant(t, filepath.Join(temp, usual))
			dir, err := privateTemp()
			if err != nil {
				t.Fatal(err)
			}
			if taken := filepath.Base(dir) != usual; taken != tt.taken {
				t.Errorf("got %q", dir)
			}
			info, err := os.Lstat(dir)
			if err != nil || state.Unsafe(info, 0o077) != "" || filepath.Dir(dir) != temp {
				t.Errorf("%q: %v, %v", dir, info, err)
			}
		})
	}
}

func TestLogFolder(t *testing.T) {
	temp := t.TempDir()
	made := filepath.Join(temp, "a", "b")
	if dir, err := logFolder(made); dir != made || err != nil {
		t.Errorf("got %q, %v", dir, err)
	}
	if info, _ := os.Stat(made); info.Mode().Perm() != 0o700 {
		t.Errorf("made with mode %v", info.Mode())
	}
	os.Chmod(made, 0o777)
	if _, err := logFolder(made); err == nil || !strings.Contains(err.Error(), "others may use it (its mode is 0777)") {
		t.Errorf("a folder everybody can write to: %v", err)
	}
	file := filepath.Join(temp, "file")
	os.WriteFile(file, nil, 0o600)
	if _, err := logFolder(file); err == nil {
		t.Error("a file as log folder")
	}
}
