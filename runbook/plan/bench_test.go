package plan_test

import (
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
)

var benchSources = []struct{ name, src string }{
	{"name", `params.name`},
	{"condition", `steps.build.status == "completed" && params.count > 2`},
	{"call", `upper(params.name) + "-" + string(params.count)`},
	{"loop", `any(fromJSON(stdout).list, .s == params.name + "-before")`},
}

func BenchmarkCheck(b *testing.B) {
	names := scene()
	for _, s := range benchSources {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, problems := plan.CheckExpr(s.src, names, plan.WantText); len(problems) > 0 {
					b.Fatal(show(problems))
				}
			}
		})
	}
}

func BenchmarkEval(b *testing.B) {
	scope := world()
	for _, s := range benchSources {
		b.Run(s.name, func(b *testing.B) {
			e := expr(s.src)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Eval(scope); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkResolve(b *testing.B) {
	scope := world()
	for name, text := range map[string]string{"literal": "plain text", "template": "--id=${{ params.name }}-${{ params.count }}"} {
		b.Run(name, func(b *testing.B) {
			v := valueOf(b, text)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Resolve(scope); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
