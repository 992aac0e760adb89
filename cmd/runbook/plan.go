package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook"
	"github.com/cloudops-run/runbook/runbook/plan"
)

func (c *cli) planCommand() *cobra.Command {
	var load loadFlags
	var engine engineFlags
	var output, out string
	cmd := &cobra.Command{
		Use:   "plan FILE",
		Short: "Show what would run, and in which order",
		Long:  "plan shows what apply would do: the steps in their order, with resolved command\nlines, timeouts, retries and effects. Steps of one wave may run at once. Nothing\nis run.",
		Example: `  runbook plan deploy.yaml
  runbook plan deploy.yaml -o json --out plan.json`,
		Args:              oneFile,
		ValidArgsFunction: runbookFiles,
		RunE: func(_ *cobra.Command, args []string) error {
			return c.plan(args[0], &load, &engine, output, out)
		},
	}
	choice(cmd, &output, "output", "o", "text", "json")
	outFlag(cmd, &out)
	engine.add(cmd)
	load.add(cmd)
	return cmd
}

func (c *cli) plan(file string, load *loadFlags, engine *engineFlags, output, out string) error {
	config, err := engine.config(load)
	if err != nil {
		return err
	}
	rb, err := c.load(file, load)
	if err != nil {
		return err
	}
	p := rb.Plan()
	return c.write(out, func(w io.Writer) error {
		if output == "json" {
			return writePlanJSON(w, p, config)
		}
		v := planView{w: w, config: config}
		if out == "" {
			v.paint = c.paint(c.stdout)
		}
		v.plan(p)
		return nil
	})
}

// planJSON is a contract: keys may be added, those here stay.
type planJSON struct {
	FormatVersion int             `json:"format_version"`
	Waves         [][]string      `json:"waves"`  // ids of steps that may run at once, in order
	Config        executor.Config `json:"config"` // what holds where a step says nothing
	Plan          *plan.Plan      `json:"plan"`
}

func writePlanJSON(w io.Writer, p *plan.Plan, config executor.Config) error {
	j := planJSON{FormatVersion: 1, Waves: [][]string{}, Config: config, Plan: p}
	for _, wave := range runbook.Graph(p).Levels() {
		ids := make([]string, len(wave))
		for i, n := range wave {
			ids[i] = p.Steps[n].ID
		}
		j.Waves = append(j.Waves, ids)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(j)
}

// A planView prints a plan for people.
type planView struct {
	w      io.Writer
	paint  paint
	config executor.Config
	common surroundings // of all steps, told once
}

func (v planView) plan(p *plan.Plan) {
	fmt.Fprintf(v.w, "%s: %s, %s\n", v.paint.bold(sink.Escape(p.Name)), plural(len(p.Steps), "step"), v.order(p))
	if p.Description != "" {
		fmt.Fprintln(v.w, indent(p.Description, "  "))
	}
	v.common = commonTo(p)
	v.surroundings(v.common)
	if v.config.LogDir != "" {
		v.list("logs in", []string{quote(v.config.LogDir)})
	}
	waves := runbook.Graph(p).Levels()
	for i, wave := range waves {
		if len(waves) < len(p.Steps) {
			fmt.Fprintf(v.w, "\n%s\n", v.paint.bold(fmt.Sprintf("wave %d", i+1)))
		} else {
			fmt.Fprintln(v.w)
		}
		for _, n := range wave {
			v.step(&p.Steps[n], p, p.Strategy == plan.DependencyGraph)
		}
	}
	v.handlers("on failure", p.OnFailure)
	v.handlers("finally", p.Finally)
}

// order says in words how the steps are ordered.
func (v planView) order(p *plan.Plan) string {
	words := map[plan.Strategy]string{
		plan.Serial:          "one after the other",
		plan.Parallel:        "all at once",
		plan.DependencyGraph: "as their needs are met",
	}[p.Strategy]
	if p.Strategy != plan.Serial {
		most := v.config.MaxConcurrentExecutions
		if p.MaxConcurrency > 0 {
			most = min(most, p.MaxConcurrency)
		}
		words += fmt.Sprintf(", at most %d at a time", most)
	}
	if !p.StopOnError {
		words += ", going on after a failure"
	}
	return words
}

func (v planView) handlers(title string, steps []plan.Step) {
	if len(steps) == 0 {
		return
	}
	fmt.Fprintf(v.w, "\n%s\n", v.paint.bold(title))
	for i := range steps {
		v.step(&steps[i], nil, false)
	}
}

// step prints one step; edges only where they are not the file's order.
func (v planView) step(s *plan.Step, p *plan.Plan, edges bool) {
	head := v.paint.cyan(sink.Escape(s.ID)) + "  " + v.effect(s.Effect)
	if s.Name != "" {
		head += "  " + sink.Escape(s.Name)
	}
	fmt.Fprintf(v.w, "  %s\n", head)
	if s.Description != "" {
		fmt.Fprintln(v.w, v.paint.dim(indent(s.Description, "    # ")))
	}
	inv, err := s.Invocation(nil)
	if err != nil { // what is not known before the run
		fmt.Fprintf(v.w, "    %s\n", sink.Escape(err.Error()))
		return
	}
	for i, line := range commandLines(inv) {
		if i > 0 {
			line = "  " + line
		}
		fmt.Fprintf(v.w, "    %s\n", line)
	}
	if edges {
		v.list("needs", ids(p, s.Needs))
		v.list("after", ids(p, s.After))
	}
	v.surroundings(surroundingsOf(inv).without(v.common))
	v.list("", v.conditions(s, inv))
}

func (v planView) effect(e plan.Effect) string {
	word := string(e)
	switch e {
	case plan.Destroy:
		return v.paint.red(word)
	case plan.Write:
		return v.paint.yellow(word)
	}
	return v.paint.dim(word)
}

// conditions are its times, retries and what counts as success.
func (v planView) conditions(s *plan.Step, inv plan.Invocation) []string {
	timeout := inv.Timeout
	if timeout == 0 {
		timeout = v.config.DefaultTimeout
	}
	words := []string{"timeout " + short(timeout)}
	if inv.GracePeriod != plan.DefaultGracePeriod {
		words = append(words, "grace period "+short(inv.GracePeriod))
	}
	if s.Retry != nil {
		words = append(words, retryWords(s.Retry))
	}
	if len(s.SuccessExit) > 0 {
		words = append(words, "success is exit code "+strings.Trim(strings.ReplaceAll(fmt.Sprint(s.SuccessExit), " ", ", "), "[]"))
	}
	if s.ContinueOnError {
		words = append(words, "a failure is tolerated")
	}
	if s.Idempotent {
		words = append(words, "idempotent")
	}
	return words
}

func retryWords(r *plan.Retry) string {
	words := "retried " + plural(r.Times, "time")
	d, err := r.Delays(nil)
	switch {
	case err != nil:
		return words
	case d.Delay > 0 && r.Backoff == plan.Exponential:
		words += " after " + short(d.Delay) + ", doubling"
	case d.Delay > 0:
		words += " after " + short(d.Delay)
	}
	if d.MaxDelay > 0 {
		words += " up to " + short(d.MaxDelay)
	}
	if d.MaxElapsed > 0 {
		words += ", for " + short(d.MaxElapsed) + " at most"
	}
	return words
}

func (v planView) list(label string, words []string) {
	if len(words) == 0 {
		return
	}
	if label != "" {
		label += " "
	}
	fmt.Fprintf(v.w, "    %s\n", v.paint.dim(label+strings.Join(words, ", ")))
}

func ids(p *plan.Plan, indexes []int) []string {
	var names []string
	for _, i := range indexes {
		names = append(names, sink.Escape(p.Steps[i].ID))
	}
	return names
}

// short is a duration without the zero parts that Go prints: 10m, not 10m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// indent puts prefix before each line of text.
func indent(text, prefix string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = prefix + sink.Escape(line)
	}
	return strings.Join(lines, "\n")
}
