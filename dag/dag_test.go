package dag_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/dag"
)

// parse builds a graph from lines such as "c: a b", declared in that order.
func parse(text string) (*dag.Graph, error) {
	var names []string
	var needs [][]string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		names = append(names, name)
		needs = append(needs, strings.Fields(rest))
	}
	deps := make([][]int, len(names))
	for i, list := range needs {
		for _, n := range list {
			deps[i] = append(deps[i], slices.Index(names, n))
		}
	}
	return dag.New(names, deps)
}

func mustParse(t *testing.T, text string) *dag.Graph {
	t.Helper()
	g, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func called(g *dag.Graph, nodes []int) string {
	names := make([]string, len(nodes))
	for k, i := range nodes {
		names[k] = g.Name(i)
	}
	return strings.Join(names, " ")
}

func TestOrderAndLevels(t *testing.T) {
	for _, tt := range []struct{ name, graph, order, levels string }{
		{"no nodes", "", "", ""},
		{"no edges keep declaration order", "c:\na:\nb:", "c a b", "c a b"},
		{"chain declared backwards", "c: b\nb: a\na:", "a b c", "a|b|c"},
		{"a freed node declared early goes before later ones", "b: a\na:\nc:\nd:", "a b c d", "a c d|b"},
		{"diamond", "a:\nb: a\nc: a\nd: c b", "a b c d", "a|b c|d"},
		{"a level is the longest way down", "a:\nb: a\nc: b a\nd: a", "a b c d", "a|b d|c"},
		{"repeated and unsorted dependencies count once", "a:\nb:\nc: b a b a", "a b c", "a b|c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var g *dag.Graph
			if tt.graph == "" {
				g, _ = dag.New(nil, nil)
			} else {
				g = mustParse(t, tt.graph)
			}
			if got := called(g, g.Order()); got != tt.order {
				t.Errorf("order: got %q, want %q", got, tt.order)
			}
			var waves []string
			for _, wave := range g.Levels() {
				waves = append(waves, called(g, wave))
			}
			if got := strings.Join(waves, "|"); got != tt.levels {
				t.Errorf("levels: got %q, want %q", got, tt.levels)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		names []string
		deps  [][]int
		want  string
	}{
		{"too few lists", []string{"a"}, nil, "1 nodes but 0 lists of dependencies: expected one list for each node"},
		{"too large", []string{"a", "b"}, [][]int{{}, {2}}, `node "b" depends on node number 2: expected 0 to 1`},
		{"negative", []string{"a", "b"}, [][]int{{-1}, {}}, `node "a" depends on node number -1: expected 0 to 1`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := dag.New(tt.names, tt.deps)
			if g != nil || err == nil || err.Error() != tt.want {
				t.Errorf("got %v, %v; want error %q", g, err, tt.want)
			}
		})
	}
}

func TestCycle(t *testing.T) {
	for _, tt := range []struct{ name, graph, want, also string }{
		{"itself", "a:\nb: b", `"b" depends on itself`, ""},
		{"two", "a: b\nb: a", `cycle: "a" depends on "b" depends on "a"`, ""},
		{"a node before the cycle is not on it", "a: b\nb: c\nc: b", `cycle: "b" depends on "c" depends on "b"`, ""},
		{"nor one after it", "a:\nb: c a\nc: b\nd: c", `cycle: "b" depends on "c" depends on "b"`, ""},
		{"nor one between two", "x: c\na: b\nb: a x\nc: d\nd: c", `cycle: "a" depends on "b" depends on "a"`, `cycle: "c" depends on "d" depends on "c"`},
		{"the shorter of two ways round", "a: b d\nb: c\nc: a\nd: a", `cycle: "a" depends on "d" depends on "a"`, ""},
		{"the first node begins it though a later one has a shorter", "a: b\nb: c b\nc: a", `cycle: "a" depends on "b" depends on "c" depends on "a"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(tt.graph)
			var cycle *dag.CycleError
			if !errors.As(err, &cycle) {
				t.Fatalf("got %v, want a *CycleError", err)
			}
			if cycle.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", cycle, tt.want)
			}
			var also []string
			for _, c := range cycle.Also {
				also = append(also, c.Error())
			}
			if got := strings.Join(also, "\n"); got != tt.also {
				t.Errorf("also: got  %s\nwant %s", got, tt.also)
			}
		})
	}
}

func TestCycleMessageOfManyNodesIsShort(t *testing.T) {
	const n = 60_000
	names, deps := make([]string, n), make([][]int, n)
	for i := range n {
		names[i] = fmt.Sprint("step_", i)
		deps[i] = []int{(i + 1) % n}
	}
	_, err := dag.New(names, deps)
	var cycle *dag.CycleError
	if !errors.As(err, &cycle) {
		t.Fatalf("got %v, want a *CycleError", err)
	}
	if len(cycle.Path) != n+1 || len(cycle.Nodes) != n+1 {
		t.Errorf("path of %d names, %d nodes; want %d", len(cycle.Path), len(cycle.Nodes), n+1)
	}
	msg := cycle.Error()
	if len(msg) > 1000 || !strings.Contains(msg, `"step_11" depends on (59977 more) depends on "step_59989"`) {
		t.Errorf("got %s", msg)
	}
	if !strings.HasPrefix(msg, `cycle: "step_0" depends on "step_1" `) || !strings.HasSuffix(msg, ` depends on "step_59999" depends on "step_0"`) {
		t.Errorf("got %s", msg)
	}
}

func TestCriticalPath(t *testing.T) {
	g := mustParse(t, "a:\nb: a\nc: a\nd: b c\ne:")
	for _, tt := range []struct {
		name    string
		weights []time.Duration
		path    string
		total   time.Duration
	}{
		{"the heavier branch", []time.Duration{1, 2, 3, 1, 1}, "a c d", 5},
		{"the earlier of equal branches", []time.Duration{1, 2, 2, 1, 1}, "a b d", 4},
		{"a heavy node on its own", []time.Duration{1, 1, 1, 1, 9}, "e", 9},
		{"nothing weighs anything", make([]time.Duration, 5), "a", 0},
		{"less than nothing is nothing", []time.Duration{-5, 2, 1, 1, 0}, "a b d", 3},
		{"a sum beyond the type", []time.Duration{math.MaxInt64/2 + 1, 1, math.MaxInt64/2 + 1, 0, 0}, "a c", math.MaxInt64},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, total := g.CriticalPath(func(i int) time.Duration { return tt.weights[i] })
			if got := called(g, path); got != tt.path || total != tt.total {
				t.Errorf("got %q, %d; want %q, %d", got, total, tt.path, tt.total)
			}
		})
	}
	empty, _ := dag.New(nil, nil)
	if path, total := empty.CriticalPath(nil); path != nil || total != 0 {
		t.Errorf("no nodes: got %v, %v", path, total)
	}
}

func TestReduce(t *testing.T) {
	for _, tt := range []struct{ name, graph, weak, want string }{
		{"a longer way implies it", "a:\nb: a\nc: a b", "", "b-a c-b"},
		{"a diamond stays", "a:\nb: a\nc: a\nd: b c", "", "b-a c-a d-b d-c"},
		{"a complete graph becomes a chain", "a:\nb: a\nc: a b\nd: a b c", "", "b-a c-b d-c"},
		{"declared backwards", "c: a b\nb: a\na:", "", "c-b b-a"},
		{"a strong edge stays beside a path with a weak one", "a:\nb: a\nc: a b", "b-a", "b-a c-a c-b"},
		{"a weak edge goes for a strong path", "a:\nb: a\nc: a b", "c-a", "b-a c-b"},
		{"a weak edge goes for a mixed path", "a:\nb: a\nc: a b", "c-a c-b", "b-a c-b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := mustParse(t, tt.graph)
			weak := func(node, dep int) bool {
				return slices.Contains(strings.Fields(tt.weak), g.Name(node)+"-"+g.Name(dep))
			}
			r := g.ReduceWith(weak)
			var got []string
			for i := range r.Len() {
				for _, d := range r.Deps(i) {
					got = append(got, r.Name(i)+"-"+r.Name(d))
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			if r.Edges() != len(got) {
				t.Errorf("%d edges counted, %d there", r.Edges(), len(got))
			}
		})
	}
}
