package runbook

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// maxIncluded is how many steps included runbooks may add up to: each file may
// include another twice.
const maxIncluded = 100_000

// includes are the runbooks that a runbook includes, directly or not, each read
// once.
type includes struct {
	files map[string]*included // by their real path
	order []*included
	// scopes are those of included files, by the file and which of its params
	// hold a secret: files that include each other twice would be checked
	// endlessly otherwise.
	scopes map[string]*scopes
	places map[*plan.Binding]bindingPlace // of what was compiled
}

// An included runbook.
type included struct {
	*checker
	doc   *document
	named string // its path as the first file that includes it gives it
	steps int    // what it stands for, with all it includes
}

// isIncluded reports whether the file is one that another includes: then its
// expressions are checked from there.
func (c *checker) isIncluded() bool { return len(c.chain) > 1 }

// checkIncludes: a runbook that is included is one that can be, and no runbook
// includes itself. It reads them.
func checkIncludes(c *checker, d *document) {
	for _, s := range d.written() {
		if s.uses == nil || c.flagged[s.uses] {
			continue
		}
		if s.phase != "" {
			c.at(s.uses, ruleInclude, "write its steps out", "\"uses\" has no meaning in %s", s.phase)
			continue
		}
		if c.isDynamic(s.uses) {
			continue // told with the other places that take no expressions
		}
		s.included = c.include(s.uses)
	}
	if !c.isIncluded() {
		c.checkTotal(d)
	}
}

// include reads an included file, or says why it cannot.
func (c *checker) include(n *node) *included {
	path := c.path(literal(n))
	real, problem, help := c.scripts.resolve(path)
	if problem == "" {
		if info, err := os.Stat(real); err != nil {
			problem = because(err)
		} else if !info.Mode().IsRegular() {
			problem = "it is " + fileType(info.Mode()) + ", not a regular file"
		}
	}
	if problem != "" {
		c.at(n, ruleInclude, help, "the runbook %s cannot be included%s: %s", found(n), c.via(), problem)
		return nil
	}
	for i, file := range c.chain {
		if file.real == real {
			names := make([]string, 0, len(c.chain)-i+1)
			for _, f := range c.chain[i:] {
				names = append(names, f.named)
			}
			c.at(n, ruleInclude, "remove one of these uses", "runbooks include each other in a circle: %s", chain(append(names, c.chain[i].named)))
			return nil
		}
	}
	f := c.includes.files[real]
	if f == nil {
		named := filepath.Join(filepath.Dir(c.src.file), literal(n))
		if filepath.IsAbs(literal(n)) || c.src.file == "-" || c.src.file == "<stdin>" {
			named = filepath.Clean(literal(n))
		}
		if f = c.readIncluded(n, real, named); f == nil {
			return nil
		}
	}
	if what := f.own(); what != "" {
		c.at(n, ruleInclude, includeHelp[what], "the runbook %s cannot be included%s: it has %s of its own", found(n), c.via(), what)
		return nil
	}
	return f
}

var includeHelp = map[string]string{
	"secrets": "declare them here and pass them in with",
	"a lock":  "give the step that includes it a lock",
}

// own names what only a runbook that is run by itself can have, or "".
func (f *included) own() string {
	switch d := f.doc; {
	case d == nil:
		return ""
	case len(d.onFailure)+len(d.finally) > 0:
		return "handlers"
	case len(d.secrets) > 0:
		return "secrets"
	case d.lock != nil:
		return "a lock"
	}
	return ""
}

// via names the files that lead to this one, where that is not plain.
func (c *checker) via() string {
	if len(c.chain) < 2 {
		return ""
	}
	names := make([]string, len(c.chain))
	for i, f := range c.chain {
		names[i] = f.named
	}
	return " (" + chain(names) + ")"
}

func (c *checker) readIncluded(n *node, real, named string) *included {
	file, err := os.Open(real)
	if err == nil {
		defer file.Close()
		var src []byte
		src, err = io.ReadAll(io.LimitReader(file, c.limits.FileBytes+1))
		if err == nil {
			return c.parseIncluded(src, real, named)
		}
	}
	c.at(n, ruleInclude, "", "the runbook %s cannot be read%s: %s", found(n), c.via(), because(err))
	return nil
}

func (c *checker) parseIncluded(src []byte, real, named string) *included {
	child := newChecker(named, src, c.options)
	child.dir = filepath.Dir(real)
	child.scripts = scripts{dir: child.dir, root: c.scripts.root, real: c.scripts.real, named: c.scripts.named, known: map[string]*scriptFile{}}
	child.includes = c.includes
	child.chain = append(c.chain[:len(c.chain):len(c.chain)], link{real, named})
	f := &included{checker: child, named: named}
	c.includes.files[real] = f
	c.includes.order = append(c.includes.order, f)
	if child.read() {
		f.doc = child.decode()
		child.judge(f.doc)
	}
	return f
}

// parent is the file that includes this one first.
func (c *checker) parent() string {
	if len(c.chain) < 2 {
		return ""
	}
	return c.chain[len(c.chain)-2].named
}

// A link is one file of a chain of files that include each other.
type link struct{ real, named string }

// checkTotal refuses more steps, with all that is included, than can be meant.
func (c *checker) checkTotal(d *document) {
	n := len(d.steps)
	for _, s := range d.steps {
		if s.included == nil {
			continue
		}
		if n += s.included.total(); n > maxIncluded {
			c.at(s.uses, ruleLimit, "include less", "with this runbook there are more than %d steps", maxIncluded)
			return
		}
	}
}

// total counts the steps of an included file with all that it includes, as far
// as the limit.
func (f *included) total() int {
	if f.steps > 0 || f.doc == nil {
		return f.steps
	}
	f.steps = len(f.doc.steps)
	for _, s := range f.doc.steps {
		if s.included != nil {
			f.steps = min(f.steps+s.included.total(), maxIncluded+1)
		}
	}
	return f.steps
}

// child are the scopes of the runbook that a step includes, with what the step
// gives for its params; nil: there is none.
func (x *scopes) child(s *step) *scopes {
	if child, ok := x.children[s]; ok {
		return child
	}
	x.children[s] = nil // of a circle
	f := s.included
	if f == nil || f.doc == nil {
		return nil
	}
	var opaque map[string]bool
	x.visit(s, func() { opaque = x.with(s, f) })
	key := f.chain[len(f.chain)-1].real + "\x00" + strings.Join(slices.Sorted(maps.Keys(opaque)), " ")
	child := x.includes.scopes[key]
	if child == nil {
		child = newScopes(f.checker, f.doc, opaque)
		x.includes.scopes[key] = child
		child.check()
	}
	x.children[s] = child
	return child
}

// with checks what a step gives for the params of the runbook it includes, and
// tells which get a secret.
func (x *scopes) with(s *step, f *included) (opaque map[string]bool) {
	declared := map[string]*param{}
	var names []string
	for _, p := range f.doc.params {
		declared[p.key.Value] = p
		names = append(names, p.key.Value)
	}
	opaque = map[string]bool{}
	n := x.withItem(x.names())
	for _, w := range s.with {
		p := declared[w.key.Value]
		if p == nil {
			if !f.flawed() {
				x.at(w.key, ruleInclude, x.suggest(w.key.Value, names, "its params are "), "%q has no param %q", f.named, shorten(w.key.Value))
			}
			p = &param{key: w.key, node: &node{}}
		}
		if !isScalar(w.value) || !x.isDynamic(w.value) {
			if p.fragment != nil && !x.hasHoles(w.value) {
				x.fits(w.value, p.fragment, fmt.Sprintf("param %q of %q", w.key.Value, f.named))
			}
			continue
		}
		x.given(w.value, p, &n)
		for _, e := range x.values[w.value].Exprs() {
			if _, ok := x.secretIn(e); ok {
				opaque[w.key.Value] = true
			}
		}
		delete(declared, w.key.Value)
	}
	for _, w := range s.with {
		delete(declared, w.key.Value)
	}
	for _, name := range names {
		if p := declared[name]; p != nil && p.fallback == nil {
			x.at(s.uses, ruleInclude, fmt.Sprintf("add with: {%s: ...}", name), "%q needs a value for its param %q", f.named, name)
		}
	}
	return opaque
}

// flawed reports whether a file has errors of its own, so that others that follow
// from them need not be told.
func (f *included) flawed() bool { return f.found.Errors() }

func (x *scopes) suggest(word string, known []string, list string) string {
	if help := didYouMean(meant(word, known)); help != "" {
		return help
	}
	if len(known) == 0 {
		return ""
	}
	return list + strings.Join(known, ", ")
}

// hasHoles reports whether an expression is somewhere in a value.
func (c *checker) hasHoles(n *node) bool {
	if c.isDynamic(n) {
		return true
	}
	for _, part := range n.Content {
		if c.hasHoles(part) {
			return true
		}
	}
	return false
}
