package executor

import (
	"fmt"

	"github.com/google/uuid"
)

// warnOfOpenSecrets tells where a secret stands in the runbook itself, or is a
// param. In what the run says it is hidden, but the run's folder keeps the runbook
// and its params as they are: a resume needs them.
func (r *liveRun) warnOfOpenSecrets() {
	m := r.vault.current()
	first, found := findIn(m, r.plan)
	if !found {
		return
	}
	var names []string
	places := map[string][]string{} // by the name of the secret
	look := func(v any, place string) {
		if name, found := findIn(m, v); found {
			if places[name] == nil {
				names = append(names, name)
			}
			places[name] = append(places[name], place)
		}
	}
	for i := range r.plan.Params {
		look(r.plan.Params[i].Value, fmt.Sprintf("the param %q", r.plan.Params[i].Name))
	}
	for _, phase := range staticPhases {
		for i, steps := 0, r.plan.Phase(string(phase)); i < len(steps); i++ {
			look(&steps[i], fmt.Sprintf("step %q", steps[i].ID))
		}
	}
	if names == nil {
		names, places[first] = []string{first}, []string{"the runbook"}
	}
	for _, name := range names {
		where := places[name][0]
		if more := len(places[name]) - 1; more > 0 {
			where += fmt.Sprintf(" (and %d more)", more)
		}
		r.notice(fmt.Sprintf("the secret %q stands in the open in %s, and is kept so with the run: write ${{ secrets.%s }} in its place", name, where, name))
	}
}

// Hide replaces what a run knows to be secret by now in a text that is shown beside
// its events.
func (e *Engine) Hide(id uuid.UUID, text string) string {
	r, ok := e.planRun(id)
	if !ok {
		return text
	}
	return r.vault.current().String(text)
}
