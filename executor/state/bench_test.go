package state

import (
	"fmt"
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// BenchmarkCreate is what the folder of a run costs, for plans of one and of a
// thousand steps.
func BenchmarkCreate(b *testing.B) {
	for _, n := range []int{1, 1000} {
		p := &plan.Plan{Name: "wide", Strategy: plan.Parallel}
		for i := range n {
			p.Steps = append(p.Steps, plan.Step{ID: fmt.Sprintf("step_%d", i), Effect: plan.Write, Command: plan.Exec("true", []plan.Value{plan.Text("an argument")})})
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := opened(b)
			for b.Loop() {
				r, err := f.Create(newID(b), Asked{Name: "wide"}, p)
				if err != nil {
					b.Fatal(err)
				}
				r.Release()
			}
		})
	}
}
