package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cloudops-run/runbook/executor/event"
)

// How each step of testdata/whole ends: its status, and the reason where it
// did not complete. Instances and steps of included runbooks are steps too.
const wholeEnds = `
s01 completed, s02 completed, s03 completed, s04 completed, s05 skipped if, s06 completed, s07 skipped unless, s08 completed
s09 completed, s09[red] completed, s09[green] completed, s09[blue] completed
s10 completed, s10[a] completed, s10[b] completed
s11 completed, s11[one,1] completed, s11[one,2] completed, s11[two,1] completed, s11[two,2] completed
s12 completed, s12[x!] completed, s12[y!] failed exit tolerated, s12[z!] skipped if
s13 completed, s14/stop completed, s14/wipe completed, s15 completed
s16 completed, s16[red] completed, s16[green] completed, s16[blue] completed
s16[red]/stop completed, s16[red]/wipe completed, s16[green]/stop completed, s16[green]/wipe completed, s16[blue]/stop completed, s16[blue]/wipe completed
s17 completed, s18 completed, s19 completed, s20 completed, s21 completed, s22 completed, s23 completed
s24 failed exit tolerated, s25 completed, s26 completed, s27 completed, s28 timeout timeout tolerated, s29 completed
`

func TestWhole(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		code  int
		ends  string
		files map[string]string // content; "-" for a file that must not be there
	}{
		{"completes", nil, 0,
			wholeEnds + "s30 completed, s31 completed, s32 completed, last completed",
			map[string]string{"s02.txt": "x\ny\nz\n2000000\n", "last.txt": "completed", "undo.txt": "-", "page.txt": "-"}},
		{"fails and undoes", []string{"-p", "fail=true"}, 1,
			wholeEnds + "s30 failed exit, s31 skipped need, s32 skipped stopped, page completed, last completed",
			map[string]string{"last.txt": "failed", "undo.txt": "undo s30 failed\nundo s29 completed\n", "page.txt": "s30 5\n"}},
		{"fails and does not undo", []string{"-p", "fail=true", "--no-rollback"}, 1,
			wholeEnds + "s30 failed exit, s31 skipped need, s32 skipped stopped, page completed, last completed",
			map[string]string{"undo.txt": "-", "page.txt": "s30 5\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("../../testdata/whole")); err != nil {
				t.Fatal(err)
			}
			t.Setenv("WHOLE_TOKEN", "token-abcdefgh")
			t.Setenv("XDG_STATE_HOME", t.TempDir())
			args := append([]string{"apply", "whole.yaml", "--approve", "s17", "--sink", "jsonl=events.jsonl", "-p", "env=staging"}, tt.args...)
			out, code := runIn(t, dir, args...)
			if code != tt.code {
				t.Fatalf("exit code %d, want %d\n%s", code, tt.code, out)
			}
			checkEnds(t, ends(t, filepath.Join(dir, "events.jsonl")), tt.ends)
			for name, want := range tt.files {
				data, err := os.ReadFile(filepath.Join(dir, name))
				if want == "-" && err == nil || want != "-" && string(data) != want {
					t.Errorf("%s = %q, %v, want %q", name, data, err, want)
				}
			}
		})
	}
}

// ends reads how each step ended, and that its number and order are as they
// must be: once, and after it started if it did.
func ends(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string]string{}
	seq := uint64(0)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if seq++; e.Seq != seq {
			t.Errorf("event %d has number %d", seq, e.Seq)
		}
		switch e.Type {
		case event.Completed, event.Failed, event.Timeout, event.Skipped, event.Cancelled:
		default:
			continue
		}
		if e.StepID == "" || e.Phase == event.Rollback {
			continue
		}
		end := string(e.Type)
		if e.Reason != "" {
			end += " " + string(e.Reason)
		}
		if e.Tolerated {
			end += " tolerated"
		}
		if was, twice := all[e.StepID]; twice {
			t.Errorf("%s ended twice: %s, %s", e.StepID, was, end)
		}
		all[e.StepID] = end
	}
	return all
}

func checkEnds(t *testing.T, got map[string]string, table string) {
	t.Helper()
	var want []string
	for line := range strings.Lines(table) {
		for _, entry := range strings.Split(strings.TrimSpace(line), ", ") {
			if entry != "" {
				want = append(want, entry)
			}
		}
	}
	var have []string
	for id, end := range got {
		have = append(have, id+" "+end)
	}
	slices.Sort(want)
	slices.Sort(have)
	for _, w := range want {
		if !slices.Contains(have, w) {
			id, _, _ := strings.Cut(w, " ")
			t.Errorf("want %q, got %q", w, fmt.Sprint(id, " ", got[id]))
		}
	}
	if len(have) != len(want) {
		t.Errorf("%d ends, want %d: %q", len(have), len(want), have)
	}
}
