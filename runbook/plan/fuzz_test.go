package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

func FuzzSplitTemplate(f *testing.F) {
	for _, s := range []string{"", "a", "${{ a }}", "$${{ a }}", "${{ {a: {b: 1}}}} x", "${{ '}}' }}", "${{ it's }}", "${{", "ü${{ü}}", "${{ /* }} */ 1 }}", "${{ `}}", "$${{${{1}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, problem := plan.SplitTemplate(text)
		if problem != nil {
			if problem.Offset < 0 || problem.Length < 0 || problem.Offset+problem.Length > len(text) || problem.Message == "" {
				t.Fatalf("%q: %+v", text, *problem)
			}
			return
		}
		end := 0
		for _, p := range list {
			if p.Offset < end || p.Text == "" {
				t.Fatalf("%q: pieces %+v", text, list)
			}
			if end = p.Offset; p.IsExpr {
				if !strings.HasPrefix(text[p.Offset:], p.Text) {
					t.Fatalf("%q: %q is not at %d", text, p.Text, p.Offset)
				}
				end += len(p.Text)
			}
		}
		v := valueOf(t, text)
		if !plan.HasExpr(text) {
			if lit, ok := v.Literal(); !ok || lit != text {
				t.Fatalf("%q became %q", text, lit)
			}
		}
		if again := valueOf(t, v.String()); !again.Equal(v) {
			t.Fatalf("%q is shown as %q, which is another value", text, v)
		}
	})
}

func FuzzExpr(f *testing.F) {
	for _, r := range results {
		f.Add(r.src)
	}
	for seed := range uint64(30) {
		f.Add(newWriter(seed).value('b', 3))
	}
	names, scope := scene(), world()
	f.Fuzz(func(t *testing.T, src string) {
		began := time.Now()
		e, problems := plan.CheckExpr(src, names, plan.WantAny.AllowSecret())
		for i, p := range problems {
			if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > len(src) || p.Message == "" || strings.HasSuffix(p.Message, ".") {
				t.Fatalf("%q: %+v", src, p)
			}
			if i > 0 && p.Offset < problems[i-1].Offset {
				t.Fatalf("%q: not in order: %+v", src, problems)
			}
		}
		for _, r := range e.Refs() {
			if r.Offset < 0 || r.Offset+r.Length > len(src) || !strings.HasPrefix(src[r.Offset:], r.Root) {
				t.Fatalf("%q: reference %+v", src, r)
			}
		}
		v, err := e.Eval(scope)
		w, err2 := plan.NewExpr(src).Eval(scope)
		if (err == nil) != (err2 == nil) && !strings.Contains(err.Error()+err2.Error(), "took longer") {
			t.Fatalf("%q: %v and then %v", src, err, err2)
		}
		if err == nil {
			a, errA := plan.ToText(v)
			b, errB := plan.ToText(w)
			if a != b || (errA == nil) != (errB == nil) {
				t.Fatalf("%q: %q and then %q", src, a, b)
			}
		}
		e.EvalTri(scope, func(r plan.Ref) bool { return len(r.Name)%2 == 0 })
		if took := time.Since(began); took > 5*time.Second {
			t.Fatalf("%q took %s", src, took)
		}
	})
}
