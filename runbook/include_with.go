package runbook

import (
	"fmt"

	"github.com/cloudops-run/runbook/runbook/plan"
	"github.com/cloudops-run/runbook/schema/fragment"
)

// given checks an expression, or text with some, that a step gives for a param
// of the runbook it includes, as far as types tell. What params decide is checked
// when they are bound, and what steps decide in the run.
func (x *scopes) given(value *node, p *param, n *plan.Names) {
	want := fragmentType(p.node)
	isString := want.String() == plan.String.String()
	before := len(x.found)
	x.template(value, use{names: n, want: plan.WantType(want), secrets: secretsPass, secretText: isString})
	v, ok := x.values[value]
	if !ok || len(x.found) > before || p.fragment == nil {
		return
	}
	e := v.Whole()
	if e == nil {
		if !want.IsAny() && !isString {
			x.at(value, ruleExpression, "write nothing but one ${{ }}, which keeps the type of its value",
				"param %q must be %s, and this is text", p.key.Value, want)
		}
		return
	}
	offset := 0
	if pieces, _ := plan.SplitTemplate(value.Value); len(pieces) == 1 {
		offset = pieces[0].Offset
	}
	why := e.Type().Misfit(want)
	if why == "" {
		why = x.noOutcome(e, p)
	}
	if why == "" {
		why = x.misfitItem(e, p)
	}
	if why != "" {
		x.part(value, offset, len(e.Source()), Diagnostic{Rule: ruleExpression, Message: fmt.Sprintf("param %q %s", p.key.Value, why)})
	}
}

// misfitItem says why what an expression makes of one of the items that are
// known does not fit a param, or "".
func (x *scopes) misfitItem(e *plan.Expr, p *param) string {
	if x.current == nil || x.current.foreach == nil || !namesItem(e) {
		return ""
	}
	items, _ := x.knownItems(x.current.foreach)
	for i, item := range items {
		if v, ok := forItem(e, item, i); ok {
			if problems := p.fragment.Check(v); len(problems) > 0 {
				return fmt.Sprintf("%s; for item %d of \"foreach\" it is not so", whyNot(problems[0]), i+1)
			}
		}
	}
	return ""
}

// whyNot is a problem of a value, with its place in it.
func whyNot(p fragment.Problem) string {
	if len(p.Pointer) > 0 {
		return placeIn(p.Pointer) + " " + p.Message
	}
	return p.Message
}

// noOutcome says why none of the values that an expression can have fits a
// param, or "".
func (x *scopes) noOutcome(e *plan.Expr, p *param) string {
	values := e.Outcomes(func(name string) []any {
		for _, own := range x.doc.params {
			if own.key.Value == name {
				list, _ := fragmentOf(own.node)["enum"].([]any)
				return list
			}
		}
		return nil
	})
	why := ""
	for _, v := range values {
		problems := p.fragment.Check(v)
		if len(problems) == 0 {
			return ""
		}
		why = whyNot(problems[0])
	}
	if why != "" && len(values) > 1 {
		return fmt.Sprintf("takes none of the values this can have: it %s", why)
	}
	return why
}
