package plan

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// resolver keeps the first error, so that resolving reads as a list of fields.
type resolver struct {
	scope *Scope
	dir   string
	err   error
}

func (r *resolver) fail(key string, err error) {
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%s: %w", key, err)
	}
}

func (r *resolver) value(key string, v Value) Resolved {
	t, err := v.Resolve(r.scope)
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
			r.fail(key, passable(t.Text, len(v.Name)+1))
		}
		into = append(into, EnvVar{v.Name, t.Text, t.Secret})
	}
	return into
}

// passable says why a text that came from data cannot be an argument or a
// variable; extra is what is passed with it, in bytes.
func passable(text string, extra int) error {
	if len(text)+extra > MaxArgBytes {
		return fmt.Errorf("the value is %d bytes long, and the system passes at most %d to a program; give it on standard input, with stdin", len(text), MaxArgBytes-extra)
	}
	if strings.IndexByte(text, 0) >= 0 {
		return errors.New("the value holds a NUL byte, which no argument or variable can hold")
	}
	return nil
}

func (r *resolver) args(c Command) (args []string, secret []bool) {
	args = make([]string, 0, len(c.Code)+len(c.Args))
	args = append(args, c.Code...)
	options := true // until a literal --
	for i, a := range c.Args {
		key := fmt.Sprintf("argument %d", i+1)
		for _, t := range r.words(key, a.Value) {
			if a.Flag != "" {
				if t.Text == "" {
					continue
				}
				args = append(args, a.Flag)
			}
			if t.data {
				r.fail(key, passable(t.Text, 0))
				r.fail(key, plainData(c.Kind, t.Text, options))
			} else if t.Text == "--" {
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
// gave, so that nobody reviewed how it begins.
type word struct {
	Resolved
	data bool
}

// words are the arguments a value becomes: one, or one for each element of a
// list that is the whole of it.
func (r *resolver) words(key string, v Value) []word {
	if v.holes == nil {
		return []word{{Resolved: Resolved{Text: v.text}}}
	}
	if v.holes.whole == nil {
		first := v.holes.parts[0]
		return []word{{r.value(key, v), first.Expr != nil}}
	}
	x, err := v.holes.whole.Eval(r.scope)
	if err != nil {
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
		r.fail(key, err)
		words[i] = word{t, true}
	}
	return words
}

// plainData refuses data that a program would take for something else. What a
// reviewer saw as a value must not become an option, nor, for the AWS command
// line, the name of a file to send.
func plainData(kind Kind, text string, options bool) error {
	if !options {
		return nil
	}
	if strings.HasPrefix(text, "-") {
		return errors.New("the value begins with - and would be taken for an option; write --flag=${{ … }}, or put -- before it")
	}
	if kind == KindAwsCli && (strings.HasPrefix(text, "file://") || strings.HasPrefix(text, "fileb://")) {
		return errors.New("the value begins with file:// and aws would read that file; write --flag=${{ … }}, or put -- before it")
	}
	return nil
}
