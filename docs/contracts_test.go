package docs_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cloudops-run/runbook/executor/event"
)

// TestEvents: events.md has every type, reason and field there is, and no
// others.
func TestEvents(t *testing.T) {
	p := readPage(t, "docs/events.md")
	types := constants(t, "executor/event/event.go", "Type")
	reasons := constants(t, "executor/event/event.go", "Reason")
	if len(types) < 10 || len(reasons) < 5 {
		t.Fatalf("found only the types %q and the reasons %q", types, reasons)
	}
	same(t, p, "Types", types)
	same(t, p, "Reasons", reasons)

	fields := append(section(p, "Fields of every event"), section(p, "Other fields")...)
	compare(t, "fields of an event", fields, jsonFields(reflect.TypeFor[event.Event]()))
	compare(t, "fields of a result", section(p, "result"), append(jsonFields(reflect.TypeFor[event.Result]()), "duration"))
	stats := strings.Join(p.prose(), "\n")
	for _, f := range jsonFields(reflect.TypeFor[event.Stats]()) {
		if !strings.Contains(stats[strings.Index(stats, "## stats"):], "`"+f+"`") {
			t.Errorf("events.md: stats has no %q", f)
		}
	}
	for _, phase := range constants(t, "executor/event/event.go", "Phase") {
		if phase != "" && !strings.Contains(stats, "`"+phase+"`") {
			t.Errorf("events.md does not name the phase %q", phase)
		}
	}
}

// TestEventExamples: the events shown are events: nothing in them is unknown,
// and written again they are the same.
func TestEventExamples(t *testing.T) {
	for _, b := range readPage(t, "docs/events.md").blocks {
		if b.lang != "json" {
			continue
		}
		for _, line := range strings.Split(strings.TrimSpace(b.text), "\n") {
			var e event.Event
			dec := json.NewDecoder(strings.NewReader(line))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&e); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if again, err := json.Marshal(e); err != nil || string(again) != line {
				t.Errorf("shown   %s\nwritten %s (%v)", line, again, err)
			}
		}
	}
}

// TestExitCodes: the codes of the command are those of exit-codes.md and of the
// README, and no others.
func TestExitCodes(t *testing.T) {
	code := constants(t, "cmd/runbook/exit.go", "")
	if len(code) == 0 {
		t.Fatal("no exit codes in cmd/runbook/exit.go")
	}
	row := regexp.MustCompile(`(?m)^\| ([0-9, ]+) \|`)
	for _, name := range []string{"docs/exit-codes.md", "README.md"} {
		var listed []string
		for _, m := range row.FindAllStringSubmatch(read(t, name), -1) {
			listed = append(listed, strings.Split(m[1], ", ")...)
		}
		compare(t, "exit codes in "+name, listed, code)
	}
}

// constants returns the values of a file's constants of one type, or of those
// without one.
func constants(t *testing.T, file, typ string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, decl := range parsed.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.CONST {
			continue
		}
		for _, spec := range d.Specs {
			v := spec.(*ast.ValueSpec)
			if name, _ := v.Type.(*ast.Ident); typ == "" && v.Type != nil || typ != "" && (name == nil || name.Name != typ) {
				continue
			}
			for _, value := range v.Values {
				if lit, ok := value.(*ast.BasicLit); ok {
					text := lit.Value
					if unquoted, err := strconv.Unquote(text); err == nil {
						text = unquoted
					}
					values = append(values, text)
				}
			}
		}
	}
	return values
}

func jsonFields(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

var firstCell = regexp.MustCompile("^\\| (`[^|]*`) \\|")

// section returns the code spans in the first column of the table below a
// heading.
func section(p page, title string) []string {
	var names []string
	in := false
	for _, line := range p.prose() {
		if m := heading.FindStringSubmatch(line); m != nil {
			in = m[1] == title
			continue
		}
		if m := firstCell.FindStringSubmatch(line); in && m != nil {
			for _, span := range codeSpan.FindAllStringSubmatch(m[1], -1) {
				names = append(names, span[1])
			}
		}
	}
	return names
}

func same(t *testing.T, p page, title string, want []string) {
	t.Helper()
	compare(t, title+" in "+p.name, section(p, title), want)
}

// compare reports what is in one of two lists and not in the other.
func compare(t *testing.T, what string, documented, real []string) {
	t.Helper()
	count := map[string]int{}
	for _, r := range real {
		count[r] |= 1
	}
	for _, d := range documented {
		count[d] |= 2
	}
	for name, in := range count {
		switch in {
		case 1:
			t.Errorf("%s: %q is not documented", what, name)
		case 2:
			t.Errorf("%s: %q is documented, but is not there", what, name)
		}
	}
}
