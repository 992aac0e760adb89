package executor

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestUntouchedFolder(t *testing.T) {
	file := func(dir string) string { return filepath.Join(dir, "file") }
	write := func(t *testing.T, dir string) {
		if err := os.WriteFile(file(dir), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, do := range map[string]func(*testing.T, string){
		"a file":          write,
		"a folder":        func(_ *testing.T, dir string) { os.Mkdir(file(dir), 0o700) },
		"a link":          func(_ *testing.T, dir string) { os.Symlink("/", file(dir)) },
		"made and gone":   func(t *testing.T, dir string) { write(t, dir); os.Remove(file(dir)) },
		"another time":    func(_ *testing.T, dir string) { os.Chtimes(dir, time.Time{}, time.Now()) },
		"the folder gone": func(_ *testing.T, dir string) { os.Remove(dir) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			u := markUntouched(dir)
			defer u.close()
			for range 2 {
				if !u.still() {
					t.Fatal("touched before anything was done")
				}
			}
			if do(t, dir); u.still() {
				t.Error("untouched after that")
			}
		})
	}
	var unknown untouchedFolder
	missing := markUntouched(filepath.Join(t.TempDir(), "no"))
	if unknown.still() || missing.still() {
		t.Error("untouched although nothing is known of it")
	}
	dir := t.TempDir()
	write(t, dir)
	if u := markUntouched(dir); u.still() {
		t.Error("a file was there before: it can be written to without the folder showing it")
	}
}
