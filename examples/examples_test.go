// Package examples_test runs every example for real: with the runbook command
// itself, against servers and daemons that the tests start on loopback.
package examples_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// runbookBin is the command under test, built once.
var runbookBin string

// TestMain builds the command. Called again by a test as one of the daemons in
// daemon_test.go, it becomes that daemon.
func TestMain(m *testing.M) {
	if name := os.Getenv("EXAMPLES_DAEMON"); name != "" {
		os.Exit(runDaemon(name))
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runbook-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // some examples run as another user
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	runbookBin = filepath.Join(dir, "runbook")
	build := exec.Command("go", "build", "-o", runbookBin, "../cmd/runbook")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "examples: cannot build the command:", err)
		return 1
	}
	return m.Run()
}

// needs names the programs a test cannot do without. Where one is missing the
// test is skipped by name, so that the suite passes on a machine with little
// more than Go; with RUNBOOK_TEST_ALL set, as in CI, that is a failure.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	var missing []string
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			missing = append(missing, p)
		}
	}
	if len(missing) > 0 {
		unavailable(t, strings.Join(missing, ", "))
	}
}

func unavailable(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("RUNBOOK_TEST_ALL") != "" {
		t.Fatalf("needs %s: not installed, and RUNBOOK_TEST_ALL is set", what)
	}
	t.Skipf("needs %s: not installed", what)
}

// A world is the place one run happens in: a copy of the example's folder, and
// an environment that holds nothing of the developer's own.
type world struct {
	t   *testing.T
	dir string // the copy of the example
	tmp string // for everything else
	env map[string]string
	as  *syscall.SysProcAttr // who runs things; nil: whoever runs the tests
}

// stage copies the folder of an example, for what it writes beside itself.
func stage(t *testing.T, example string) *world {
	t.Helper()
	return stageIn(t, example, t.TempDir())
}

func stageIn(t *testing.T, example, tmp string) *world {
	t.Helper()
	w := &world{t: t, dir: filepath.Join(tmp, "runbooks", example), tmp: tmp}
	if err := os.CopyFS(w.dir, os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	home := w.mkdir("home")
	w.env = map[string]string{
		"PATH":            os.Getenv("PATH"),
		"HOME":            home,
		"XDG_STATE_HOME":  filepath.Join(home, "state"),
		"XDG_CONFIG_HOME": filepath.Join(home, "config"),
		"TMPDIR":          w.mkdir("tmp"),
		"LANG":            "C.UTF-8",
	}
	return w
}

func (w *world) set(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		w.env[pairs[i]] = pairs[i+1]
	}
}

func (w *world) environ() []string {
	env := make([]string, 0, len(w.env))
	for k, v := range w.env {
		env = append(env, k+"="+v)
	}
	return env
}

// apply runs a runbook of the staged folder and checks how it ended. It returns
// all the run printed.
func (w *world) apply(file string, wantExit int, args ...string) string {
	w.t.Helper()
	out, code := w.runbook(append([]string{"apply", filepath.Join(w.dir, file)}, args...)...)
	if code != wantExit {
		w.t.Fatalf("runbook apply %s: exit code %d, want %d\n%s", file, code, wantExit, out)
	}
	return out
}

func (w *world) runbook(args ...string) (out string, code int) {
	w.t.Helper()
	return w.run(w.tmp, runbookBin, args...)
}

// run runs any program in the world's environment, bounded in time.
func (w *world) run(dir, program string, args ...string) (out string, code int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.lookPath(program), args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, w.environ(), w.as
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	var buf bytes.Buffer
	cmd.Stdout, cmd.Stderr = &buf, &buf
	err := cmd.Run()
	if ctx.Err() != nil {
		w.t.Fatalf("%s %q did not end in time\n%s", program, args, &buf)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		w.t.Fatalf("%s %q: %v\n%s", program, args, err, &buf)
	}
	return buf.String(), cmd.ProcessState.ExitCode()
}

// lookPath finds a program in the world's PATH, where os/exec would take it from
// the test's own.
func (w *world) lookPath(program string) string {
	if strings.Contains(program, "/") {
		return program
	}
	for _, dir := range filepath.SplitList(w.env["PATH"]) {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path
		}
	}
	return program
}

// inFront puts a program of the test's own before the one of the same name. Its
// text finds that one in $REAL.
func (w *world) inFront(name, text string) {
	w.t.Helper()
	dir := w.path("bin")
	rest := strings.TrimPrefix(w.env["PATH"], dir+":")
	w.set("PATH", rest)
	own := fmt.Sprintf("#!/bin/sh\nREAL='%s'\n%s\n", w.lookPath(name), text)
	w.set("PATH", dir+":"+rest)
	writeFile(w.t, filepath.Join(dir, name), own)
	if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
		w.t.Fatal(err)
	}
}

// must is run for what sets the scene: it may not fail.
func (w *world) must(dir, program string, args ...string) string {
	w.t.Helper()
	out, code := w.run(dir, program, args...)
	if code != 0 {
		w.t.Fatalf("%s %q: exit code %d\n%s", program, args, code, out)
	}
	return strings.TrimSpace(out)
}

func (w *world) path(elem ...string) string {
	return filepath.Join(append([]string{w.tmp}, elem...)...)
}

func (w *world) mkdir(elem ...string) string {
	w.t.Helper()
	dir := w.path(elem...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// wantContains checks what a run told its reader.
func wantContains(t *testing.T, out string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(out, part) {
			t.Errorf("output does not contain %q:\n%s", part, out)
		}
	}
}

// eventually polls until ok, so that no test waits by the clock.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting: %s", what)
		}
	}
}

// allRunbooks are the paths of every example, whatever folder it is in.
func allRunbooks(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".yaml" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// tested says which test runs which example, so that none is added without one.
var tested = map[string]func(*testing.T){
	"aws-inventory/runbook.yaml":      TestAWSInventory,
	"canary/runbook.yaml":             TestCanary,
	"canary/stage.yaml":               TestCanary,
	"ecs-blue-green/runbook.yaml":     TestECSBlueGreen,
	"maintenance-window/runbook.yaml": TestMaintenanceWindow,
	"node-drain/runbook.yaml":         TestNodeDrain,
	"postgres/failover-drill.yaml":    TestPostgresFailoverDrill,
	"postgres/nightly.yaml":           TestPostgresNightly,
	"postgres/restore.yaml":           TestPostgresRestoreCheck,
	"rds-credentials/runbook.yaml":    TestRDSCredentials,
	"rolling-restart/restart.yaml":    TestRollingRestart,
	"rolling-restart/runbook.yaml":    TestRollingRestart,
	"tls-fleet/host.yaml":             TestTLSFleet,
	"tls-fleet/runbook.yaml":          TestTLSFleet,
	"cookbook/approve.yaml":           TestCookbookApprove,
	"cookbook/clean-up.yaml":          TestCookbookCleanUp,
	"cookbook/json.yaml":              TestCookbookJSON,
	"cookbook/lock.yaml":              TestCookbookLock,
	"cookbook/loop.yaml":              TestCookbookLoop,
	"cookbook/matrix.yaml":            TestCookbookMatrix,
	"cookbook/outputs.yaml":           TestCookbookOutputs,
	"cookbook/retry.yaml":             TestCookbookRetry,
	"cookbook/secret.yaml":            TestCookbookSecret,
	"cookbook/skip.yaml":              TestCookbookSkip,
	"cookbook/undo.yaml":              TestCookbookUndo,
	"cookbook/wait.yaml":              TestCookbookWait,
	"db-migration/runbook.yaml":       TestDBMigration,
	"disk-pressure/runbook.yaml":      TestDiskPressure,
	"health-check/runbook.yaml":       TestHealthCheck,
	"hello.yaml":                      TestHello,
	"incident-snapshot/runbook.yaml":  TestIncidentSnapshot,
	"log-rotation/runbook.yaml":       TestLogRotation,
	"postgres/backup.yaml":            TestPostgresBackup,
	"postgres/restore-check.yaml":     TestPostgresRestoreCheck,
	"release/runbook.yaml":            TestRelease,
	"service-deploy/runbook.yaml":     TestServiceDeploy,
	"static-site/runbook.yaml":        TestStaticSite,
	"tls-renewal/create-ca.yaml":      TestCreateCA,
	"tls-renewal/renew.yaml":          TestTLSRenewal,
}

func TestEveryExampleIsValid(t *testing.T) {
	t.Parallel()
	w := stage(t, ".")
	files := allRunbooks(t)
	if len(files) < 10 {
		t.Fatalf("found only %d examples: %q", len(files), files)
	}
	for _, file := range files {
		if tested[filepath.ToSlash(file)] == nil {
			t.Errorf("%s: no test runs it", file)
		}
		for _, command := range []string{"validate", "graph"} {
			if out, code := w.runbook(command, filepath.Join(w.dir, file)); code != 0 {
				t.Errorf("runbook %s %s: exit code %d\n%s", command, file, code, out)
			}
		}
	}
}

// The text of shell steps is held to the same standard as the scripts.
func TestShellIsClean(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "shellcheck")
	scripts, err := filepath.Glob("*/scripts/*.sh")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	check := func(args ...string) {
		if out, err := exec.Command("shellcheck", args...).CombinedOutput(); err != nil {
			t.Errorf("shellcheck: %v\n%s", err, out)
		}
	}
	check(scripts...)

	dir, checked := t.TempDir(), 0
	for _, file := range allRunbooks(t) {
		for line, text := range shellTexts(t, file) {
			name := filepath.Join(dir, fmt.Sprintf("%s.%d", strings.ReplaceAll(file, "/", "-"), line))
			writeFile(t, name, "#!/bin/bash -e\n"+text) // as the engine starts it
			check(name)
			checked++
		}
	}
	if checked < 15 {
		t.Errorf("only %d shell texts were found", checked)
	}
}

// shellTexts is what a runbook gives to a shell, by line: in steps, probes and
// rollbacks alike.
func shellTexts(t *testing.T, file string) map[int]string {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(readFile(t, file)), &doc); err != nil {
		t.Fatal(err)
	}
	texts := map[int]string{}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 0 && child.Value == "shell" && n.Content[i+1].Kind == yaml.ScalarNode {
				texts[child.Line] = n.Content[i+1].Value
			}
			walk(child)
		}
	}
	walk(&doc)
	return texts
}

func TestHello(t *testing.T) {
	t.Parallel()
	w := stage(t, ".")
	w.set("PATH", "/usr/bin:/bin") // nothing but what every system has
	out := w.apply("hello.yaml", 0)
	wantContains(t, out, "hello from ", "that was ")
	if strings.Index(out, "hello from ") > strings.Index(out, "that was ") {
		t.Errorf("the greeting does not come first:\n%s", out)
	}
}
