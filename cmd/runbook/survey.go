package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// addProbe adds the flags with which plan asks the probes.
func (f *planFlags) addProbe(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.probe, "probe", false, "run the probes of if, unless and require, and nothing else, and say which steps would run")
	flags.BoolVar(&f.detailed, "detailed-exitcode", false, "with --probe: exit code 10 if a step would change something")
}

// survey runs the probes of a plan. A signal ends them.
func (c *cli) survey(config executor.Config, p *plan.Plan, choose *stepFlags, o executor.RunOptions) (*executor.Survey, error) {
	engine, err := executor.New(config, executor.WithContainment())
	if err != nil {
		return nil, &exit{code: exitEngine, err: err}
	}
	defer engine.Close(context.Background())
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(got)
	var code atomic.Int32
	go func() {
		select {
		case sig := <-got:
			code.Store(int32(exitCode(sig)))
			stop()
		case <-ctx.Done():
		}
	}()
	survey, err := engine.Survey(ctx, p, o)
	switch {
	case code.Load() != 0:
		return nil, &exit{code: int(code.Load()), err: errors.New("interrupted, nothing was started but probes")}
	case err != nil:
		return nil, &exit{code: exitFailed, err: err}
	}
	for i := range survey.Steps {
		if s := &survey.Steps[i]; s.Verdict == executor.LeftOut {
			s.Message = choose.leftOutBy()
		}
	}
	return &survey, nil
}

// A surveyJSON is a contract: keys may be added, those here stay.
type surveyJSON struct {
	Blocked string           `json:"blocked,omitempty"`
	Steps   []surveyStepJSON `json:"steps"`
}

type surveyStepJSON struct {
	StepID  string           `json:"step_id"`
	Verdict executor.Verdict `json:"verdict"`
	Because string           `json:"because,omitempty"`
	Message string           `json:"message,omitempty"`
}

func newSurveyJSON(s *executor.Survey) *surveyJSON {
	if s == nil {
		return nil
	}
	j := &surveyJSON{Blocked: s.Blocked, Steps: []surveyStepJSON{}}
	for _, step := range s.Steps {
		j.Steps = append(j.Steps, surveyStepJSON(step))
	}
	return j
}

// changes reports whether apply would change something, as far as is known: a
// step that only reads changes nothing.
func changes(s *executor.Survey, p *plan.Plan) bool {
	effect := map[string]plan.Effect{}
	for i := range p.Steps {
		effect[p.Steps[i].ID] = p.Steps[i].Effect
	}
	for _, step := range s.Steps {
		if (step.Verdict == executor.WillRun || step.Verdict == executor.Undecided) && effect[step.StepID] != plan.Read {
			return true
		}
	}
	return false
}

// verdictWords are the verdicts as people read them.
var verdictWords = map[executor.Verdict]string{
	executor.WillRun: "will run", executor.AlreadyDone: "already done", executor.NotWanted: "not wanted",
	executor.LeftOut: "left out", executor.Blocked: "blocked", executor.Undecided: "unknown",
}

func printSurvey(w io.Writer, p paint, name string, s *executor.Survey) {
	fmt.Fprintf(w, "%s: what apply would do now\n", p.bold(sink.Escape(name)))
	if s.Blocked != "" {
		fmt.Fprintf(w, "%s: %s\n", p.red("may not begin"), sink.Escape(s.Blocked))
	}
	wide := 0
	for _, step := range s.Steps {
		wide = max(wide, min(len(sink.Escape(step.StepID)), 32))
	}
	count := map[executor.Verdict]int{}
	for _, step := range s.Steps {
		count[step.Verdict]++
		word := verdictWords[step.Verdict]
		note := step.Because
		if note == "" {
			note = step.Message
		}
		line := fmt.Sprintf("  %s%*s  ", p.cyan(sink.Escape(step.StepID)), max(wide-len(sink.Escape(step.StepID)), 0), "")
		if note != "" {
			line += colorVerdict(p, step.Verdict, fmt.Sprintf("%-12s", word)) + "  " + sink.Escape(note)
		} else {
			line += colorVerdict(p, step.Verdict, word)
		}
		fmt.Fprintln(w, line)
	}
	text, sep := "", ""
	for _, v := range []executor.Verdict{executor.WillRun, executor.AlreadyDone, executor.NotWanted, executor.LeftOut, executor.Blocked, executor.Undecided} {
		if count[v] > 0 {
			text += fmt.Sprintf("%s%d %s", sep, count[v], verdictWords[v])
			sep = ", "
		}
	}
	fmt.Fprintf(w, "\n%s\n", text)
}

func colorVerdict(p paint, v executor.Verdict, s string) string {
	switch v {
	case executor.WillRun:
		return p.green(s)
	case executor.Blocked:
		return p.red(s)
	case executor.Undecided:
		return p.yellow(s)
	}
	return p.dim(s)
}
