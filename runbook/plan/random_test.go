package plan_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// writer writes random expressions. Most of them are well typed, some are not.
type writer struct {
	*rand.Rand
	loops, lets int
}

func newWriter(seed uint64) *writer { return &writer{Rand: rand.New(rand.NewPCG(seed, 7))} }

func (w *writer) pick(words ...string) string { return words[w.IntN(len(words))] }

// value writes an expression of some kind: b(oolean), i(nteger), s(tring), l(ist
// of integers) or m(ap).
func (w *writer) value(kind byte, depth int) string {
	if w.IntN(60) == 0 {
		kind = "bislm"[w.IntN(5)] // of the wrong kind
	}
	if depth <= 0 {
		return w.leaf(kind)
	}
	v := func(kind byte) string { return w.value(kind, depth-1) }
	switch w.IntN(8) {
	case 0:
		return fmt.Sprintf("(%s ? %s : %s)", v('b'), v(kind), v(kind))
	case 1:
		return fmt.Sprintf("(%s ?? %s)", v(kind), v(kind))
	case 2:
		name := fmt.Sprintf("v%d", w.lets)
		bound := v(kind)
		w.lets++
		return fmt.Sprintf("(let %s = %s; %s)", name, bound, strings.ReplaceAll(v(kind), "params.i", name))
	}
	switch kind {
	case 'b':
		switch w.IntN(7) {
		case 0:
			return fmt.Sprintf("(%s && %s)", v('b'), v('b'))
		case 1:
			return fmt.Sprintf("(%s || %s)", v('b'), v('b'))
		case 2:
			return fmt.Sprintf("!%s", v('b'))
		case 3:
			return fmt.Sprintf("(%s %s %s)", v('i'), w.pick("<", ">=", "==", "!="), v('i'))
		case 4:
			return w.loop(w.pick("any", "all", "none", "one"), 'b', depth)
		case 5:
			return fmt.Sprintf("(%s in %s)", v('i'), v('l'))
		}
		return fmt.Sprintf("(%s %s %s)", v('s'), w.pick("==", "contains", "startsWith", "<"), v('s'))
	case 'i':
		switch w.IntN(5) {
		case 0:
			return fmt.Sprintf("(%s %s %s)", v('i'), w.pick("+", "-", "*", "/", "%"), v('i'))
		case 1:
			return fmt.Sprintf("len(%s)", v("slm"[w.IntN(3)]))
		case 2:
			return fmt.Sprintf("%s[%s]", v('l'), v('i'))
		case 3:
			return w.loop(w.pick("count", "findIndex"), 'b', depth)
		}
		return fmt.Sprintf("sum(%s)", v('l'))
	case 's':
		switch w.IntN(4) {
		case 0:
			return fmt.Sprintf("(%s + %s)", v('s'), v('s'))
		case 1:
			return fmt.Sprintf("%s(%s)", w.pick("upper", "trim", "lower"), v('s'))
		case 2:
			return fmt.Sprintf("string(%s)", v("bisl"[w.IntN(4)]))
		}
		return fmt.Sprintf("join(map(%s, string(#)), %s)", v('l'), v('s'))
	case 'l':
		switch w.IntN(5) {
		case 0:
			return fmt.Sprintf("[%s, %s]", v('i'), v('i'))
		case 1:
			return w.loop("filter", 'b', depth)
		case 2:
			return w.loop("map", 'i', depth)
		case 3:
			return fmt.Sprintf("%s(%s)", w.pick("sort", "uniq", "reverse"), v('l'))
		}
		return fmt.Sprintf("concat(%s, %s)", v('l'), v('l'))
	}
	return fmt.Sprintf(`{"k": %s, "l": %s}`, v('i'), v('s'))
}

func (w *writer) loop(name string, kind byte, depth int) string {
	list := w.value('l', depth-1)
	w.loops++
	body := strings.ReplaceAll(w.value(kind, depth-1), "params.i", "#")
	w.loops--
	return fmt.Sprintf("%s(%s, %s)", name, list, body)
}

func (w *writer) leaf(kind byte) string {
	switch kind {
	case 'b':
		return w.pick("true", "false", "params.b", "steps.a.ran", "steps.a.outputs.b")
	case 'i':
		return w.pick("0", "1", "2", "params.i", "steps.a.outputs.i", "steps.b.outputs.i", "-3", "7")
	case 's':
		return w.pick(`""`, `"a"`, `"B"`, "params.s", "steps.a.status", "steps.b.outputs.s")
	case 'l':
		return w.pick("[]", "[1, 2]", "params.l", "steps.a.outputs.l", "1..3")
	}
	return w.pick("{}", `{"k": 1, "l": "x"}`, "params.m", "steps.b.outputs.m")
}

// randomScope gives every name of the writer a random value.
func randomScope(r *rand.Rand) *plan.Scope {
	list := make([]any, r.IntN(4))
	for i := range list {
		list[i] = int64(r.IntN(5) - 1)
	}
	value := func(kind byte) any {
		if r.IntN(12) == 0 {
			return nil
		}
		switch kind {
		case 'b':
			return r.IntN(2) == 0
		case 'i':
			return int64(r.IntN(7) - 2)
		case 's':
			return []string{"", "a", "B", "ab"}[r.IntN(4)]
		case 'l':
			return list
		}
		return map[string]any{"k": int64(r.IntN(3)), "l": "x"}
	}
	outputs := func() plan.Values {
		return plan.Values{"b": value('b'), "i": value('i'), "s": value('s'), "l": value('l'), "m": value('m')}
	}
	steps := map[string]plan.StepState{
		"a": {Ran: r.IntN(2) == 0, Status: []string{"completed", "skipped"}[r.IntN(2)], Outputs: outputs()},
		"b": {Status: "completed", Ran: true, Outputs: outputs()},
	}
	return &plan.Scope{Params: outputs(), Step: func(id string) (plan.StepState, bool) { s, ok := steps[id]; return s, ok }}
}

// What is certain while something is unknown stays so whatever that turns out to
// be: a completion gives the same result or an error.
func TestUnknownNeverGuesses(t *testing.T) {
	certain, uncertain := 0, 0
	for seed := range uint64(6000) {
		w := newWriter(seed)
		src := w.value("bbisl"[w.IntN(5)], 1+w.IntN(4))
		hidden := map[string]bool{}
		for _, r := range expr(src).Refs() {
			if w.IntN(2) == 0 {
				hidden[r.String()] = true
			}
		}
		known := func(r plan.Ref) bool { return !hidden[r.String()] }
		base := randomScope(w.Rand)
		result, ok, because, err := expr(src).EvalTri(base, known)
		if ok && because != nil || !ok && err == nil && len(because) == 0 {
			t.Fatalf("seed %d: %s: ok %v, because %v, error %v", seed, src, ok, because, err)
		}
		for _, r := range because {
			if !hidden[r.String()] {
				t.Fatalf("seed %d: %s depends on %s, which is known", seed, src, r)
			}
		}
		if ok {
			certain++
		} else if err == nil {
			uncertain++
		}
		e := expr(src)
		for range 12 { // completions: what is known stays
			full := complete(base, randomScope(w.Rand), hidden)
			got, gotErr := e.Eval(full)
			switch {
			case err != nil && gotErr == nil:
				t.Fatalf("seed %d: %s\nwith %v unknown it cannot but fail (%v), and yet it is %v", seed, src, hidden, err, got)
			case ok && gotErr == nil && !reflect.DeepEqual(got, result):
				t.Fatalf("seed %d: %s\nwith %v unknown it is certain to be %v, and yet it is %v", seed, src, hidden, result, got)
			case len(hidden) == 0 && ((gotErr == nil) != (err == nil) || !reflect.DeepEqual(got, result)):
				t.Fatalf("seed %d: %s\nwith all known it is %v (%v), and %v (%v)", seed, src, result, err, got, gotErr)
			}
		}
	}
	if certain < 500 || uncertain < 500 {
		t.Errorf("%d certain and %d uncertain: the expressions test little", certain, uncertain)
	}
}

// complete is base with what is hidden taken from other.
func complete(base, other *plan.Scope, hidden map[string]bool) *plan.Scope {
	params := plan.Values{}
	for name := range base.Params {
		params[name] = base.Params[name]
		if hidden["params."+name] {
			params[name] = other.Params[name]
		}
	}
	step := func(id string) (plan.StepState, bool) {
		s, ok := base.Step(id)
		o, _ := other.Step(id)
		if hidden["steps."+id+".ran"] {
			s.Ran = o.Ran
		}
		if hidden["steps."+id+".status"] {
			s.Status = o.Status
		}
		mixed := plan.Values{}
		for name, v := range s.Outputs {
			if mixed[name] = v; hidden["steps."+id+".outputs."+name] {
				mixed[name] = o.Outputs[name]
			}
		}
		s.Outputs = mixed
		return s, ok
	}
	return &plan.Scope{Params: params, Step: step}
}

// A thousand expressions, fifty times each, in fresh and in shared ones and at
// the same time: one input has one result.
func TestOneResult(t *testing.T) {
	var group sync.WaitGroup
	defer group.Wait()
	for part := range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for seed := range uint64(250) {
				w := newWriter(10_000 + uint64(part)*250 + seed)
				src := w.value("bislm"[w.IntN(5)], 1+w.IntN(4))
				if seed < uint64(len(results)) && part == 0 {
					src = results[seed].src
				}
				scope := randomScope(w.Rand)
				if part == 0 {
					scope = world()
				}
				oneResult(t, src, scope)
			}
		}()
	}
}

func oneResult(t *testing.T, src string, scope *plan.Scope) {
	outcome := func(e *plan.Expr) string {
		v, err := e.Eval(scope)
		text, textErr := plan.ToText(v)
		return fmt.Sprintf("%#v %v %v %v", v, err, text, textErr)
	}
	shared := expr(src)
	first := outcome(shared)
	_, problems := plan.CheckExpr(src, scene(), plan.WantAny)
	var group sync.WaitGroup
	for range 5 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range 10 {
				e := shared
				if i%5 == 0 {
					e = expr(src)
				}
				if got := outcome(e); got != first {
					t.Errorf("%s\nis %s\nand %s", src, first, got)
				}
			}
		}()
	}
	group.Wait()
	if _, again := plan.CheckExpr(src, scene(), plan.WantAny); show(again) != show(problems) {
		t.Errorf("%s\nhas the problems\n%s\nand\n%s", src, show(problems), show(again))
	}
}

func TestUnknown(t *testing.T) {
	for _, test := range []struct {
		src, unknown, want string // unknown: names, space separated; want: JSON, or ? and what it depends on
	}{
		{`params.count`, "params.count", "? params.count"},
		{`params.count + 1`, "params.count", "? params.count"},
		{`params.count + index`, "params.count index", "? params.count index"},
		{`false && params.dry_run`, "params.dry_run", "false"},
		{`params.dry_run && false`, "params.dry_run", "false"},
		{`params.dry_run && true`, "params.dry_run", "? params.dry_run"},
		{`params.dry_run || true`, "params.dry_run", "true"},
		{`params.dry_run || 1 / 0 > 1`, "params.dry_run", "? params.dry_run"},
		{`params.dry_run && 1 / 0 > 1`, "params.dry_run", "? params.dry_run"},
		{`not params.dry_run`, "params.dry_run", "? params.dry_run"},
		{`params.any ?? 1`, "params.any", "? params.any"},
		{`1 ?? params.any`, "params.any", "1"},
		{`null ?? params.any`, "params.any", "? params.any"},
		{`params.dry_run ? 1 : 1`, "params.dry_run", "1"},
		{`params.dry_run ? 1 : 2`, "params.dry_run", "? params.dry_run"},
		{`params.dry_run ? params.count : 1`, "params.dry_run params.count", "? params.dry_run params.count"},
		{`true ? 1 : params.count`, "params.count", "1"},
		{`params.any?.x`, "params.any", "? params.any"},
		{`len([params.count])`, "params.count", "? params.count"},
		{`{"a": params.count}.b`, "params.count", "? params.count"},
		{`any(1..3, # == params.count)`, "params.count", "? params.count"},
		{`any([1, 2], # == 2 or params.dry_run)`, "params.dry_run", "true"},
		{`all([1, 2], # == 2 and params.dry_run)`, "params.dry_run", "false"},
		{`none([1, 2], # == 2 or params.dry_run)`, "params.dry_run", "false"},
		{`filter(1..3, params.dry_run)`, "params.dry_run", "? params.dry_run"},
		{`map(params.hosts, #)`, "params.hosts", "? params.hosts"},
		{`sum([1, 2], params.count)`, "params.count", "? params.count"},
		{`sortBy([1, 2], params.count)`, "params.count", "? params.count"},
		{`groupBy([1, 2], params.count)`, "params.count", "? params.count"},
		{`find([1, 2], params.dry_run)`, "params.dry_run", "? params.dry_run"},
		{`count([1, 2], params.dry_run)`, "params.dry_run", "? params.dry_run"},
		{`reduce([1, 2], #acc + params.count)`, "params.count", "? params.count"},
		{`let x = params.count; true || x > 1`, "params.count", "true"},
		{`steps.build.outputs.version`, "steps.build.outputs.version", "? steps.build.outputs.version"},
		{`secrets.password`, "secrets.password", "? secrets.password"},
		{`params.dry_run ? map(1..60000, map(1..60000, 1)) : 1`, "params.dry_run", "? params.dry_run"},
		{`params.count`, "", "3"},
	} {
		unknown := strings.Fields(test.unknown)
		known := func(r plan.Ref) bool {
			for _, name := range unknown {
				if r.String() == name {
					return false
				}
			}
			return true
		}
		result, ok, because, err := expr(test.src).EvalTri(world(), known)
		got := "?"
		if ok {
			got, _ = plan.ToText(result)
		}
		for _, r := range because {
			got += " " + r.String()
		}
		if err != nil || got != test.want {
			t.Errorf("%s with %q unknown is %s, %v; want %s", test.src, test.unknown, got, err, test.want)
		}
		if e := expr(test.src); e.Known(known) != (test.unknown == "") {
			t.Errorf("%s: Known is %v", test.src, e.Known(known))
		}
	}
}
