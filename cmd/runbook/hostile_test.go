package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const hostileBook = `version: 1
name: hostile
params:
  v: {type: string}
steps:
  - id: argument
    exec: [printf, "%s", "--v=${{ params.v }}"]
    stdout: argument.txt
  - id: variable
    shell: printf %s "$V"
    env: {V: "${{ params.v }}"}
    stdout: variable.txt
  - id: input
    exec: [cat]
    stdin: ${{ params.v }}
    stdout: input.txt
  - id: json
    exec: [cat]
    stdin: '${{ toJSON({"v": params.v}) }}'
    stdout: json.txt
`

// Values of params arrive as they are, whatever is in them; none is ever run.
func TestHostileValues(t *testing.T) {
	values := map[string]string{
		"command substitution": "$(touch HACKED)`touch HACKED`",
		"end of command":       "; touch HACKED; #\n&& touch HACKED",
		"quotes":               `'"'"'; touch HACKED; "' \' \\`,
		"an expression":        `${{ params.v }} $${{ x }} {{ .x }} %s %n`,
		"lines":                "a\nb\r\n\nversion: 2\n- x",
		"an option":            "--endpoint-url=http://evil",
		"a file":               "file:///etc/passwd",
		"odd characters":       "\x1b[31m\u202eé☃\u2028",
		"nothing":              "",
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "hostile.yaml", hostileBook)
			out, code := runIn(t, dir, "apply", "hostile.yaml", "-p", "v="+value)
			if code != 0 {
				t.Fatalf("exit code %d\n%s", code, out)
			}
			var object struct{ V string }
			json.Unmarshal([]byte(readFile(t, dir, "json.txt")), &object)
			for file, got := range map[string]string{
				"argument": strings.TrimPrefix(readFile(t, dir, "argument.txt"), "--v="),
				"variable": readFile(t, dir, "variable.txt"),
				"input":    readFile(t, dir, "input.txt"),
				"json":     object.V,
			} {
				if got != value {
					t.Errorf("%s: got %q, want %q", file, got, value)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "HACKED")); err == nil {
				t.Error("it was run")
			}
		})
	}
}

// What would not arrive as plain data is refused, with the name of the place.
func TestRefusedValues(t *testing.T) {
	tests := []struct{ name, step, value, want string }{
		{"an option of its own", `exec: [echo, "${{ params.v }}"]`, "--endpoint-url=http://evil", "begins with -"},
		{"a file for aws", `aws_cli: {service: s3, operation: ls, args: ["${{ params.v }}"]}`, "file:///etc/passwd", "file://"},
		{"too long an argument", `exec: [echo, "x${{ params.v }}"]`, strings.Repeat("x", 100_000) + "twice", "stdin"},
		{"too long a variable", "exec: [env]\n    env: {V: \"${{ params.v }}\"}", strings.Repeat("x", 100_000) + "twice", "env.V"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			step := strings.Replace(tt.step, "${{ params.v }}", "${{ params.v }}${{ params.v }}", strings.Count(tt.value, "twice"))
			writeFile(t, dir, "x.yaml", "version: 1\nname: x\nparams:\n  v: {type: string}\nsteps:\n  - id: a\n    "+step+"\n")
			out, code := runIn(t, dir, "apply", "x.yaml", "-p", "v="+strings.TrimSuffix(tt.value, "twice"))
			if code != 3 || !strings.Contains(out, tt.want) {
				t.Errorf("exit code %d, want 3 and %q in\n%.2000s", code, tt.want, out)
			}
		})
	}
}

func runIn(t *testing.T, dir string, args ...string) (output string, code int) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command("runbook", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.Run() // its exit code is the answer
	return out.String(), cmd.ProcessState.ExitCode()
}

func writeFile(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
