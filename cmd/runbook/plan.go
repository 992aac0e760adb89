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

// planFlags are those of plan, and what apply --dry-run has of them.
type planFlags struct {
	load     loadFlags
	engine   engineFlags
	params   paramFlags
	steps    stepFlags
	approval approvalFlags // of apply --dry-run: plan has no such flags
	outputs  outputFlags
	out      string
	probe    bool
	detailed bool
}

func (c *cli) planCommand() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan FILE",
		Short: "Show what would run, and in which order",
		Long: `plan shows what apply would do: the steps in their order, with resolved command
lines, timeouts, retries and effects. Steps of one wave may run at once. What is
known only when another step has run stands as it is written, with the step that
it waits for. Secrets are shown as ***. Nothing is run. Steps that --only, --skip
or --from leave out are shown as such: they count as done, with the outputs that
--output gives them. What apply would want to be given of them is told.

What params make of values is checked as apply does, step by step; a mistake is
told, and the exit code is 3.

With --probe only the probes are run, which read, and each step is told as one
that will run, is already done, is not wanted, is blocked, or depends on what is
not known yet.`,
		Example: `  runbook plan deploy.yaml
  runbook plan deploy.yaml -p environment=staging
  runbook plan deploy.yaml --from switch          what would run from there on
  runbook plan deploy.yaml --probe                what is to be done still
  runbook plan deploy.yaml -o json --out plan.json`,
		Args:              oneFile,
		ValidArgsFunction: runbookFiles,
		RunE:              func(_ *cobra.Command, args []string) error { return c.plan(args[0], &f) },
	}
	f.params.add(cmd)
	f.steps.addChoice(cmd)
	f.addProbe(cmd)
	f.outputs.add(c, cmd)
	outFlag(cmd, &f.out)
	f.engine.add(c, cmd)
	f.load.add(cmd)
	return cmd
}

func (c *cli) plan(file string, f *planFlags) error {
	config, err := f.engine.config(c, &f.load)
	if err != nil {
		return err
	}
	config.StateDir, config.Durability = "", "" // nothing is kept of a plan
	rb, err := c.load(file, &f.load)
	if err != nil {
		return err
	}
	p, err := c.bind(rb, file, &f.params, &f.load)
	if err != nil {
		return err
	}
	if err := checkSteps(p, &f.steps, &f.approval); err != nil {
		return err
	}
	options := f.steps.options()
	if options.Outputs, err = c.givenOutputs(&f.outputs, &f.engine.state, p, nil); err != nil {
		return err
	}
	if err := f.outputs.ofLeftOut(options.LeftOut(p)); err != nil {
		return err
	}
	found := options.Lacks(p, config.MaxTimeout)
	mistaken := c.tellPlanned(found)
	leftOut, missing := options.LeftOut(p), options.MissingOutputs(p)
	var survey *executor.Survey
	if f.probe && mistaken != nil {
		return mistaken
	}
	if f.probe {
		if survey, err = c.survey(config, p, &f.steps, options); err != nil {
			return err
		}
	} else if f.detailed {
		return usage("", "--detailed-exitcode needs --probe")
	}
	err = c.write(f.out, func(w io.Writer) error {
		var colors paint
		if f.out == "" {
			colors = c.paint(c.stdout)
		}
		switch {
		case f.outputs.format == "json":
			return writePlanJSON(w, p, config, options, survey, found)
		case survey != nil:
			printSurvey(w, colors, p.Name, survey)
			printMissing(w, colors, missing)
		default:
			v := planView{w: w, paint: colors, config: config, view: newView(p)}
			v.leaveOut(leftOut, options.Outputs)
			v.print()
			printMissing(w, colors, missing)
		}
		return nil
	})
	if err == nil && mistaken != nil {
		return mistaken
	}
	if err == nil && f.detailed && changes(survey, p) {
		return &exit{code: exitChanges}
	}
	return err
}

// planJSON is a contract: keys may be added, those here stay.
type planJSON struct {
	FormatVersion int             `json:"format_version"`
	Waves         [][]string      `json:"waves"`              // ids of steps that may run at once, in order
	Config        executor.Config `json:"config"`             // what holds where a step says nothing
	LeftOut       []string        `json:"left_out,omitempty"` // by --only, --skip or --from
	Missing       []missingJSON   `json:"missing_outputs,omitempty"`
	Mistakes      []mistakeJSON   `json:"mistakes,omitempty"` // in what steps are given
	Survey        *surveyJSON     `json:"survey,omitempty"`   // with --probe
	Plan          *plan.Plan      `json:"plan"`
}

// missingJSON is an output of a step that is left out, which must be given.
type missingJSON struct {
	StepID string   `json:"step_id"`
	Output string   `json:"output"`
	ReadBy []string `json:"read_by"`
}

// mistakeJSON is a value that would fail its step.
type mistakeJSON struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	StepID  string `json:"step_id,omitempty"` // none: it is the runbook's own
	Message string `json:"message"`
}

// printMissing says what apply would want to be given.
func printMissing(w io.Writer, p paint, list []plan.MissingOutput) {
	for i, m := range list {
		if i == 0 {
			fmt.Fprintf(w, "\n%s of steps that are left out:\n", p.red("apply would refuse this without the outputs"))
		}
		fmt.Fprintf(w, "  %s\n", missingHelp(m))
	}
}

func writePlanJSON(w io.Writer, p *plan.Plan, config executor.Config, o executor.RunOptions, survey *executor.Survey, found []executor.Lack) error {
	config.LockDir = "" // no step depends on it, and it differs from user to user
	j := planJSON{FormatVersion: 1, Waves: [][]string{}, Config: config, LeftOut: o.LeftOut(p), Survey: newSurveyJSON(survey), Plan: p}
	for _, m := range o.MissingOutputs(p) {
		j.Missing = append(j.Missing, missingJSON{m.Step, m.Output, m.Readers})
	}
	for _, l := range found {
		if l.Mistake {
			j.Mistakes = append(j.Mistakes, mistakeJSON{l.File, l.Line, l.StepID, l.Message})
		}
	}
	for _, wave := range runbook.Graph(p).Levels() {
		ids := make([]string, len(wave))
		for i, n := range wave {
			ids[i] = p.Steps[n].ID
		}
		j.Waves = append(j.Waves, ids)
	}
	return encodeJSON(w, j)
}

// encodeJSON writes v for people and programs to read.
func encodeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// A planView prints a plan for people.
type planView struct {
	*view
	w          io.Writer
	paint      paint
	config     executor.Config
	common     surroundings // of all steps, told once
	dependents [][]int      // of each step: those that need it
	brief      bool         // only what a step would do
	margin     string       // before each line
}

func (v *planView) print() {
	p := v.plan
	out := ""
	if len(v.leftOut) > 0 {
		out = fmt.Sprintf(", %d left out", len(v.leftOut))
	}
	fmt.Fprintf(v.w, "%s: %s%s, %s\n", v.paint.bold(sink.Escape(p.Name)), plural(len(p.Steps), "step"), out, v.order(p))
	if p.Description != "" {
		fmt.Fprintln(v.w, indent(p.Description, "  "))
	}
	v.inputs()
	v.common = v.commonToAll()
	v.surroundings(v.common)
	v.needed()
	waves := runbook.Graph(p).Levels()
	for i, wave := range waves {
		if len(waves) < len(p.Steps) {
			fmt.Fprintf(v.w, "\n%s\n", v.paint.bold(fmt.Sprintf("wave %d", i+1)))
		} else {
			fmt.Fprintln(v.w)
		}
		for _, n := range wave {
			v.step(&p.Steps[n], p.Strategy == plan.DependencyGraph, n)
		}
	}
	v.handlers("on failure", p.OnFailure)
	v.handlers("finally", p.Finally)
}

// needed finds the dependents of each step.
func (v *planView) needed() {
	v.dependents = make([][]int, len(v.plan.Steps))
	for i := range v.plan.Steps {
		for _, need := range v.plan.Steps[i].Needs {
			v.dependents[need] = append(v.dependents[need], i)
		}
	}
}

// inputs are the params, secrets, guards and the lock of the whole run.
func (v *planView) inputs() {
	n := v.names(0)
	for _, p := range v.plan.Params {
		text := "not set"
		if p.Set {
			text = quote(valueText(p.Value))
		}
		if p.Source != "" {
			text += "  (" + sink.Escape(p.Source) + ")"
		}
		v.list("param "+p.Name, []string{text})
	}
	for i := range v.plan.Secrets {
		s := &v.plan.Secrets[i]
		v.list("secret "+s.Name, []string{"*** from " + n.secretSource(s)})
	}
	v.lock(v.plan.Lock, n)
	v.requires(v.plan.Require, &plan.Step{Dir: v.plan.Dir}, n)
}

func (n names) secretSource(s *plan.Secret) string {
	f := freezer{names: n}
	switch {
	case s.Env != "":
		return "the variable " + s.Env
	case len(s.Exec) > 0:
		var argv []string
		for _, v := range s.Exec {
			text, _ := f.text(v).Literal()
			argv = append(argv, text)
		}
		return commandLine(argv)
	}
	path, _ := f.text(s.File).Literal()
	return "the file " + quote(path)
}

// valueText is a value as text; null is a word here.
func valueText(x any) string {
	if x == nil {
		return "null"
	}
	text, err := plan.ToText(x)
	if err != nil {
		return fmt.Sprint(x)
	}
	return text
}

// order says in words how the steps are ordered.
func (v *planView) order(p *plan.Plan) string {
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

func (v *planView) handlers(title string, steps []plan.Step) {
	if len(steps) == 0 {
		return
	}
	fmt.Fprintf(v.w, "\n%s\n", v.paint.bold(title))
	for i := range steps {
		v.step(&steps[i], false, -1)
	}
}

func (v *planView) effect(e plan.Effect) string {
	word := string(e)
	switch e {
	case plan.Destroy:
		return v.paint.red(word)
	case plan.Write:
		return v.paint.yellow(word)
	}
	return v.paint.dim(word)
}

func (v *planView) list(label string, words []string) {
	if len(words) == 0 {
		return
	}
	if label != "" {
		label += " "
	}
	v.line(v.paint.dim(label + strings.Join(words, ", ")))
}

func (v *planView) line(text string) { fmt.Fprintf(v.w, "%s    %s\n", v.margin, text) }

func (v *planView) ids(indexes []int) []string {
	var names []string
	for _, i := range indexes {
		names = append(names, sink.Escape(v.plan.Steps[i].ID))
	}
	return names
}

// shortText is a duration in text without the zero parts that Go prints.
func shortText(s string) string {
	if d, err := time.ParseDuration(s); err == nil {
		return plan.DurationText(d)
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
