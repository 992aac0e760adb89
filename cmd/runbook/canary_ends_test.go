package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// half says the first half of the secret in $S in one form, and is ended before it
// says the rest.
const half = `
import base64, os, signal, sys, time
s = os.environ["S"]
how, form = sys.argv[1], sys.argv[2]
text = {"plain": s, "hex": s.encode().hex(), "base64": base64.b64encode(s.encode()).decode()}[form]
for out in (sys.stdout, sys.stderr):
    out.write("> " + text[:len(text) // 2]); out.flush()
if how == "deaf": signal.signal(signal.SIGTERM, signal.SIG_IGN)
if how == "output": open(os.environ["RUNBOOK_STEP_OUTPUT"], "a").write("leak=" + s.replace("\n", " ") + "\n")
open("ready_%s_%s_%s" % (how, form, os.environ["NAME"]), "w").close()
if how == "kill": os.kill(os.getpid(), signal.SIGKILL)
if how == "term": os.kill(os.getpid(), signal.SIGTERM)
if how != "again" or not os.path.exists("again"): time.sleep(3600)
for out in (sys.stdout, sys.stderr):
    out.write(text[len(text) // 2:]); out.flush()
`

// halfStep is a step that is ended while it says a secret.
const halfStep = `
  - id: HOW_FORM_X
    exec: [python3, half.py, HOW, FORM]
    env: {S: "${{ secrets.X }}", NAME: X}
    grace_period: 100ms
    effect: read
`

// bookOf makes a runbook with a step for each way to end and each secret.
func (c *canary) bookOf(declared, step string, hows ...string) {
	var steps strings.Builder
	for name := range c.secrets {
		for _, how := range hows {
			for _, form := range []string{"plain", "hex", "base64"} {
				steps.WriteString(strings.NewReplacer("X", name, "HOW", how, "FORM", form).Replace(step))
			}
		}
	}
	c.write("half.py", half)
	c.write("book.yaml", "version: 1\nname: ends\nstrategy: {type: parallel, stop_on_error: false}\n"+declared+"steps:"+steps.String()+
		"on_failure:\n  - {id: tell, exec: [cat], stdin: \"${{ run.failure.log_tail }}\"}\n")
}

// ready waits until all steps of the runbook have said their half.
func (c *canary) ready(n int) {
	c.t.Helper()
	deadline := time.After(time.Minute)
	for {
		found, _ := filepath.Glob(filepath.Join(c.dir, "ready_*"))
		if len(found) >= n {
			return
		}
		select {
		case <-deadline:
			c.t.Fatalf("only %d of %d steps said something\n%s", len(found), n, c.streams["stderr"])
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// halves are what the steps have said of the secrets.
func (c *canary) halves() (all []string) {
	for _, secret := range c.secrets {
		n := len(secret) / 2
		all = append(all, secret[:n-n%3]) // whole groups of base64
	}
	return all
}

// Of a step that is ended while it says a secret, nothing is told.
func TestCanaryEnds(t *testing.T) {
	t.Run("timeout", func(t *testing.T) {
		c, declared := newCanary(t, shapes(t, 5))
		c.bookOf(declared, halfStep+"    timeout: 3s\n    stdout: out_HOW_FORM_X.txt\n", "hang", "deaf", "kill", "term")
		c.exits(1, "apply", "book.yaml", "-j", "60", "--sink", "console", "--sink", "jsonl=events.jsonl")
		c.silent(c.halves()...)
	})
	t.Run("cancel", func(t *testing.T) {
		c, declared := newCanary(t, shapes(t, 5))
		c.bookOf(declared, halfStep, "hang", "deaf")
		cmd := c.command("apply", "book.yaml", "-j", "60", "--sink", "console", "--sink", "jsonl=events.jsonl")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		c.ready(30)
		cmd.Process.Signal(syscall.SIGINT)
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 130 {
			t.Errorf("exit code %d", code)
		}
		c.silent(c.halves()...)
	})
}

// A killed engine leaves nothing of a secret in its folder, and neither does one
// that resumes the run.
func TestCanaryKilledEngine(t *testing.T) {
	c, declared := newCanary(t, shapes(t, 5))
	c.bookOf(declared, halfStep, "again", "output")
	cmd := c.command("apply", "book.yaml", "-j", "60", "--sink", "console", "--sink", "jsonl=events.jsonl")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.ready(30)
	cmd.Process.Kill()
	cmd.Wait()
	left := c.written()
	maps.DeleteFunc(left, func(name string, _ []byte) bool { return strings.Contains(name, "/outputs/") }) // those the steps wrote
	if c.silentIn(left, c.halves()...); len(left) < 10 {
		t.Errorf("only %d files were written", len(left))
	}
	c.bookOf(declared, halfStep, "again")
	c.write("again", "")
	c.exits(0, "resume", "last", "-j", "60", "--sink", "console", "--sink", "jsonl=events2.jsonl")
	c.silent(c.halves()...)
}

// Outputs that a person gives for a step are not recorded where they hold a
// secret.
func TestCanaryGivenOutputs(t *testing.T) {
	c, declared := newCanary(t, shapes(t, 5))
	var env []string // a secret is known where a step uses it
	for name := range c.secrets {
		env = append(env, fmt.Sprintf(`%s: "${{ secrets.%s }}"`, strings.ToUpper(name), name))
	}
	c.write("book.yaml", "version: 1\nname: given\n"+declared+"steps:\n"+
		"  - {id: make, exec: [python3, -c, raise SystemExit(3)], outputs: {made: stdout}}\n"+
		"  - {id: use, env: {"+strings.Join(env, ", ")+"}, exec: [echo, \"${{ steps.make.outputs.made }}\"]}\n")
	c.exits(1, "apply", "book.yaml")
	for _, secret := range c.secrets {
		c.exits(1, "resume", "last", "--mark-done", "make", "--output", "make.made=user:"+secret)
	}
	for _, secret := range c.secrets {
		c.exits(1, "apply", "book.yaml", "--only", "use", "--output", "make.made="+secret)
	}
	for name := range c.secrets {
		if n := strings.Count(c.streams["stdout"].String(), `holds the secret "`+name+`"`); n != 2 {
			t.Errorf("%s is refused %d times, want 2", name, n)
		}
	}
	c.silent()
}

// What Go prints of a program that crashes has no secret in it, and no memory is
// written to a file.
func TestCanaryCrash(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGSEGV} {
		t.Run(signal.String(), func(t *testing.T) {
			c, declared := newCanary(t, shapes(t, 5))
			c.bookOf(declared, halfStep, "hang")
			cmd := c.command("apply", "book.yaml", "-j", "60", "--sink", "jsonl=events.jsonl")
			cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `ulimit -c unlimited; exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			c.ready(15)
			cmd.Process.Signal(signal)
			cmd.Wait()
			if !bytes.Contains(c.streams["stderr"].Bytes(), []byte("goroutine ")) {
				t.Errorf("it did not crash: %v\n%s", cmd.ProcessState, c.streams["stderr"])
			}
			for name := range c.silent(c.halves()...) {
				if strings.Contains(filepath.Base(name), "core") {
					t.Errorf("%s was written", name)
				}
			}
		})
	}
}

// What is recorded of a step depends on the names of its secrets, not on what
// they are: with others a resume finds nothing changed. And without the key that
// is in the run's folder it tells nobody whether a guess is right.
func TestCanaryFingerprints(t *testing.T) {
	c, declared := newCanary(t, shapes(t, 2))
	declared = strings.ReplaceAll(declared, c.inputs, "inputs")
	inputs := filepath.Join(c.dir, "inputs")
	if err := os.Rename(c.inputs, inputs); err != nil {
		t.Fatal(err)
	}
	c.write("say.py", sayer)
	c.write("included.yaml", included)
	var steps strings.Builder
	for name := range c.secrets {
		steps.WriteString(strings.ReplaceAll(ways, "X", name))
	}
	c.write("ways.yaml", "version: 1\nname: ways\nstrategy: {type: dependency_graph, stop_on_error: false}\n"+declared+"lock: ways\nsteps:"+steps.String())
	c.exits(1, "apply", "ways.yaml", "--approve-all", "-q")
	prints := fingerprints(t, c.dir)
	if joined := bytes.Join(prints, nil); len(prints) < 60 || !bytes.Contains(joined, []byte(`"env.S"`)) || !bytes.Contains(joined, []byte(`"with"`)) {
		t.Fatalf("only %d fingerprints, or none of variables or of params", len(prints))
	}

	other, _ := newCanary(t, shapes(t, 2))
	if err := errors.Join(os.RemoveAll(inputs), os.Rename(other.inputs, inputs)); err != nil {
		t.Fatal(err)
	}
	c.env = append(c.env, slices.DeleteFunc(other.env, func(kv string) bool { return !strings.HasPrefix(kv, "CANARY_") })...)
	c.streams["stdout"].Reset()
	c.exits(0, "resume", "last", "--explain")
	told := c.streams["stdout"].String()
	if kept := strings.Count(told, " keep"); kept < 10 || strings.Contains(told, "changed") {
		t.Errorf("with other secrets %d steps are kept:\n%s", kept, told)
	}
}

// fingerprints are those in the journals of a state folder, by step, sorted.
func fingerprints(t *testing.T, dir string) (all [][]byte) {
	t.Helper()
	journals, _ := filepath.Glob(filepath.Join(dir, "state/runbook/runs/*/journal.jsonl"))
	for _, path := range journals {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var e struct {
				Type        string            `json:"type"`
				StepID      string            `json:"step_id"`
				Fingerprint map[string]string `json:"fingerprint"`
			}
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatal(err)
			}
			if e.Fingerprint != nil {
				text, _ := json.Marshal(e)
				all = append(all, text)
			}
		}
	}
	slices.SortFunc(all, bytes.Compare)
	return all
}
