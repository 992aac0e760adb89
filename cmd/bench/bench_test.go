package main

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A test binary that is told to be a helper is one, as the program itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "@") {
		if err := help(os.Args[1], os.Args[2:]); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func cpus(ms ...int) *contestant {
	c := &contestant{name: "it"}
	for _, n := range ms {
		c.costs = append(c.costs, cost{cpu: time.Duration(n) * time.Millisecond, wall: time.Second, rss: int64(n) << 20})
	}
	return c
}

func TestRatioIsTakenWithinTheRounds(t *testing.T) {
	// The second round was three times as slow for both.
	base, c := cpus(100, 300, 100), cpus(150, 450, 200)
	if got := c.ratio(base, cpuOf); got != 1.5 {
		t.Errorf("got %v, want 1.5", got)
	}
	if got := base.spread(cpuOf); got != 2 {
		t.Errorf("spread: got %v, want 2", got)
	}
	if c.cpu() != 200*time.Millisecond || c.rss() != 450<<20 {
		t.Errorf("got %v, %d", c.cpu(), c.rss())
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median: got %v, want 2.5", got)
	}
}

func TestBudgetVerdicts(t *testing.T) {
	for _, tt := range []struct {
		value, limit, goal float64
		want               string
	}{
		{1.2, 1.5, 1.3, "1.20 × (budget 1.50 ×, then 1.30 ×) ok"},
		{1.4, 1.5, 1.3, "1.40 × (budget 1.50 ×, then 1.30 ×) ok, goal not yet"},
		{1.8, 1.5, 0, "1.80 × (budget 1.50 ×) MISSED by 20 %"},
		{math.NaN(), 1.5, 0, "? × (budget 1.50 ×) MISSED"},
		{0, 0, 0, "0 × (budget 0 ×) ok"},
		{3, 0, 0, "3 × (budget 0 ×) MISSED"},
	} {
		var out bytes.Buffer
		tab := table{out: &out}
		tab.budget("it", tt.value, " ×", tt.limit, tt.goal)
		if got := strings.TrimSpace(out.String()); got != "→ it: "+tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
		if missed := strings.Contains(tt.want, "MISSED"); (tab.missed == 1) != missed || (tab.met == 1) == missed {
			t.Errorf("%s: counted %d met, %d missed", tt.want, tab.met, tab.missed)
		}
	}
}

func TestRowOfAPeerThatFailedSaysSo(t *testing.T) {
	var out bytes.Buffer
	c := &contestant{name: "dagu", failed: errors.New("exit status 1\nmuch more")}
	(&table{out: &out}).row(c, cpus(1))
	if want := "  dagu                                         failed: exit status 1\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestReadEvents(t *testing.T) {
	path := filepath.Join(t.TempDir(), events)
	text := `{"event_type":"run_started"}
{"event_type":"started"}
{"event_type":"started"}
{"event_type":"stdout","line":"\"completed\""}
{"event_type":"completed"}
{"event_type":"started"}
{"event_type":"failed"}
{"event_type":"dropped","count":7}
{"event_type":"completed"}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readEvents(path)
	if want := (told{completed: 2, concurrent: 2, lines: 1, dropped: 7}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if err := os.WriteFile(path, []byte(text+`{"event_type":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readEvents(path); err == nil {
		t.Error("a torn last line is no error")
	}
}

// The producer must say exactly as much as it is told to, in lines of exactly
// 100 bytes however the writes fall, or in none.
func TestProducer(t *testing.T) {
	b := &bench{ctx: t.Context()}
	for _, shape := range []string{"lines", "unbroken"} {
		dir := t.TempDir()
		const size = 1_000_000
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		k, err := b.tee(dir, []string{self, "@produce", "1000000", shape, "producer.cpu"})
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "out.log"))
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfter(text, []byte("\n"))
		switch {
		case len(text) != size:
			t.Errorf("%s: %d bytes, want %d", shape, len(text), size)
		case shape == "unbroken" && len(lines) != 1:
			t.Errorf("%d newlines", len(lines)-1)
		case shape == "lines" && slices.ContainsFunc(lines[:size/100], func(l []byte) bool { return len(l) != 100 }):
			t.Error("a line is not 100 bytes long")
		}
		before := k.cpu
		if err := subtractProducer(&k, dir); err != nil || k.cpu >= before {
			t.Errorf("%s: the producer reported no CPU time: %v", shape, err)
		}
	}
}

func TestMeasureCountsDescendantsAndReportsFailure(t *testing.T) {
	b := &bench{ctx: t.Context()}
	dir := t.TempDir()
	busy, err := b.measure(dir, "sh", "-c", "(i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done)")
	if err != nil {
		t.Fatal(err)
	}
	if idle, err := b.measure(dir, "sh", "-c", ":"); err != nil || busy.cpu < 2*idle.cpu {
		t.Errorf("a child's work is not counted: %v beside %v, %v", busy.cpu, idle.cpu, err)
	}
	if _, err := b.measure(dir, "sh", "-c", "echo why >&2; exit 3"); err == nil || err.Error() != "sh: exit status 3\nwhy" {
		t.Errorf("got %v", err)
	}
}

func TestEnvironmentOfAContestant(t *testing.T) {
	t.Setenv("MAKEFLAGS", "-j8 --jobserver-auth=3,4")
	t.Setenv("RUNBOOK_SINK", "console")
	t.Setenv("KEPT", "yes")
	env := environment("/x")
	for _, v := range env {
		if strings.HasPrefix(v, "MAKEFLAGS=") || strings.HasPrefix(v, "RUNBOOK_") {
			t.Errorf("%s is passed on", v)
		}
	}
	for _, want := range []string{"KEPT=yes", "TMPDIR=/x/tmp", "XDG_STATE_HOME=/x/tmp/state"} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestFilesOfAJob(t *testing.T) {
	wide := job{steps: 2, parallel: 2, program: "/bin/true"}
	chain := job{steps: 2, parallel: 1, chain: true, program: "/bin/true"}
	_, wideMake := makefile(wide)
	_, chainMake := makefile(chain)
	_, chainNinja := ninjafile(chain)
	for _, tt := range []struct{ name, got, want string }{
		{"make, wide", wideMake["Makefile"], ".PHONY: all\nall: s00000 s00001\n.PHONY: s00000\ns00000: \n\t@/bin/true\n.PHONY: s00001\ns00001: \n\t@/bin/true\n"},
		{"make, chain", chainMake["Makefile"], ".PHONY: all\nall: s00001\n.PHONY: s00000\ns00000: \n\t@/bin/true\n.PHONY: s00001\ns00001: s00000\n\t@/bin/true\n"},
		{"ninja, chain", chainNinja["build.ninja"], "rule r\n  command = /bin/true\nbuild s00000: r \nbuild s00001: r s00000\n"},
		{"runbook, wide", runbookFile(wide), "version: 1\nname: bench\nstrategy: {type: parallel, max_concurrency: 2}\nsteps:\n  - id: s00000\n    exec: [/bin/true]\n  - id: s00001\n    exec: [/bin/true]\n"},
		{"runbook, chain", runbookFile(chain), "version: 1\nname: bench\nstrategy: dependency_graph\nsteps:\n  - id: s00000\n    exec: [/bin/true]\n  - id: s00001\n    exec: [/bin/true]\n    depends_on: [s00000]\n"},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}
