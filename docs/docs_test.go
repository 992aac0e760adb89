// Package docs_test keeps the documents true: what they name exists, what they
// show works, and what they promise as a contract is all there.
package docs_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated pages anew")

// root is the folder of the repository, absolute.
var root string

// binary is the command the documents are about, built once.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	root, _ = filepath.Abs("..")
	dir, err := os.MkdirTemp("", "runbook-docs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "runbook")
	os.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state")) // the runs of the pages are not those of who tests them
	build := exec.Command("go", "build", "-o", binary, "../cmd/runbook")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	code := 1
	if err := build.Run(); err == nil {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// A page is one document.
type page struct {
	name   string // from the root: docs/events.md
	lines  []string
	blocks []block
}

// A block is a fenced piece of a page.
type block struct {
	lang string
	line int // of its first line, from 1
	text string
	lead string // the last line with text in it before the block
}

func (p page) at(line int) string { return fmt.Sprintf("%s:%d", p.name, line) }

// pages reads every document of the repository.
func pages(t *testing.T) []page {
	t.Helper()
	var all []page
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no documents match %s: %v", pattern, err)
		}
		for _, file := range files {
			all = append(all, readPage(t, strings.TrimPrefix(file, root+"/")))
		}
	}
	return all
}

func readPage(t *testing.T, name string) page {
	t.Helper()
	p := page{name: name, lines: strings.Split(read(t, name), "\n")}
	lead := ""
	for i := 0; i < len(p.lines); i++ {
		fence := strings.TrimLeft(p.lines[i], " ")
		lang, ok := strings.CutPrefix(fence, "```")
		if !ok {
			if strings.TrimSpace(p.lines[i]) != "" {
				lead = p.lines[i]
			}
			continue
		}
		indent := len(p.lines[i]) - len(fence)
		b := block{lang: lang, line: i + 2, lead: lead}
		for i++; i < len(p.lines) && strings.TrimSpace(p.lines[i]) != "```"; i++ {
			b.text += p.lines[i][min(indent, len(p.lines[i])):] + "\n"
		}
		p.blocks = append(p.blocks, b)
	}
	return p
}

// prose returns the lines outside fenced blocks, the others empty.
func (p page) prose() []string {
	lines := append([]string(nil), p.lines...)
	for _, b := range p.blocks {
		for i := range strings.Count(b.text, "\n") {
			lines[b.line-1+i] = ""
		}
	}
	return lines
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
}

var (
	codeSpan = regexp.MustCompile("`([^`]+)`")
	link     = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	pathLike = regexp.MustCompile(`^[\w.-]+(/[\w.*-]+)*/?$`)
	heading  = regexp.MustCompile(`^#+ (.*)$`)
)

// TestPaths finds what a document names and the repository does not have: the
// targets of links, and code spans whose first part is a folder or file here.
func TestPaths(t *testing.T) {
	checked := 0
	for _, p := range pages(t) {
		for i, line := range p.prose() {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				checked++
				if problem := badLink(t, p, m[1]); problem != "" {
					t.Errorf("%s: link to %s: %s", p.at(i+1), m[1], problem)
				}
			}
			for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
				first, _, deeper := strings.Cut(m[1], "/")
				if !deeper || !pathLike.MatchString(m[1]) || !exists(first) {
					continue
				}
				checked++
				if found, _ := filepath.Glob(filepath.Join(root, m[1])); len(found) == 0 {
					t.Errorf("%s: there is no %s", p.at(i+1), m[1])
				}
			}
		}
	}
	if checked < 40 {
		t.Errorf("only %d paths were found to check", checked)
	}
}

func badLink(t *testing.T, p page, target string) string {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return ""
	}
	file, anchor, _ := strings.Cut(target, "#")
	name := p.name
	if file != "" {
		name = filepath.Join(filepath.Dir(p.name), file)
	}
	if !exists(name) {
		return "no such file"
	}
	if anchor == "" {
		return ""
	}
	for _, line := range readPage(t, name).prose() {
		if m := heading.FindStringSubmatch(line); m != nil && anchorOf(m[1]) == anchor {
			return ""
		}
	}
	return "no such heading"
}

// anchorOf is the name GitHub gives a heading.
func anchorOf(title string) string {
	title = strings.ToLower(strings.ReplaceAll(title, "`", ""))
	keep := func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 127:
			return r
		}
		return -1
	}
	return strings.Map(keep, title)
}

// TestShort keeps the pages that must be read at one sitting short.
func TestShort(t *testing.T) {
	for name, most := range map[string]int{
		"README.md":            160,
		"CONTRIBUTING.md":      80,
		"docs/architecture.md": 250,
	} {
		if n := strings.Count(read(t, name), "\n"); n > most {
			t.Errorf("%s has %d lines, want at most %d", name, n, most)
		}
	}
}
