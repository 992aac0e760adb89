package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// canaries are random secrets of many shapes.
func canaries(t *testing.T) map[string]string {
	t.Helper()
	random := func(n int) string {
		b := make([]byte, n)
		if _, err := rand.Read(b); err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	secrets := map[string]string{}
	for i := range 20 {
		text := random(9 + i)
		switch i % 5 {
		case 1:
			text = "p@ss w&rd=<" + text + ">'\"\\%/é"
		case 2:
			text = "-----BEGIN KEY-----\n" + random(30) + "\n" + text + "\n-----END KEY-----"
		case 3:
			text = "$(" + text + ") `" + random(3) + "`"
		}
		secrets[fmt.Sprintf("s%d", i)] = text
	}
	return secrets
}

// forms are what must not be found of a secret: itself, each of its longer
// lines, and how programs write it.
func forms(secret string) map[string]string {
	all := map[string]string{}
	for i, line := range append([]string{secret}, strings.Split(secret, "\n")...) {
		if len(line) < 6 || strings.HasPrefix(line, "-----") {
			continue
		}
		quoted, _ := json.Marshal(line)
		for name, form := range map[string]string{
			"raw":    line,
			"hex":    hex.EncodeToString([]byte(line)),
			"JSON":   strings.Trim(string(quoted), `"`),
			"query":  url.QueryEscape(line),
			"path":   url.PathEscape(line),
			"base64": strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(line)), "="),
		} {
			all[fmt.Sprintf("%s of line %d", name, i)] = form
		}
		// Inside a longer text base64 begins at any of three bytes; the first and
		// the last characters then belong to the neighbours too.
		for shift := range 3 {
			text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + line))
			from := (shift*8 + 5) / 6
			all[fmt.Sprintf("base64 of line %d shifted by %d", i, shift)] = strings.TrimRight(text, "=")[from : (shift+len(line))*8/6]
		}
	}
	return all
}

// Secrets that come from everywhere and are printed in every way are in no file
// and no stream that runbook wrote.
func TestCanary(t *testing.T) {
	for _, program := range []string{"python3", "base64", "xxd"} {
		if _, err := exec.LookPath(program); err != nil && program == "python3" {
			t.Skipf("needs %s, which is not installed", program)
		}
	}
	dir := t.TempDir()
	secrets := canaries(t)
	var book strings.Builder
	book.WriteString("version: 1\nname: canary\nstrategy: {type: parallel, stop_on_error: false}\nsecrets:\n")
	env := append(os.Environ(), "TMPDIR="+dir+"/tmp", "XDG_STATE_HOME="+dir+"/state", "HOME="+dir)
	os.Mkdir(dir+"/tmp", 0o700)
	inputs := t.TempDir() // holds them, and is not runbook's
	var names []string
	for i := range 20 {
		name := fmt.Sprintf("s%d", i)
		names = append(names, name)
		switch i % 3 {
		case 0:
			fmt.Fprintf(&book, "  %s: {env: CANARY_%s}\n", name, name)
			env = append(env, "CANARY_"+name+"="+secrets[name])
		case 1:
			os.WriteFile(filepath.Join(inputs, name), []byte(secrets[name]+"\n"), 0o600)
			fmt.Fprintf(&book, "  %s: {file: %q}\n", name, filepath.Join(inputs, name))
		case 2:
			text, _ := json.Marshal(map[string]string{"value": secrets[name]})
			os.WriteFile(filepath.Join(inputs, name), text, 0o600)
			fmt.Fprintf(&book, "  %s: {exec: [cat, %q], value: fromJSON(stdout).value}\n", name, filepath.Join(inputs, name))
		}
	}
	printer := filepath.Join(dir, "print.py")
	os.WriteFile(printer, []byte(`
import base64, json, os, sys, urllib.parse
s = os.environ["S"]
b = s.encode()
for text in (s, base64.b64encode(b).decode(), base64.b64encode(b"user:" + b).decode(), base64.b64encode(b"a" + b + b"z").decode(),
             base64.urlsafe_b64encode(b).decode(), b.hex(), b.hex().upper(), json.dumps(s), json.dumps(s, ensure_ascii=False),
             urllib.parse.quote(s), urllib.parse.quote_plus(s), repr(s), "before" + s + "after", s + s):
    print(text)
    print(text, file=sys.stderr)
for cut in (1, len(s) // 2, len(s) - 1):
    sys.stdout.write(s[:cut]); sys.stdout.flush()
    sys.stdout.write(s[cut:] + "\n"); sys.stdout.flush()
for c in s:
    sys.stdout.write(c); sys.stdout.flush()
print()
print(sys.stdin.read())
print(sys.argv[1:])
if os.environ.get("RUNBOOK_STEP_OUTPUT") and "out" in sys.argv:
    open(os.environ["RUNBOOK_STEP_OUTPUT"], "a").write("leak=" + s.replace("\n", " ") + "\n")
sys.exit(3 if "fail" in sys.argv else 0)
`), 0o600)
	book.WriteString("steps:\n")
	for _, name := range names {
		ref := "${{ secrets." + name + " }}"
		fmt.Fprintf(&book, "  - id: all_%s\n    exec: [python3, print.py, \"x%s\"]\n    stdin: '${{ toJSON({\"a\": secrets.%s}) }}'\n    env: {S: %q}\n    stdout: out_%s.txt\n", name, ref, name, ref, name)
		fmt.Fprintf(&book, "  - id: fail_%s\n    exec: [python3, print.py, fail]\n    env: {S: %q}\n    retry: 1\n", name, ref)
		fmt.Fprintf(&book, "  - id: leak_%s\n    exec: [python3, print.py, out]\n    env: {S: %q}\n    outputs: {leak: null}\n", name, ref)
	}
	book.WriteString("on_failure:\n  - id: tell\n    exec: [cat]\n    stdin: ${{ run.failure.log_tail }}\n")
	path := filepath.Join(dir, "canary.yaml")
	if err := os.WriteFile(path, []byte(book.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	before := listFiles(t, dir)
	var stdout, stderr bytes.Buffer
	for _, args := range [][]string{
		{"plan", "canary.yaml"}, {"plan", "-o", "json", "canary.yaml"},
		{"apply", "canary.yaml", "--sink", "console", "--sink", "jsonl=events.jsonl", "--state-dir", filepath.Join(dir, "kept")},
	} {
		cmd := exec.Command("runbook", args...)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &stdout, &stderr
		err := cmd.Run()
		if code := cmd.ProcessState.ExitCode(); args[0] == "plan" && code != 0 || args[0] == "apply" && code != 1 {
			t.Fatalf("%v: %v\n%s", args, err, stderr.String())
		}
	}
	written := map[string][]byte{"stdout": stdout.Bytes(), "stderr": stderr.Bytes()}
	for name := range listFiles(t, dir) {
		if !before[name] {
			written[name], _ = os.ReadFile(name)
		}
	}
	if len(written) < 40 {
		t.Errorf("only %d files were written", len(written))
	}
	for name, secret := range secrets {
		for form, text := range forms(secret) {
			for file, data := range written {
				if i := bytes.Index(data, []byte(text)); i >= 0 {
					t.Errorf("%s: %s is in %s at byte %d: %.120q", name, form, file, i, data[max(0, i-20):])
				}
			}
		}
	}
	if !bytes.Contains(stdout.Bytes(), []byte("***")) || !bytes.Contains(written[filepath.Join(dir, "events.jsonl")], []byte("holds the secret")) {
		t.Error("nothing was masked, or no leak was told")
	}
}

func listFiles(t *testing.T, dir string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			all[path] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
