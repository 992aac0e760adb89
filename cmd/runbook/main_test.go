package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the golden files in the scripts")

// TestMain makes the test binary become the program, or one of the children
// that runbooks in tests run.
//
// Runs are kept in a folder of the tests, not in that of who runs them.
func TestMain(m *testing.M) {
	testscript.Main(&tests{m}, map[string]func(){"runbook": fatalMain, "child": child})
}

// tests are the tests with a state folder of their own around them.
type tests struct{ m *testing.M }

func (t *tests) Run() int {
	dir, err := os.MkdirTemp("", "runbook-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("XDG_STATE_HOME", dir)
	// Below nohup all that the tests start would ignore it too: what is caught is not
	// passed on.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	return t.m.Run()
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		// Each script has runs of its own, so that "last" is one of them.
		Setup: func(env *testscript.Env) error {
			env.Values[heldKey] = heldRuns{}
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, ".state"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"keptrun": keptRunCommand,
		},
	})
}

// exits runs a command and checks its exit code: exits 3 runbook validate x.yaml.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
