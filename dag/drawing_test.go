package dag_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/dag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var formats = map[string]func(*dag.Graph, io.Writer, dag.Drawing) error{
	"dot":  (*dag.Graph).DOT,
	"mmd":  (*dag.Graph).Mermaid,
	"json": (*dag.Graph).JSON,
	"txt":  (*dag.Graph).Text,
}

// hostile holds names that try to end a quote, start a directive, be markup or
// reach the terminal.
var hostile = []string{
	`a"]; n9 [label="b`, `back\`, `\N \l \"`, "two\nlines\r", "end", "%%{init: {}}%%",
	"`**bold**`", "<b onclick=\"x\">&lt;", "style:#quot;x;", "1. _list_", "\x1b[31mred\x07", "\xff\x00", "\u202eevil", "über 日本 🚀", "",
}

func TestDrawings(t *testing.T) {
	plain := mustParse(t, "checkout:\nbuild: checkout\nlint: checkout\ntest: build\ndeploy: build lint test")
	hostileDeps := make([][]int, len(hostile))
	for i := 1; i < len(hostile); i++ {
		hostileDeps[i] = []int{i - 1}
	}
	hostileGraph, err := dag.New(hostile, hostileDeps)
	if err != nil {
		t.Fatal(err)
	}
	none, _ := dag.New(nil, nil)
	for _, tt := range []struct {
		name    string
		graph   *dag.Graph
		drawing dag.Drawing
	}{
		{"empty", none, dag.Drawing{}},
		{"plain", plain, dag.Drawing{}},
		{"reduced", plain.Reduce(), dag.Drawing{}},
		{"full", plain, dag.Drawing{
			Title: `release "v1" & co`,
			Label: func(i int) string { return plain.Name(i) + "\n(script)" },
			Group: func(i int) string { return []string{"", "ci", "ci", "ci", ""}[i] },
			After: func(node, dep int) bool { return plain.Name(dep) == "lint" },
		}},
		{"hostile", hostileGraph, dag.Drawing{
			Title: strings.Join(hostile, "|"),
			Group: func(i int) string { return hostile[i/2] },
		}},
	} {
		for ext, draw := range formats {
			t.Run(tt.name+"."+ext, func(t *testing.T) {
				var got bytes.Buffer
				if err := draw(tt.graph, &got, tt.drawing); err != nil {
					t.Fatal(err)
				}
				golden(t, tt.name+"."+ext, got.Bytes())
			})
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// Whatever the names are, a drawing has the lines it would have had with plain
// ones, and they differ only inside quotes.
func TestNamesCannotChangeADrawing(t *testing.T) {
	outside := map[string]*regexp.Regexp{
		"dot": regexp.MustCompile(`"(\\.|[^"\\])*"`),
		"mmd": regexp.MustCompile(`"[^"]*"`),
	}
	rapid.Check(t, func(t *rapid.T) {
		m := drawDAG(t)
		names, deps := make([]string, len(m)), make([][]int, len(m))
		plain := make([]string, len(m))
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom(hostile),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
		for i, row := range m {
			names[i], plain[i] = text.Draw(t, "name"), fmt.Sprint("n", i)
			for j, edge := range row {
				if edge {
					deps[i] = append(deps[i], j)
				}
			}
		}
		a, errA := dag.New(names, deps)
		b, errB := dag.New(plain, deps)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		for ext, quoted := range outside {
			var gotA, gotB bytes.Buffer
			formats[ext](a, &gotA, dag.Drawing{})
			formats[ext](b, &gotB, dag.Drawing{})
			bare := func(b []byte) string { return quoted.ReplaceAllString(string(b), "") }
			if diff := cmp.Diff(bare(gotB.Bytes()), bare(gotA.Bytes())); diff != "" {
				t.Fatalf("%s of %q:\n%s", ext, names, diff)
			}
			if !utf8.Valid(gotA.Bytes()) {
				t.Fatalf("%s of %q is not UTF-8", ext, names)
			}
		}
		var txt, obj bytes.Buffer
		a.Text(&txt, dag.Drawing{})
		if lines := strings.Count(txt.String(), "\n"); lines != a.Len()+len(a.Levels()) {
			t.Fatalf("%d lines of text for %d nodes in %d waves", lines, a.Len(), len(a.Levels()))
		}
		if strings.ContainsFunc(txt.String(), func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }) {
			t.Fatalf("control characters in %q", txt.String())
		}
		a.JSON(&obj, dag.Drawing{})
		var back struct {
			Nodes []struct{ ID string }
			Edges []struct{ From, To, Kind string }
		}
		if err := json.Unmarshal(obj.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		if len(back.Nodes) != a.Len() || len(back.Edges) != a.Edges() {
			t.Fatalf("%d nodes and %d edges in JSON", len(back.Nodes), len(back.Edges))
		}
		for i, n := range back.Nodes {
			if n.ID != strings.ToValidUTF8(names[i], "\ufffd") && utf8.ValidString(names[i]) {
				t.Fatalf("node %d: %q, want %q", i, n.ID, names[i])
			}
		}
	})
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestDrawingsReportAWriterThatFails(t *testing.T) {
	g := mustParse(t, "a:\nb: a")
	for ext, draw := range formats {
		if err := draw(g, brokenWriter{}, dag.Drawing{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v", ext, err)
		}
	}
}
