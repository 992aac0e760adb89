package runbook

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// A use is one place where text with expressions, or an expression, stands.
type use struct {
	key   string // of an expression, and where a secret shows: for messages
	names *plan.Names
	want  plan.Want
	// secret says where a secret may go: nowhere, anywhere, or with a warning.
	secrets secretUse
	// secretText: a secret may stand where text is wanted.
	secretText bool
}

type secretUse uint8

const (
	noSecrets secretUse = iota
	secretsPass
	secretsShow // everyone on the machine can read arguments
)

// template checks text that may hold expressions, and keeps what it compiles to.
func (x *scopes) template(n *node, u use) {
	if x.isDynamic(n) {
		x.values[n] = x.dynamic(n, u)
	}
}

// dynamic checks text that holds expressions. The value is empty where one is
// wrong.
func (x *scopes) dynamic(n *node, u use) plan.Value {
	pieces, problem := plan.SplitTemplate(n.Value)
	if problem != nil {
		x.problem(n, 0, *problem)
		return plan.Value{}
	}
	if len(pieces) == 1 && pieces[0].IsExpr {
		if e := x.expr(n, pieces[0].Text, pieces[0].Offset, u); e != nil {
			return plan.ExprValue(e)
		}
		return plan.Value{}
	}
	u.want = plan.WantText
	parts := make([]plan.Part, len(pieces))
	good := true
	for i, p := range pieces {
		if !p.IsExpr {
			parts[i].Text = p.Text
			continue
		}
		parts[i].Expr = x.expr(n, p.Text, p.Offset, u)
		good = good && parts[i].Expr != nil
	}
	if !good {
		return plan.Value{}
	}
	return plan.Template(parts...)
}

// bare checks a value that is an expression as a whole.
func (x *scopes) bare(n *node, u use) *plan.Expr {
	if n == nil {
		return nil
	}
	if at := expressionAt(n.Value); at >= 0 && isScalar(n) {
		x.values[n] = plan.Value{}
		inner := strings.TrimSpace(n.Value)
		help := "write the expression alone"
		if strings.HasPrefix(inner, "${{") && strings.HasSuffix(inner, "}}") && strings.Count(inner, "${{") == 1 {
			help = "write it alone: " + shorten(strings.TrimSpace(inner[3:len(inner)-2]))
		}
		x.part(n, at, len("${{"), Diagnostic{Rule: ruleExpression, Help: help,
			Message: fmt.Sprintf("%q is an expression as a whole and takes no ${{ }}", u.key)})
		return nil
	}
	src := strings.TrimRight(n.Value, " \t\r\n")
	lead := len(src) - len(strings.TrimLeft(src, " \t\r\n"))
	e := x.expr(n, src[lead:], lead, u)
	if e != nil {
		x.exprs[n] = e
	}
	return e
}

// expr checks one expression, offset bytes into the text of n; nil: it is wrong.
func (x *scopes) expr(n *node, src string, offset int, u use) *plan.Expr {
	want := u.want
	if u.secrets != noSecrets {
		want = want.AllowSecret()
	}
	if u.secretText {
		if _, ok := x.secretIn(plan.NewExpr(src)); ok {
			want = plan.WantText.AllowSecret()
		}
	}
	e, problems := plan.CheckExpr(src, *u.names, want)
	for _, p := range problems {
		x.problem(n, offset, p)
	}
	x.refer(n, offset, e)
	if len(problems) > 0 {
		return nil
	}
	if u.secrets == secretsShow {
		if ref, ok := x.secretIn(e); ok {
			x.part(n, offset+ref.Offset, ref.Length, Diagnostic{Severity: Warning, Rule: ruleSecret,
				Message: fmt.Sprintf("%s holds a secret, and everyone on the machine can read arguments", u.key),
				Help:    "pass it in env or stdin"})
		}
	}
	return e
}

// secretIn finds the first mention of a secret.
func (x *scopes) secretIn(e *plan.Expr) (plan.Ref, bool) {
	for _, r := range e.Refs() {
		switch {
		case r.Root == "secrets", r.Root == "params" && x.opaque[r.Name]:
			return r, true
		case r.Root == "steps" && r.Name != "":
			if s := x.byID[r.Step]; s != nil && s.secretOutput(r.Name) {
				return r, true
			}
		}
	}
	return plan.Ref{}, false
}

func (s *step) secretOutput(name string) bool {
	for _, o := range s.outputs {
		if o.secret && o.key.Value == name {
			return true
		}
	}
	return false
}

// problem reports a mistake in an expression, or what YAML made of it before.
func (x *scopes) problem(n *node, offset int, p plan.ExprProblem) {
	if d, ok := x.commentTrap(n); ok {
		x.add(d)
		x.flagged[n] = true
		return
	}
	if len(x.opaque) > 0 && strings.Contains(p.Message, "secret") {
		p.Help += fmt.Sprintf("; %s, which includes this file, gives a secret for %s", x.parent(), listed(slices.Sorted(maps.Keys(x.opaque)), "and"))
	}
	x.part(n, offset+p.Offset, p.Length, Diagnostic{Rule: ruleExpression, Message: p.Message, Help: p.Help})
}

// commentTrap tells of unquoted text that goes on, for its writer, behind what
// YAML takes for the beginning of a comment.
func (c *checker) commentTrap(n *node) (Diagnostic, bool) {
	if !isPlain(n) || n.LineComment == "" {
		return Diagnostic{}, false
	}
	line := c.src.pos(n.Line, n.Column).Line
	text := c.src.line(line)
	from := c.src.offset(n.Line, n.Column) - c.src.starts[line-1]
	at := strings.Index(string(text[from:]), " #")
	if at < 0 {
		return Diagnostic{}, false
	}
	pos := c.src.at(c.src.starts[line-1] + from + at + 1)
	return Diagnostic{Rule: ruleAmbiguous, Pos: pos, End: pos,
		Message: `what follows an unquoted " #" is a comment, so this text ends before it`,
		Help:    "put the whole text in quotes, or on lines of its own behind |"}, true
}

// isDynamic reports whether expressions are in a text.
func (c *checker) isDynamic(n *node) bool {
	return len(c.holes) > 0 && n != nil && expressionAt(n.Value) >= 0
}

// valueOf is what a text compiles to.
func (c *checker) valueOf(n *node) plan.Value {
	if c.isDynamic(n) {
		return c.values[n]
	}
	return plan.Text(literal(n))
}
