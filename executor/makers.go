package executor

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// makers are the steps of a plan that may make a file: those that name it, in
// whatever place, and those whose stdout goes to a file that is not known yet.
type makers struct {
	steps  []bool // by index
	after  []int8 // by index: whether a step before may make it; 0: not looked at yet
	any    bool   // one of them may, whenever it runs
	always bool   // a step before the plan may
	plan   *plan.Plan
}

func (b *blockOf) makersOf(path string) *makers {
	if m := b.makers[path]; m != nil {
		return m
	}
	n := len(b.plan.Steps)
	m := &makers{plan: b.plan, steps: make([]bool, n), after: make([]int8, n), always: b.outer != nil && b.outer(path)}
	m.any = m.always
	for i := range b.plan.Steps {
		m.steps[i] = b.runs(i) && mayMake(&b.plan.Steps[i], path)
		m.any = m.any || m.steps[i]
	}
	for _, steps := range [][]plan.Step{b.plan.OnFailure, b.plan.Finally} {
		for i := range steps {
			m.any = m.any || mayMake(&steps[i], path)
		}
	}
	b.makers[path] = m
	return m
}

// before reports whether a step that ends before step i begins may make the file.
func (m *makers) before(i int) bool {
	if m.always {
		return true
	}
	if m.after[i] == 0 {
		m.after[i] = -1
		s := &m.plan.Steps[i]
		for _, list := range [][]int{s.Needs, s.After} {
			for _, j := range list {
				if m.steps[j] || m.before(j) {
					m.after[i] = 1
				}
			}
		}
	}
	return m.after[i] > 0
}

// mayMake reports whether a step names a file, in its code, a script included, or
// anywhere else but among the files that it reads itself.
func mayMake(s *plan.Step, path string) bool {
	if s.Stdout != nil && len(s.Stdout.Exprs()) > 0 {
		return true
	}
	base := filepath.Base(path)
	if f := s.Command.Script; f != nil {
		if text, err := readSmallFile(f.Path, maxEnvFile); err != nil || strings.Contains(text, base) {
			return true
		}
	}
	named := *s
	named.EnvFiles, named.Rollback = nil, nil
	text, err := json.Marshal(&named)
	if err != nil {
		return true
	}
	word, err := json.Marshal(base)
	return err != nil || strings.Contains(string(text), strings.Trim(string(word), `"`))
}
