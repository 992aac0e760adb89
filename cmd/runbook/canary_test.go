package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
			"HEX":    strings.ToUpper(hex.EncodeToString([]byte(line))),
			`\x`:     each(line, `\x%02x`),
			"%":      each(line, "%%%02x"),
			`\u`:     each(line, `\u%04x`),
			`\ooo`:   each(line, `\%03o`),
			"&#":     each(line, "&#%d;"),
			"&#x":    each(line, "&#x%x;"),
			"HTML":   html.EscapeString(line),
			"shell":  strings.ReplaceAll(line, "'", `'\''`),
		} {
			all[fmt.Sprintf("%s of line %d", name, i)] = form
		}
		// Inside a longer text base64 begins at any of three bytes; the first and
		// the last characters then belong to the neighbours too.
		for shift := range 3 {
			text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + line))
			from := (shift*8 + 5) / 6
			text = strings.TrimRight(text, "=")[from : (shift+len(line))*8/6]
			all[fmt.Sprintf("base64 of line %d shifted by %d", i, shift)] = text
			all[fmt.Sprintf("base64 for URLs of line %d shifted by %d", i, shift)] = strings.NewReplacer("+", "-", "/", "_").Replace(text)
		}
	}
	return all
}

// each is every byte of ASCII text in a form; of other text nothing in it can be
// searched for so simply.
func each(text, form string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, form, r)
	}
	return b.String()
}

// A canary is a folder to run runbook in, secrets that it is given, and all that
// it has written.
type canary struct {
	t       *testing.T
	dir     string
	inputs  string // holds secrets, and is not runbook's
	secrets map[string]string
	env     []string
	before  map[string]bool // files of the test
	streams map[string]*bytes.Buffer
}

// newCanary declares secrets in the beginning of a runbook: from the environment,
// files and programs, in turns.
func newCanary(t *testing.T, secrets map[string]string) (c *canary, declared string) {
	t.Helper()
	python, err := exec.Command("python3", "-c", "import os, sys; print(os.path.dirname(sys.executable))").Output()
	if err != nil {
		t.Skip("needs python3, which is not installed")
	}
	dir := t.TempDir()
	c = &canary{t: t, dir: dir, inputs: t.TempDir(), secrets: secrets, before: map[string]bool{}, streams: map[string]*bytes.Buffer{"stdout": {}, "stderr": {}}}
	c.env = append(os.Environ(), "TMPDIR="+dir+"/tmp", "XDG_STATE_HOME="+dir+"/state", "HOME="+dir,
		"PATH="+strings.TrimSpace(string(python))+":"+os.Getenv("PATH")) // what is found there may be a slow wrapper of it
	if err := errors.Join(os.Mkdir(dir+"/tmp", 0o700), os.Mkdir(dir+"/state", 0o700)); err != nil {
		t.Fatal(err)
	}
	var book strings.Builder
	book.WriteString("secrets:\n")
	for i, name := range slices.Sorted(maps.Keys(secrets)) {
		switch input := filepath.Join(c.inputs, name); i % 3 {
		case 0:
			fmt.Fprintf(&book, "  %s: {env: CANARY_%s}\n", name, name)
			c.env = append(c.env, "CANARY_"+name+"="+secrets[name])
		case 1:
			c.write(input, secrets[name]+"\n")
			fmt.Fprintf(&book, "  %s: {file: %q}\n", name, input)
		case 2:
			text, _ := json.Marshal(map[string]string{"value": secrets[name]})
			c.write(input, string(text))
			fmt.Fprintf(&book, "  %s: {exec: [cat, %q], value: fromJSON(stdout).value}\n", name, input)
		}
	}
	return c, book.String()
}

// write writes an input of runbook, at a path within the folder or elsewhere.
func (c *canary) write(path, text string) {
	c.t.Helper()
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.dir, path)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.before[path] = true
}

// command is runbook with these arguments.
func (c *canary) command(args ...string) *exec.Cmd {
	cmd := exec.Command("runbook", args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.dir, c.env, c.streams["stdout"], c.streams["stderr"]
	return cmd
}

// exits runs runbook and checks how it ends.
func (c *canary) exits(code int, args ...string) {
	c.t.Helper()
	cmd := c.command(args...)
	err := cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != code {
		c.t.Fatalf("%v: %v, want exit code %d\n%s\n%s", args, err, code, c.streams["stdout"], c.streams["stderr"])
	}
}

// written is all that was written: the streams and the files.
func (c *canary) written() map[string][]byte {
	all := map[string][]byte{}
	for name, b := range c.streams {
		all[name] = b.Bytes()
	}
	for name := range listFiles(c.t, c.dir) {
		if !c.before[name] {
			all[strings.TrimPrefix(name, c.dir+"/")], _ = os.ReadFile(name)
		}
	}
	return all
}

// silent fails where a secret is in anything that was written, and returns that.
func (c *canary) silent(more ...string) map[string][]byte {
	c.t.Helper()
	return c.silentIn(c.written(), more...)
}

func (c *canary) silentIn(all map[string][]byte, more ...string) map[string][]byte {
	c.t.Helper()
	together := bytes.Join(slices.Collect(maps.Values(all)), []byte{0})
	search := func(name, secret string) {
		for form, text := range forms(secret) {
			if !bytes.Contains(together, []byte(text)) {
				continue
			}
			for file, data := range all {
				if i := bytes.Index(data, []byte(text)); i >= 0 {
					c.t.Errorf("%s: %s is in %s at byte %d: %.120q", name, form, file, i, data[max(0, i-60):])
				}
			}
		}
	}
	for name, secret := range c.secrets {
		search(name, secret)
	}
	for _, secret := range more {
		search("a part or an output", secret)
	}
	return all
}

// Secrets that come from everywhere and are printed in every way are in no file
// and no stream that runbook wrote.
func TestCanary(t *testing.T) {
	secrets := canaries(t)
	c, declared := newCanary(t, secrets)
	var book strings.Builder
	book.WriteString("version: 1\nname: canary\nstrategy: {type: parallel, stop_on_error: false}\n" + declared + "steps:\n")
	c.write("print.py", printer)
	for name := range secrets {
		ref := "${{ secrets." + name + " }}"
		fmt.Fprintf(&book, "  - id: all_%s\n    exec: [python3, print.py, \"x%s\"]\n    stdin: '${{ toJSON({\"a\": secrets.%s}) }}'\n    env: {S: %q}\n    stdout: out_%s.txt\n", name, ref, name, ref, name)
		fmt.Fprintf(&book, "  - id: fail_%s\n    exec: [python3, print.py, fail]\n    env: {S: %q}\n    retry: 1\n", name, ref)
		fmt.Fprintf(&book, "  - id: leak_%s\n    exec: [python3, print.py, out]\n    env: {S: %q}\n    outputs: {leak: null}\n", name, ref)
	}
	book.WriteString("on_failure:\n  - id: tell\n    exec: [cat]\n    stdin: ${{ run.failure.log_tail }}\n")
	c.write("canary.yaml", book.String())
	for _, args := range [][]string{
		{"validate"}, {"plan"}, {"plan", "-o", "json"}, {"plan", "--probe"}, {"graph"}, {"explain"}, {"config"},
	} {
		if args[0] == "explain" || args[0] == "config" {
			c.exits(0, args...)
			continue
		}
		c.exits(0, append(args, "canary.yaml")...)
	}
	c.exits(1, "apply", "canary.yaml", "--sink", "console", "--sink", "jsonl=events.jsonl")
	all := c.silent()
	if len(all) < 100 {
		t.Errorf("only %d files were written", len(all))
	}
	if !bytes.Contains(all["stdout"], []byte("***")) || !bytes.Contains(all["events.jsonl"], []byte("holds the secret")) {
		t.Error("nothing was masked, or no leak was told")
	}
}

// printer prints the secret in $S as programs do.
const printer = `
import base64, html, json, os, shlex, sys, urllib.parse
s = os.environ["S"]
b = s.encode()
def url64(b): return base64.urlsafe_b64encode(b).decode()
def every(form, units): return "".join(form % u for u in units)
utf16 = [int.from_bytes(s.encode("utf-16-be")[i:i+2], "big") for i in range(0, 2 * len(s), 2)]
bash = "$'" + "".join("\\x%02x" % c if chr(c) in "'\\" or c > 126 or c < 32 else chr(c) for c in b) + "'"
texts = [s, base64.b64encode(b).decode(), base64.b64encode(b"user:" + b).decode(), base64.b64encode(b"a" + b + b"z").decode(),
         base64.b64encode(b + b"\n").decode(), url64(b), url64(b"x" + b), url64(b"xy" + b), base64.encodebytes(b).decode(),
         b.hex(), b.hex().upper(), b.hex(":"), b.hex(" "), json.dumps(s), json.dumps(s, ensure_ascii=False), json.dumps(json.dumps(s)),
         urllib.parse.quote(s), urllib.parse.quote_plus(s), every("%%%02x", b), every("%%%02X", b), every("\\x%02x", b),
         every("\\u%04x", utf16), every("\\u%04X", utf16), every("\\%03o", b), every("&#%d;", map(ord, s)), every("&#x%x;", map(ord, s)),
         html.escape(s), shlex.quote(s), "'" + s.replace("'", "'\\''") + "'", bash, s.replace('"', '""'), s.replace("'", "''"),
         repr(s), repr(b), ascii(s), s.encode("unicode_escape").decode(), json.dumps(ascii(s)),
         "".join("%%%02x" % c if i % 2 or c > 126 or chr(c) in "%+" else chr(c) for i, c in enumerate(b)),
         "".join("\\u%04x" % u if i % 2 or u > 126 or chr(u) in "\\" else chr(u) for i, u in enumerate(utf16)), "before" + s + "after", s + s]
for text in texts:
    print(text)
    print(text, file=sys.stderr)
sys.stdout.flush()
for cut in (1, len(s) // 2, len(s) - 1):
    for out in (sys.stdout, sys.stderr):
        out.write(s[:cut]); out.flush()
    for out in (sys.stdout, sys.stderr):
        out.write(s[cut:] + "\n"); out.flush()
for text in (s, b.hex(), base64.b64encode(b).decode()):
    for c in text:
        for out in (sys.stdout, sys.stderr):
            out.write(c); out.flush()
    print(flush=True)
    print(file=sys.stderr, flush=True)
print(sys.stdin.read())
print(sys.argv[1:])
if os.environ.get("RUNBOOK_STEP_OUTPUT") and "out" in sys.argv:
    open(os.environ["RUNBOOK_STEP_OUTPUT"], "a").write("leak=" + s.replace("\n", " ") + "\n")
sys.exit(3 if "fail" in sys.argv else 0)
`

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
