package docs_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var comes = regexp.MustCompile(`^(.*\S)\s+# exit (\d+)(?:: (.*))?$`)

// TestRuns: in a block of runs.md with exit codes every line does what is said
// behind it, one after the other, with the files shown before.
func TestRuns(t *testing.T) {
	dir := t.TempDir()
	env := append(os.Environ(), "XDG_STATE_HOME="+dir+"/state", "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
	p := readPage(t, "docs/runs.md")
	count := 0
	for _, b := range p.blocks {
		first, _, _ := strings.Cut(b.text, "\n")
		if m := named.FindStringSubmatch(first); m != nil {
			put(t, filepath.Join(dir, m[1]), b.text, 0o600)
		}
		if b.lang != "sh" || !strings.Contains(b.text, "# exit ") {
			continue
		}
		for i, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
			m := comes.FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("%s: the line does not say what comes of it", p.at(b.line+i))
			}
			cmd := exec.Command("sh", "-c", m[1])
			cmd.Dir, cmd.Env = dir, env
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			want, _ := strconv.Atoi(m[2])
			if code := cmd.ProcessState.ExitCode(); code != want || !strings.Contains(string(out), m[3]) {
				t.Fatalf("%s: exit code %d, want %d and %q\n%s", p.at(b.line+i), code, want, m[3], out)
			}
			count++
		}
	}
	if count < 5 {
		t.Errorf("only %d lines were found to run", count)
	}
}
