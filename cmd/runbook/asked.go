package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// asked is what is noted of where a run comes from.
func (c *cli) asked(rb *runbook.Runbook, file string, p *plan.Plan, f *applyFlags) state.Asked {
	sum := sha256.Sum256(rb.Source())
	a := state.Asked{
		File: file, Root: f.load.root, SHA256: hex.EncodeToString(sum[:]), Scripts: scriptsOf(p),
		Version: buildVersion().Version, Argv: f.outputs.without(os.Args),
	}
	if file != "-" {
		if path, err := filepath.Abs(file); err == nil {
			a.File = path
		}
		if path, err := filepath.EvalSymlinks(a.File); err == nil {
			a.Real = path
		}
	}
	a.Params = givenOf(p)
	return a
}

// givenOf is what the params of a plan were given.
func givenOf(p *plan.Plan) []state.Param {
	var given []state.Param
	for _, q := range p.Params {
		if q.Set && q.Source != "default" {
			given = append(given, state.Param{Name: q.Name, Value: q.Value, Source: q.Source})
		}
	}
	return given
}

// scriptsOf is the hash of every script of a plan, by its path.
func scriptsOf(p *plan.Plan) map[string]string {
	sums := map[string]string{}
	var look func(*plan.Plan)
	command := func(c *plan.Command) {
		if c.Script != nil && c.Script.SHA256 != "" {
			sums[c.Script.Path] = c.Script.SHA256
		}
	}
	guard := func(g *plan.Guard) {
		if g != nil && g.Probe != nil {
			command(&g.Probe.Command)
		}
	}
	guards := func(list []plan.Guard) {
		for i := range list {
			guard(&list[i])
		}
	}
	var step func(*plan.Step)
	step = func(s *plan.Step) {
		command(&s.Command)
		guard(s.If)
		guard(s.Unless)
		guards(s.Require)
		if s.Rollback != nil {
			step(s.Rollback)
		}
		if s.Body != nil {
			look(s.Body)
		}
	}
	look = func(p *plan.Plan) {
		for _, steps := range [][]plan.Step{p.Steps, p.OnFailure, p.Finally} {
			for i := range steps {
				step(&steps[i])
			}
		}
		for i := range p.Groups {
			guard(p.Groups[i].If)
			guards(p.Groups[i].Require)
		}
		guards(p.Require)
	}
	look(p)
	return sums
}
