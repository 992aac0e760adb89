package main

import (
	"slices"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// surroundings are what a process gets besides its arguments.
type surroundings struct {
	dir    string
	env    []string // NAME=value, quoted
	files  []string // of variables
	bare   bool
	stdin  string
	stdout string
}

func (s shown) surroundings() surroundings {
	around := surroundings{dir: s.Dir, files: s.EnvFiles, bare: s.BareEnv, stdin: s.stdin, stdout: s.StdoutFile}
	for _, e := range s.Env {
		value := quote(e.Value)
		if e.Value == hidden {
			value = hidden
		}
		around.env = append(around.env, e.Name+"="+value)
	}
	return around
}

// commonToAll is the folder and the variables that all steps of the plan have.
func (v *view) commonToAll() surroundings {
	var common surroundings
	first := true
	for _, steps := range [][]plan.Step{v.plan.Steps, v.plan.OnFailure, v.plan.Finally} {
		for i := range steps {
			if steps[i].Body != nil {
				continue
			}
			s := v.shown(&steps[i]).surroundings()
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

func (v *planView) surroundings(s surroundings) {
	if s.dir != "" {
		v.list("in", []string{quote(s.dir)})
	}
	if len(s.files) > 0 {
		v.list("env from", []string{commandLine(s.files)})
	}
	if s.bare {
		v.list("env", append([]string{"nothing inherited"}, s.env...))
	} else {
		v.list("env", s.env)
	}
	if s.stdin != "" {
		v.list("stdin", []string{s.stdin})
	}
	if s.stdout != "" {
		v.list("stdout", []string{quote(s.stdout)})
	}
}
