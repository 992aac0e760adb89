package runbook

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// DefaultMaxTimeout is the longest timeout a runbook may ask for where
// [Options] sets none.
const DefaultMaxTimeout = 24 * time.Hour

// Options change how a runbook is read. The zero value is the default.
type Options struct {
	Root       string        // scripts must lie inside this folder; empty: the git worktree of the runbook's folder, else that folder
	Limits     Limits        // what a file may hold
	MaxTimeout time.Duration // 0: DefaultMaxTimeout
	// LookupEnv finds the variables that params are bound to; nil: [os.LookupEnv].
	LookupEnv func(name string) (string, bool)
}

// A Runbook is a checked runbook and the plan it compiles to. It is not changed
// once made and may be used by several goroutines.
type Runbook struct {
	file   string
	source []byte
	plan   *plan.Plan
	params []*param
	places map[*plan.Binding]bindingPlace

	environment func(string) (string, bool)
}

// Plan returns the compiled plan, which belongs to the runbook. Of its params
// those with a default have a value; [Runbook.Bind] gives values to the others.
func (r *Runbook) Plan() *plan.Plan { return r.plan }

// Params returns the params that the runbook declares, in file order; Set are
// those with a default. They belong to the runbook.
func (r *Runbook) Params() []plan.Param { return r.plan.Params }

// ParamVariable is the environment variable that a param is taken from where it
// is not given; empty: there is none.
func (r *Runbook) ParamVariable(name string) string {
	for _, p := range r.params {
		if p.key.Value == name && p.env != nil {
			return literal(p.env)
		}
	}
	return ""
}

// File returns the file's name as it was given.
func (r *Runbook) File() string { return r.file }

// Source returns the bytes the runbook was read from, which belong to it.
func (r *Runbook) Source() []byte { return r.source }

// Load reads and checks the runbook at path. The Runbook is nil where a
// diagnostic is an error. The error says that the file cannot be read, and
// wraps the operating system's own.
func Load(path string, o Options) (*Runbook, Diagnostics, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read runbook %q: %w", path, cause(err))
	}
	defer f.Close()
	// One byte more than allowed is enough to know, whatever Stat says of it.
	src, err := io.ReadAll(io.LimitReader(f, o.Limits.orDefault().FileBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read runbook %q: %w", path, cause(err))
	}
	rb, ds := Parse(path, src, o)
	return rb, ds, nil
}

// cause leaves out the operation and path that the caller's message has already.
func cause(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}

// Parse checks the runbook in src, which it keeps. file names it in diagnostics
// and in the plan; relative paths in the runbook are relative to its folder. "-"
// and "<stdin>" name standard input, whose folder is the current one. Parse
// reads the scripts that the runbook names.
//
// The Runbook is nil where a diagnostic is an error. The diagnostics are in file
// order, each once; those of included files follow.
func Parse(file string, src []byte, o Options) (*Runbook, Diagnostics) {
	c := newChecker(file, src, o)
	if !c.read() {
		return nil, c.diagnostics()
	}
	doc := c.decode()
	c.judge(doc)
	c.finish(doc)
	ds := c.diagnostics()
	for _, f := range c.includes.order {
		if f.checked {
			f.finish(f.doc)
		}
		ds = append(ds, f.diagnostics()...)
	}
	if ds.Errors() {
		return nil, ds
	}
	return &Runbook{file: file, source: src, plan: c.compile(doc, nil), params: doc.params, places: c.includes.places,
		environment: o.LookupEnv}, ds
}

// judge applies the rules to one file.
func (c *checker) judge(d *document) {
	for _, rule := range meaning() {
		rule(c, d)
	}
}

func (c *checker) finish(d *document) {
	for _, rule := range afterwards {
		rule(c, d)
	}
}

// checker is one file on its way through the stages.
type checker struct {
	*report
	options Options
	limits  Limits
	dir     string // of the file, absolute
	root    *node
	scripts scripts
	// intended holds unknown keys that were meant to be another.
	intended map[*node]string

	holes   []*node              // texts with expressions in them
	values  map[*node]plan.Value // what those compile to that somebody takes; nothing where that is a mistake
	exprs   map[*node]*plan.Expr // what values that are expressions compile to
	checked bool                 // all of that was done

	chain    []link // the files that lead here, this one last
	includes *includes
}

func newChecker(file string, src []byte, o Options) *checker {
	if o.MaxTimeout <= 0 {
		o.MaxTimeout = DefaultMaxTimeout
	}
	dir := filepath.Dir(file)
	if file == "-" || file == "<stdin>" {
		dir = "."
	}
	// Abs fails only where the current folder is gone; then relative paths fail
	// where they are used, with their own message.
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	c := &checker{report: newReport(newSource(file, src)), options: o, limits: o.Limits.orDefault(), dir: dir}
	c.scripts = scripts{dir: dir, root: o.Root}
	c.exprs = map[*node]*plan.Expr{}
	c.includes = &includes{files: map[string]*included{}, scopes: map[string]*scopes{}, places: map[*plan.Binding]bindingPlace{}}
	real, err := filepath.EvalSymlinks(file)
	if abs, absErr := filepath.Abs(real); err == nil && absErr == nil {
		real = abs
	}
	c.chain = []link{{real, file}}
	return c
}

// read takes the file to a tree whose structure was checked; false if there is
// nothing that the rules could look at.
func (c *checker) read() bool {
	if n := int64(len(c.src.text)); n > c.limits.FileBytes {
		c.add(Diagnostic{Rule: ruleLimit, Pos: c.src.pos(1, 1),
			Message: fmt.Sprintf("the file is over the limit of %d bytes", c.limits.FileBytes),
			Help:    "split the runbook, or raise the limit with --max-file-bytes"})
		return false
	}
	if !c.checkBytes() {
		return false
	}
	root := c.parseYAML()
	if root == nil || !c.walk(root) {
		return false
	}
	c.root = root.Content[0]
	c.values = make(map[*node]plan.Value, len(c.holes))
	return c.checkStructure()
}

// path makes a path in the runbook absolute.
func (c *checker) path(p string) string {
	switch {
	case p == "":
		return c.dir // the same text for all
	case filepath.IsAbs(p):
		return filepath.Clean(p)
	}
	return filepath.Join(c.dir, p)
}
