package docs_test

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// runbook runs the command at the root of the repository.
func runbook(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return runbookIn(t, root, stdin, args...)
}

func runbookIn(t *testing.T, dir, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestFirstScreen: the README's first block is two commands, on the first
// screen, and the first of them works. The second one is running now.
func TestFirstScreen(t *testing.T) {
	p := readPage(t, "README.md")
	b := p.blocks[0]
	if want := "go run ./cmd/runbook apply examples/hello.yaml\nmake test\n"; b.text != want || b.line > 20 {
		t.Errorf("%s: the first block is %q, want %q within 20 lines", p.at(b.line), b.text, want)
	}
	out, errs, code := runbook(t, "", "apply", "examples/hello.yaml")
	if code != 0 || !strings.Contains(out+errs, "hello: completed") {
		t.Errorf("apply examples/hello.yaml: exit code %d\n%s%s", code, out, errs)
	}
}

// TestConsole: what is shown after "$ runbook" is what it prints, run in
// docs/testdata.
func TestConsole(t *testing.T) {
	checked := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			command, want, _ := strings.Cut(b.text, "\n")
			args, ok := strings.CutPrefix(command, "$ runbook ")
			if b.lang != "console" || !ok {
				continue
			}
			checked++
			stdout, stderr, _ := runbookIn(t, filepath.Join(root, "docs/testdata"), "", strings.Fields(args)...)
			if got := stdout + stderr; got != want {
				t.Errorf("%s: shown\n%s\nprinted\n%s", p.at(b.line), want, got)
			}
		}
	}
	if checked == 0 {
		t.Error("no console block was found to check")
	}
}

var target = regexp.MustCompile(`(?m)^([a-z]+):`)

// TestCommands: every make target, subcommand, flag and file of the examples in
// a shell block or a code span exists.
func TestCommands(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[m[1]] = true
	}
	helps := helpPages{t: t, known: map[string]string{}}
	checked := 0
	check := func(where, command string) {
		words := strings.Fields(command)
		for len(words) > 0 && strings.Contains(words[0], "=") { // variables before the command
			words = words[1:]
		}
		switch {
		case len(words) < 2:
			return
		case words[0] == "make":
			for _, w := range words[1:] {
				if !strings.Contains(w, "=") && !strings.HasPrefix(w, "-") && !targets[w] {
					t.Errorf("%s: the Makefile has no target %q", where, w)
				}
			}
		case words[0] == "runbook":
			helps.check(where, words[1:])
		case strings.HasPrefix(command, "go run ./cmd/runbook "):
			helps.check(where, words[3:])
		default:
			return
		}
		checked++
	}
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.lang != "sh" {
				continue
			}
			for i, line := range strings.Split(b.text, "\n") {
				line, _, _ = strings.Cut(line, " #")
				for _, part := range regexp.MustCompile(`&&|\|\|?|;|\$\(`).Split(line, -1) {
					check(p.at(b.line+i), strings.TrimSpace(part))
				}
			}
		}
		for i, line := range p.prose() {
			for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
				check(p.at(i+1), m[1])
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d commands were found to check", checked)
	}
}

// helpPages looks flags up in what --help says of each subcommand.
type helpPages struct {
	t     *testing.T
	known map[string]string // by subcommand
}

func (h helpPages) check(where string, words []string) {
	sub := words[0]
	if sub == "runs" && len(words) > 1 && words[1] == "prune" {
		sub, words = "runs prune", words[1:]
	}
	help, ok := h.known[sub]
	if !ok {
		stdout, stderr, code := runbook(h.t, "", append(strings.Fields(sub), "--help")...)
		if code != 0 || !strings.Contains(stdout, "runbook "+sub) {
			h.t.Errorf("%s: there is no command %q: %s", where, sub, stderr)
		}
		help = stdout
		h.known[sub] = help
	}
	for _, w := range words[1:] {
		switch name, _, _ := strings.Cut(w, "="); {
		case strings.HasPrefix(name, "-") && name != "-":
			flag := regexp.MustCompile(`(^|[\s,])` + regexp.QuoteMeta(name) + `([\s,=\[]|$)`)
			if !flag.MatchString(help) {
				h.t.Errorf("%s: %q has no flag %s", where, sub, name)
			}
		case strings.HasPrefix(w, "examples/"):
			if found, _ := filepath.Glob(filepath.Join(root, w)); len(found) == 0 {
				h.t.Errorf("%s: there is no %s", where, w)
			}
		}
	}
}

// TestFlagsInProse: a flag that is named alone belongs to some command.
func TestFlagsInProse(t *testing.T) {
	helps, _, _ := runbook(t, "", "--help")
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z]+) `).FindAllStringSubmatch(helps, -1) {
		out, _, _ := runbook(t, "", m[1], "--help")
		helps += out
	}
	flag := regexp.MustCompile(`^--[a-z][a-z-]*`)
	for _, p := range pages(t) {
		if p.name == "docs/language.md" || p.name == "CONTRIBUTING.md" { // flags of other programs
			continue
		}
		for i, line := range p.prose() {
			for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
				name := flag.FindString(m[1])
				if name == "" || foreign[name] {
					continue
				}
				if !regexp.MustCompile(regexp.QuoteMeta(name) + `\b`).MatchString(helps) {
					t.Errorf("%s: no command has the flag %s", p.at(i+1), name)
				}
			}
		}
	}
}

// foreign are flags of other programs, which the documents name too.
var foreign = map[string]bool{"--profile": true, "--region": true, "--output": true, "--cli-input-json": true, "--name": true}

// TestYAML: a YAML block is the file that the line before it links to, or a
// whole runbook that is valid as it stands.
func TestYAML(t *testing.T) {
	checked := 0
	for _, p := range pages(t) {
		if p.name == "docs/language.md" || p.name == "docs/guide.md" {
			continue // single keys, from the schema; and what TestGuide runs
		}
		for _, b := range p.blocks {
			if b.lang != "yaml" {
				continue
			}
			checked++
			if m := link.FindStringSubmatch(b.lead); m != nil && strings.HasSuffix(m[1], ".yaml") {
				if b.text != read(t, filepath.Join(filepath.Dir(p.name), m[1])) {
					t.Errorf("%s: the block is not %s as it is", p.at(b.line), m[1])
				}
				continue
			}
			if _, stderr, code := runbook(t, b.text, "validate", "-"); code != 0 {
				t.Errorf("%s: exit code %d\n%s", p.at(b.line), code, stderr)
			}
		}
	}
	if checked == 0 {
		t.Error("no YAML was found to check")
	}
}
