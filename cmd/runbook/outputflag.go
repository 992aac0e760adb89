package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// outputFlags are --output in a command that both prints for reading and is given
// outputs of steps: text or json say how to print, STEP.NAME=VALUE is an output.
// Neither can be taken for the other.
type outputFlags struct {
	format string
	given  []givenOutput
	from   []string // runs
}

type givenOutput struct{ step, name, value string }

func (f *outputFlags) add(c *cli, cmd *cobra.Command) {
	f.format = "text"
	flags := cmd.Flags()
	flags.VarP(f, "output", "o", "how to print: `text|json`; or, as STEP.NAME=VALUE, the output of a step that is left out or marked as done (may be repeated)")
	flags.StringArrayVar(&f.from, "outputs-from", nil, "take the outputs of steps that are left out from `RUN` (may be repeated)")
	cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("outputs-from", c.completeRuns)
}

func (f *outputFlags) Type() string   { return "output" }
func (f *outputFlags) String() string { return f.format }

func (f *outputFlags) Set(s string) error {
	if s == "text" || s == "json" {
		f.format = s
		return nil
	}
	o, ok := cutOutput(s)
	if !ok {
		if near := nearest(s, []string{"text", "json"}); near != "" {
			return fmt.Errorf("text or json (did you mean %q?), or STEP.NAME=VALUE", near)
		}
		return fmt.Errorf("text or json, or STEP.NAME=VALUE such as build.version=1.2.3")
	}
	f.given = append(f.given, o)
	return nil
}

// without is the command line without the values of outputs: it is written down
// before anybody can tell whether one holds a secret.
func (f *outputFlags) without(args []string) []string {
	args = slices.Clone(args)
	for i := range args {
		for _, o := range f.given {
			if before, ok := strings.CutSuffix(args[i], o.step+"."+o.name+"="+o.value); ok {
				args[i] = before + o.step + "." + o.name + "=***"
			}
		}
	}
	return args
}

// cutOutput takes STEP.NAME=VALUE apart. The key of an instance, in brackets, may
// hold anything.
func cutOutput(s string) (o givenOutput, ok bool) {
	from := strings.LastIndex(s, "].") + 1
	if eq := strings.IndexByte(s, '='); eq >= 0 && eq < from && !strings.Contains(s[:eq], "[") {
		from = 0 // the brackets are in the value
	}
	dot := strings.IndexByte(s[from:], '.')
	if dot < 0 {
		return o, false
	}
	o.step = s[:from+dot]
	o.name, o.value, ok = strings.Cut(s[from+dot+1:], "=")
	return o, ok && o.step != "" && o.name != ""
}

// values are the outputs by step. Those of marked steps must be all that the step
// declares.
func (c *cli) givenOutputs(f *outputFlags, state *stateFlags, p *plan.Plan, marked []string) (map[string]map[string]any, error) {
	all := map[string]map[string]any{}
	for _, ref := range f.from {
		if err := outputsOf(state, ref, all); err != nil {
			return nil, err
		}
	}
	for _, o := range f.given {
		declared, err := declaredOutput(p, o)
		if err != nil {
			return nil, err
		}
		if all[o.step] == nil {
			all[o.step] = map[string]any{}
		}
		want := outputType(p, o, declared)
		value := outputValue(want, o.value)
		if why := want.Refuses(value); why != "" {
			return nil, usage("", "flag \"--output\": %s.%s %s", o.step, o.name, why)
		}
		all[o.step][o.name] = value
	}
	for _, id := range marked {
		s := stepOf(p, id)
		if s == nil {
			continue // the engine says so
		}
		for _, o := range s.Outputs {
			if _, ok := all[id][o.Name]; !ok && !o.Secret {
				return nil, usage(fmt.Sprintf("--output %s.%s=VALUE", id, o.Name), "step %q is marked as done, and its output %q is not given", id, o.Name)
			}
		}
	}
	return all, nil
}

// ofLeftOut refuses the outputs of a step that runs, and will have its own.
func (f *outputFlags) ofLeftOut(leftOut []string) error {
	for _, o := range f.given {
		if !slices.ContainsFunc(leftOut, func(id string) bool { return plan.Covers(id, o.step) }) {
			return usage("--skip "+o.step+", to leave it out", "flag \"--output\": step %q runs, and will have its own outputs", o.step)
		}
	}
	return nil
}

// missingOutputs says what must be given of steps that are left out, all of it at
// once; nil: nothing.
func missingOutputs(list []plan.MissingOutput) error {
	if len(list) == 0 {
		return nil
	}
	e := &exit{code: exitUsage, err: fmt.Errorf("%s of steps that are left out %s read by steps that run, and not given", plural(len(list), "output"), isAre(len(list)))}
	givable := false
	for _, m := range list {
		e.help = append(e.help, missingHelp(m))
		givable = givable || !m.Secret
	}
	if givable {
		e.help = append(e.help, "or, as an earlier run has put them out: --outputs-from RUN")
	}
	return e
}

func missingHelp(m plan.MissingOutput) string {
	readers := quote(m.Readers[0])
	if n := len(m.Readers) - 1; n > 0 {
		readers = fmt.Sprintf("%s and %d more", readers, n)
	}
	if m.Secret {
		return fmt.Sprintf("let %s run: its output %s, for %s, is secret, and cannot be given", quote(m.Step), m.Output, readers)
	}
	return fmt.Sprintf("--output %s.%s=VALUE, for %s", quote(m.Step), m.Output, readers)
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// outputType is what an output is known to be: of all instances of a foreach
// together a list, null where one has failed.
func outputType(p *plan.Plan, o givenOutput, declared *plan.Output) plan.Type {
	t := plan.String // a line of $RUNBOOK_STEP_OUTPUT
	if declared.Expr != nil {
		t = declared.Expr.Type()
	}
	if s := stepOf(p, o.step); s.Foreach != nil && s.ID == o.step {
		return plan.ListOf(t.MaybeAbsent("an instance has failed"))
	}
	return t
}

// outputValue is what was given: text as it is where text is wanted, else JSON if
// it is.
func outputValue(want plan.Type, text string) any {
	if want.IsText() {
		return text
	}
	if v, err := plan.DecodeJSON([]byte(text)); err == nil {
		return v
	}
	return text
}

func declaredOutput(p *plan.Plan, o givenOutput) (*plan.Output, error) {
	s := stepOf(p, o.step)
	if s == nil {
		return nil, noStep(p, "output", o.step)
	}
	var names []string
	for i := range s.Outputs {
		if s.Outputs[i].Name == o.name {
			if s.Outputs[i].Secret {
				return nil, usage("let the step run", "output %q of step %q is secret, and cannot be given on a command line", o.name, o.step)
			}
			return &s.Outputs[i], nil
		}
		names = append(names, s.Outputs[i].Name)
	}
	help := "its outputs are " + strings.Join(names, ", ")
	if len(names) == 0 {
		help = "it has none"
	}
	if near := nearest(o.name, names); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	return nil, usage(help, "flag \"--output\" names output %q of step %q, which does not declare it", o.name, o.step)
}

// stepOf finds a step by its id, or by that of one of its instances.
func stepOf(p *plan.Plan, id string) *plan.Step {
	plain := plan.PlainID(id)
	for i := range p.Steps {
		if p.Steps[i].ID == id || p.Steps[i].ID == plain {
			return &p.Steps[i]
		}
	}
	return nil
}

// outputsOf adds what the steps of a run have put out.
func outputsOf(flags *stateFlags, ref string, all map[string]map[string]any) error {
	_, kept, err := flags.find(ref)
	if err != nil {
		return err
	}
	events, err := kept.Events()
	if err != nil {
		return &exit{code: exitEngine, err: err}
	}
	items := map[string][]event.Item{}
	for _, e := range events {
		switch {
		case e.Phase != event.Main:
		case e.Type == event.Expanded && len(e.Items) > 0:
			items[e.StepID] = e.Items
		case e.Type == event.Completed && e.Outputs != nil:
			all[e.StepID] = e.Outputs
		case e.Type == event.Completed && items[e.StepID] != nil:
			all[e.StepID] = lists(e.StepID, items[e.StepID], all)
		}
	}
	return nil
}

// lists are the outputs of a step with foreach: of each, what its instances have
// put out, in their order.
func lists(id string, items []event.Item, all map[string]map[string]any) map[string]any {
	lists := map[string]any{}
	for i, item := range items {
		for name, value := range all[id+"["+item.Key+"]"] {
			list, _ := lists[name].([]any)
			if list == nil {
				list = make([]any, len(items)) // null where one has put out nothing
				lists[name] = list
			}
			list[i] = value
		}
	}
	return lists
}
