package runbook

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
	"github.com/cloudops-run/runbook/schema/fragment"
)

// checkParams: a param's fragment fits itself, and its default fits it. It fills
// in what values are checked against.
func checkParams(c *checker, d *document) {
	env := map[string]*param{}
	for _, p := range d.params {
		f, problems := fragment.New(fragmentOf(p.node))
		p.fragment = f
		for _, problem := range problems {
			_, at := descend(p.node, problem.Pointer)
			if at == nil {
				at = p.node
			}
			if !c.flagged[at] {
				c.at(at, ruleParam, "", "%s of param %q %s", placeIn(problem.Pointer), p.key.Value, problem.Message)
			}
		}
		if p.fallback != nil && len(problems) == 0 && !c.marred(p.node, p.fallback) {
			c.fits(p.fallback, f, "the default of param "+strconv.Quote(p.key.Value))
		}
		if p.env == nil {
			continue
		}
		if other := env[p.env.Value]; other != nil {
			c.at(p.env, ruleParam, "give each a variable of its own", "the variable %q gives param %q its value already", p.env.Value, other.key.Value)
		}
		env[p.env.Value] = p
	}
}

// marred reports whether something in a fragment, but for a part of it, is wrong: a
// value cannot be judged by it.
func (c *checker) marred(n, but *node) bool {
	return n != but && (c.flagged[n] || slices.ContainsFunc(n.Content, func(inner *node) bool { return c.marred(inner, but) }))
}

// fits checks a value in the file against a fragment.
func (c *checker) fits(n *node, f *fragment.Fragment, what string) {
	for _, problem := range f.Check(dataOf(n)) {
		_, at := descend(n, problem.Pointer)
		if at == nil {
			at = n
		}
		if c.flagged[at] {
			continue
		}
		where := what
		if len(problem.Pointer) > 0 {
			where = placeIn(problem.Pointer) + " of " + what
		}
		c.at(at, ruleParam, fitHelp(at, f), "%s %s", where, problem.Message)
	}
}

// fitHelp is what to write where quotes, or their lack, made another type.
func fitHelp(n *node, f *fragment.Fragment) string {
	switch {
	case isScalar(n) && isPlain(n) && !isText(n) && !isNull(n) && f.Type() == "string":
		return "quote it: " + strconv.Quote(n.Value)
	case isText(n) && !isPlain(n) && unquoted(n.Value, f.Type()):
		return "remove the quotes: " + n.Value
	}
	return ""
}

// unquoted reports whether a text, without its quotes, is of a type.
func unquoted(text, kind string) bool {
	switch kind {
	case "integer":
		return wholeNumber().MatchString(text)
	case "number":
		v, err := plan.DecodeJSON([]byte(text))
		_, whole := v.(int64)
		_, float := v.(float64)
		return err == nil && (whole || float)
	case "boolean":
		return text == "true" || text == "false"
	}
	return false
}

// placeIn names a place inside a value: "items.0".
func placeIn(pointer []string) string {
	if len(pointer) == 0 {
		return "it"
	}
	if _, err := strconv.Atoi(pointer[len(pointer)-1]); err == nil && len(pointer) == 1 {
		i, _ := strconv.Atoi(pointer[0])
		return "item " + strconv.Itoa(i+1)
	}
	return strconv.Quote(strings.Join(pointer, "."))
}

// dataOf is a value as expressions see it.
func dataOf(n *node) any {
	b, err := json.Marshal(plain(n))
	if err != nil {
		return nil // not finite: refused before
	}
	v, err := plan.DecodeJSON(b)
	if err != nil {
		return nil
	}
	return v
}

// fragmentOf is the JSON Schema of a param.
func fragmentOf(n *node) map[string]any {
	m, _ := dataOf(n).(map[string]any)
	return m
}

// canonical is the JSON Schema of a param as it is kept in a plan: what a value
// may be, and the words about it.
func (p *param) canonical() json.RawMessage {
	m := fragmentOf(p.node)
	delete(m, "env")
	b, err := json.Marshal(m)
	if err != nil {
		return nil
	}
	return b
}

// fragmentType is what is known of a value before it is given.
func fragmentType(n *node) plan.Type {
	if !isMapping(n) {
		return plan.Any
	}
	return plan.SchemaType(fragmentOf(n))
}

// literalType is the type of a value in the file.
func literalType(n *node) plan.Type {
	switch {
	case isList(n):
		var t plan.Type
		for i, item := range n.Content {
			if i == 0 {
				t = literalType(item)
			} else {
				t = plan.JoinTypes(t, literalType(item))
			}
		}
		return plan.ListOf(t)
	case isMapping(n):
		fields := map[string]plan.Type{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			fields[n.Content[i].Value] = literalType(n.Content[i+1])
		}
		return plan.Object(fields, false)
	}
	switch n.Tag {
	case tagInt:
		return plan.Integer
	case tagFloat:
		return plan.Number
	case tagBool:
		return plan.Bool
	case tagNull:
		return plan.Null
	}
	return plan.String
}
