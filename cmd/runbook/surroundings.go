package main

import (
	"slices"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// surroundings are what a process gets besides its arguments.
type surroundings struct {
	dir    string
	env    []string // NAME=value, quoted
	bare   bool
	stdin  *string
	stdout string
}

func surroundingsOf(inv plan.Invocation) surroundings {
	s := surroundings{dir: inv.Dir, bare: inv.BareEnv, stdin: inv.Stdin, stdout: inv.StdoutFile}
	for _, e := range inv.Env {
		s.env = append(s.env, e.Name+"="+quote(e.Value))
	}
	return s
}

// commonTo is the folder and the variables that all steps of a plan have.
func commonTo(p *plan.Plan) surroundings {
	var common surroundings
	first := true
	for _, steps := range [][]plan.Step{p.Steps, p.OnFailure, p.Finally} {
		for i := range steps {
			inv, err := steps[i].Invocation(nil)
			if err != nil {
				return surroundings{}
			}
			s := surroundingsOf(inv)
			if first {
				common, first = surroundings{dir: s.dir, env: s.env}, false
				continue
			}
			if s.dir != common.dir {
				common.dir = ""
			}
			common.env = slices.DeleteFunc(slices.Clone(common.env), func(v string) bool { return !slices.Contains(s.env, v) })
		}
	}
	return common
}

// without leaves out what was told already.
func (s surroundings) without(common surroundings) surroundings {
	if s.dir == common.dir {
		s.dir = ""
	}
	s.env = slices.DeleteFunc(slices.Clone(s.env), func(v string) bool { return slices.Contains(common.env, v) })
	return s
}

func (v planView) surroundings(s surroundings) {
	if s.dir != "" {
		v.list("in", []string{quote(s.dir)})
	}
	if s.bare {
		v.list("env", append([]string{"nothing inherited"}, s.env...))
	} else {
		v.list("env", s.env)
	}
	if s.stdin != nil {
		v.list("stdin", []string{plural(len(*s.stdin), "byte")})
	}
	if s.stdout != "" {
		v.list("stdout", []string{quote(s.stdout)})
	}
}
