package plan

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// resolver keeps the errors, so that resolving reads as a list of fields. Where
// not everything is known it finds what is certain: a text that is not known is
// empty, and nothing is said of it.
type resolver struct {
	scope *Scope
	known func(Ref) bool // nil: everything is
	dir   string
	errs  []error
}

func (r *resolver) fail(key string, err error) {
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("%s: %w", key, err))
	}
}

// first is the error of an attempt: there the others make no difference.
func (r *resolver) first() error {
	if len(r.errs) == 0 {
		return nil
	}
	return r.errs[0]
}

func (r *resolver) value(key string, v Value) Resolved {
	if r.known == nil || v.holes == nil {
		t, err := v.Resolve(r.scope)
		r.fail(key, err)
		return t
	}
	t, _, _, err := v.ResolveTri(r.scope, r.known)
	r.fail(key, err)
	return t
}

// text resolves what is used where a secret would show.
func (r *resolver) text(key string, v Value) string {
	t := r.value(key, v)
	if t.Secret {
		r.fail(key, errors.New("a secret cannot be used here"))
	}
	return t.Text
}

func (r *resolver) duration(key string, v Value) time.Duration {
	s := r.text(key, v)
	if s == "" {
		return 0
	}
	d, err := ParseDuration(s)
	if err != nil && r.known != nil { // what params are given is in no message
		err = fmt.Errorf("the value of %s is not a duration such as 90s, 10m or 1h30m", v)
	}
	r.fail(key, err)
	return d
}

func (r *resolver) vars(into []EnvVar, vars []Var) []EnvVar {
	for _, v := range vars {
		key := "env." + v.Name
		t := r.value(key, v.Value)
		if t.Text == "" && v.OmitEmpty {
			continue
		}
		if _, literal := v.Value.Literal(); !literal {
			r.fail(key, passable(v.Value, t.Text, len(v.Name)+1))
		}
		into = append(into, EnvVar{v.Name, t.Text, t.Secret})
	}
	return into
}

// passable says why a text that came from data cannot be an argument or a
// variable; extra is what is passed with it, in bytes.
func passable(v Value, text string, extra int) error {
	if len(text)+extra > MaxArgBytes {
		return fmt.Errorf("the value of %s is %d bytes long, and the system passes at most %d to a program; give it on standard input, with stdin", v, len(text), MaxArgBytes-extra)
	}
	if strings.IndexByte(text, 0) >= 0 {
		return fmt.Errorf("the value of %s holds a NUL byte, which no argument or variable can hold", v)
	}
	return nil
}

func (r *resolver) args(c Command) (args []string, secret []bool) {
	args = make([]string, 0, len(c.Code)+len(c.Args))
	args = append(args, c.Code...)
	options := true // until a literal --
	for i, a := range c.Args {
		key := ""
		_, literal := a.Value.Literal()
		if !literal { // nothing is said of one that is
			key = c.placeOf(i)
		}
		for _, t := range r.words(key, a.Value) {
			if a.Flag != "" {
				if t.Text == "" {
					continue
				}
				args = append(args, a.Flag)
			}
			if !literal {
				r.fail(key, passable(a.Value, t.Text, 0))
				r.fail(key, plainGoal(&c, i, t.Text))
			}
			r.fail(key, notAFile(&c, a, t))
			if t.data && options {
				r.fail(key, plainData(a, t.Text))
			} else if !t.data && t.Text == "--" {
				options = false
			}
			args = append(args, t.Text)
			if t.Secret {
				for len(secret) < len(args)-1 {
					secret = append(secret, false)
				}
				secret = append(secret, true)
			}
		}
	}
	for secret != nil && len(secret) < len(args) {
		secret = append(secret, false)
	}
	return args, secret
}

// A word is one argument; data says that it begins with what an expression
// gave, so that nobody reviewed how it begins. Else literal is what was reviewed.
type word struct {
	Resolved
	data    bool
	literal string
}

// words are the arguments a value becomes: one, or one for each element of a
// list that is the whole of it.
func (r *resolver) words(key string, v Value) []word {
	if v.holes == nil {
		return []word{{Resolved: Resolved{Text: v.text}}}
	}
	if v.holes.whole == nil {
		first := v.holes.parts[0]
		n := len(r.errs)
		t := r.value(key, v)
		if r.known != nil && first.Expr != nil && t.Text == "" && len(r.errs) == n { // how it begins may be known
			t = r.value(key, Template(first))
		}
		return []word{{t, first.Expr != nil, first.Text}}
	}
	x, known, err := r.eval(v.holes.whole)
	if err != nil || !known {
		r.fail(key, err)
		return nil
	}
	list, ok := x.([]any)
	if !ok {
		list = []any{x}
	}
	words := make([]word, len(list))
	for i, x := range list {
		t, err := resolved(x)
		if err != nil {
			r.fail(key, fmt.Errorf("%w, in %q", err, v.holes.whole.src))
		}
		words[i] = word{Resolved: t, data: true}
	}
	return words
}

func (r *resolver) eval(e *Expr) (x any, known bool, err error) {
	if r.known == nil {
		x, err = e.Eval(r.scope)
		return x, true, err
	}
	x, known, _, err = e.EvalTri(r.scope, r.known)
	return x, known, err
}
