package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/executor/state"
)

type runsFlags struct {
	state  stateFlags
	name   string
	status []string
	since  since
	labels []string
	limit  int
	output string
}

func (c *cli) runsCommand() *cobra.Command {
	var f runsFlags
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List the runs that were kept",
		Long: `runs lists what was run, the newest first. A run is interrupted where its engine
died before it ended, or where a resume needs a decision; it can be resumed then,
as a paused one can. It is damaged where its record is not whole: runbook verify
tells more.`,
		Example: `  runbook runs
  runbook runs --name deploy --status failed,interrupted
  runbook runs --since 7d --label team=payments
  runbook runs -o json | jq -r '.runs[].run_id'`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(*cobra.Command, []string) error { return c.runs(&f) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.name, "name", "", "only runs of the runbook with this `name`")
	flags.StringSliceVar(&f.status, "status", nil, "only runs that are so, one or more `words`: "+alternatives(runStatuses))
	flags.Var(&f.since, "since", "only runs that were started since: 24h, 7d or 2026-03-14")
	flags.StringArrayVar(&f.labels, "label", nil, "only runs of runbooks with this label, `key=value` (may be repeated)")
	flags.IntVar(&f.limit, "limit", 50, "at most that many, 0 for all")
	choice(cmd, &f.output, "output", "o", "text", "json")
	f.state.add(c, cmd)
	cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(runStatuses, cobra.ShellCompDirectiveNoFileComp))
	cmd.AddCommand(c.pruneCommand())
	return cmd
}

// runStatuses are what a run can be.
var runStatuses = []string{"running", "completed", "failed", "cancelled", "rolled_back", "paused", "interrupted", "damaged"}

func (f *runsFlags) filter() (state.Filter, error) {
	want := state.Filter{Name: f.name, Since: f.since.at, Limit: f.limit, Labels: map[string]string{}}
	for _, word := range f.status {
		var s event.Status
		if err := s.UnmarshalText([]byte(word)); err != nil || !slices.Contains(runStatuses, word) {
			help := ""
			if near := nearest(word, runStatuses); near != "" {
				help = fmt.Sprintf("did you mean %q?", near)
			}
			return want, usage(help, "flag \"--status\" is %q, want %s", word, alternatives(runStatuses))
		}
		want.Status = append(want.Status, s)
	}
	for _, label := range f.labels {
		key, value, ok := strings.Cut(label, "=")
		if !ok || key == "" {
			return want, usage("", "flag \"--label\" is %q, want key=value", label)
		}
		want.Labels[key] = value
	}
	if f.limit < 0 {
		return want, usage("", "flag \"--limit\" is %d, want 0 or more", f.limit)
	}
	return want, nil
}

func (c *cli) runs(f *runsFlags) error {
	want, err := f.filter()
	if err != nil {
		return err
	}
	folder, err := f.state.look()
	if err != nil {
		return err
	}
	var runs []state.Entry
	var problems []state.Problem
	if folder != nil {
		if runs, problems, err = folder.List(want); err != nil {
			return &exit{code: exitEngine, err: err}
		}
	}
	for _, p := range problems {
		c.complain("warning", sink.Escape(p.Error()))
	}
	return c.writeAs(f.output, runsJSON(runs, problems), func(w io.Writer) error {
		table := [][]string{{"RUN", "NAME", "STATUS", "STARTED", "TOOK", "STEPS", "BY"}}
		for _, r := range runs {
			table = append(table, runRow(&r))
		}
		if len(runs) > 0 {
			c.table(w, table, func(row int) event.Status { return runs[row-1].Status })
		}
		return nil
	})
}

func runRow(r *state.Entry) []string {
	return []string{
		r.ID.String(), r.Asked.Name, r.Status.String(), moment(r.Asked.StartedAt), runTook(r), doneOf(r.Stats), r.Asked.User,
	}
}

// runTook is the time from the start to the end, pauses and all. When an engine
// died nobody knows.
func runTook(r *state.Entry) string {
	end := r.Last
	if r.Status == event.StatusRunning {
		end = time.Now()
	}
	if r.Died || end.Before(r.Asked.StartedAt) {
		return "-"
	}
	return sink.Brief(end.Sub(r.Asked.StartedAt))
}

func doneOf(s *event.Stats) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%d/%d", s.Completed, s.Total)
}

// table prints rows in columns, the first of them as a heading. The column that
// is called STATUS has the colour of the row's.
func (c *cli) table(w io.Writer, rows [][]string, status func(row int) event.Status) {
	p := c.paint(c.stdout)
	wide := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			row[i] = sink.Escape(cell)
			wide[i] = max(wide[i], utf8.RuneCountInString(row[i]))
		}
	}
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", wide[i]-utf8.RuneCountInString(cell)+2)
			switch {
			case n == 0:
				cell = p.bold(cell)
			case rows[0][i] == "STATUS":
				cell = p.status(status(n), cell)
			}
			line.WriteString(cell + gap)
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

type runJSON struct {
	ID        string            `json:"run_id"`
	Name      string            `json:"name"`
	Status    event.Status      `json:"status"`
	File      string            `json:"file,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	StartedAt time.Time         `json:"started_at"`
	LastAt    *time.Time        `json:"last_at,omitempty"` // when something was last written down
	Stats     *event.Stats      `json:"stats,omitempty"`
	Damage    string            `json:"damage,omitempty"` // what is wrong with its record
	User      string            `json:"user,omitempty"`
	Host      string            `json:"host,omitempty"`
	Folder    string            `json:"folder"`
}

type problemJSON struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

// runsJSON is a contract: keys may be added, those here stay.
func runsJSON(runs []state.Entry, problems []state.Problem) any {
	j := struct {
		Runs     []runJSON     `json:"runs"`
		Problems []problemJSON `json:"problems,omitempty"`
	}{Runs: []runJSON{}}
	for _, r := range runs {
		run := runJSON{
			ID: r.ID.String(), Name: r.Asked.Name, Status: r.Status, File: r.Asked.File, Labels: r.Asked.Labels,
			StartedAt: r.Asked.StartedAt, Stats: r.Stats, User: r.Asked.User, Host: r.Asked.Host, Folder: r.Path(),
		}
		if !r.Last.IsZero() {
			run.LastAt = &r.Last
		}
		if r.Damage != nil {
			run.Damage = r.Damage.Error()
		}
		j.Runs = append(j.Runs, run)
	}
	for _, p := range problems {
		j.Problems = append(j.Problems, problemJSON{p.Path, p.Error()})
	}
	return j
}
