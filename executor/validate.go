package executor

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/cloudops-run/runbook/dag"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// Validate returns every problem of r at once, as a [*ValidationError]; nil if
// there is none. It looks at the file system: a script and a working folder
// must be there.
func (r Request) Validate(c Config) error {
	var problems *multierror.Error
	if r.Command == nil {
		problems = multierror.Append(problems, errors.New("no command"))
	} else {
		problems = multierror.Append(problems, r.Command.problems()...)
	}
	for _, name := range sortedKeys(r.Env) {
		problems = multierror.Append(problems, checkVariable(name, r.Env[name])...)
	}
	if r.WorkingDir != "" {
		problems = multierror.Append(problems, checkFolder(r.WorkingDir)...)
	}
	switch {
	case r.Timeout < 0:
		problems = multierror.Append(problems, fmt.Errorf("timeout is %v, want 0 or more", r.Timeout))
	case r.Timeout > c.MaxTimeout:
		problems = multierror.Append(problems, fmt.Errorf("timeout %v is above the maximum of %v", r.Timeout, c.MaxTimeout))
	}
	return validationError("request", problems)
}

// Validate returns every problem of p and of its requests at once, as a
// [*ValidationError]; nil if there is none.
func (p Plan) Validate(c Config) error {
	var problems *multierror.Error
	seen := map[string]int{}
	for i, r := range p.Requests {
		var invalid *ValidationError
		if errors.As(r.Validate(c), &invalid) {
			for _, problem := range invalid.Problems {
				problems = multierror.Append(problems, fmt.Errorf("request %d: %w", i, problem))
			}
		}
		if first, ok := seen[r.ID.String()]; ok && !isZero(r.ID) {
			problems = multierror.Append(problems, fmt.Errorf("request %d: %w: it is that of request %d too", i, ErrDuplicateID, first))
		}
		seen[r.ID.String()] = i
	}
	if p.Strategy != nil {
		problems = multierror.Append(problems, p.Strategy.problems(len(p.Requests))...)
	}
	return validationError("plan", problems)
}

// checkTimeouts looks at what a compiled plan cannot know: the engine's limit.
func checkTimeouts(p *plan.Plan, c Config) error {
	var problems *multierror.Error
	for _, steps := range [][]plan.Step{p.Steps, p.OnFailure, p.Finally} {
		for i := range steps {
			if _, known := steps[i].Timeout.Literal(); !known {
				continue // the runner holds it to the limit
			}
			timeout, err := steps[i].Timeout.Duration("timeout", nil)
			if err == nil && timeout > c.MaxTimeout {
				err = fmt.Errorf("timeout %v is above the maximum of %v", timeout, c.MaxTimeout)
			}
			if err != nil {
				problems = multierror.Append(problems, fmt.Errorf("step %q: %w", steps[i].ID, err))
			}
		}
	}
	return validationError("plan", problems)
}

func (c Exec) problems() []error {
	return append(checkProgram("program", c.Program), checkArgs(c.Args)...)
}

func (c Shell) problems() (errs []error) {
	if strings.TrimSpace(c.Command) == "" {
		errs = append(errs, errors.New("the shell command is empty"))
	}
	if c.Shell != "" && !plan.KnownShell(c.Shell) {
		errs = append(errs, fmt.Errorf("unknown shell %q, want one of %s", c.Shell, strings.Join(plan.KnownShells(), ", ")))
	}
	return append(errs, checkArgs([]string{c.Command})...)
}

func (c AwsCli) problems() (errs []error) {
	for _, part := range []struct{ name, value string }{{"service", c.Service}, {"operation", c.Operation}} {
		if part.value == "" {
			errs = append(errs, fmt.Errorf("the aws %s is empty", part.name))
		} else if strings.HasPrefix(part.value, "-") || strings.ContainsAny(part.value, " \t\n\x00") {
			errs = append(errs, fmt.Errorf("aws %s is %q, want a word such as %q", part.name, part.value, "describe-instances"))
		}
	}
	return append(errs, checkArgs(append([]string{c.Profile, c.Region}, c.Args...))...)
}

func (c Script) problems() (errs []error) {
	errs = checkArgs(c.Args)
	if c.Path == "" {
		return append(errs, errors.New("the script's path is empty"))
	}
	path, err := absolute(c.Path)
	if err != nil {
		return append(errs, err)
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return append(errs, fmt.Errorf("script %q does not exist", c.Path))
	case err != nil:
		return append(errs, fmt.Errorf("script %q: %w", c.Path, err))
	case !info.Mode().IsRegular():
		return append(errs, fmt.Errorf("script %q is not a regular file", c.Path))
	}
	_, _, err = plan.ReadScript(path)
	switch {
	case err == nil, err == plan.ErrNoInterpreter && c.Interpreter != "":
	case err == plan.ErrNoInterpreter:
		errs = append(errs, fmt.Errorf("script %q has no #! line and is not an executable program; name its interpreter", c.Path))
	default:
		errs = append(errs, fmt.Errorf("script %q: %w", c.Path, err))
	}
	return errs
}

func checkProgram(what, program string) []error {
	switch {
	case program == "":
		return []error{fmt.Errorf("the %s is empty", what)}
	case strings.ContainsRune(program, 0):
		return []error{fmt.Errorf("%s %q holds a NUL byte", what, program)}
	}
	return nil
}

func checkArgs(args []string) (errs []error) {
	for i, a := range args {
		if strings.ContainsRune(a, 0) {
			errs = append(errs, fmt.Errorf("argument %d holds a NUL byte", i+1))
		}
		if len(a) > plan.MaxArgBytes {
			errs = append(errs, fmt.Errorf("argument %d has %d bytes, the system takes %d; use a file or standard input", i+1, len(a), plan.MaxArgBytes))
		}
	}
	return errs
}

func checkVariable(name, value string) (errs []error) {
	switch {
	case !plan.ValidEnvName(name):
		errs = append(errs, fmt.Errorf("environment name %q, want letters, digits and _, not a digit first", name))
	case strings.HasPrefix(name, plan.ReservedEnvPrefix):
		errs = append(errs, fmt.Errorf("environment name %q: names with %s are the engine's own", name, plan.ReservedEnvPrefix))
	}
	if strings.ContainsRune(value, 0) {
		errs = append(errs, fmt.Errorf("environment variable %q holds a NUL byte", name))
	}
	if len(name)+1+len(value) > plan.MaxArgBytes {
		errs = append(errs, fmt.Errorf("environment variable %q has %d bytes, the system takes %d with its name; use a file or standard input", name, len(value), plan.MaxArgBytes))
	}
	return errs
}

func checkFolder(dir string) []error {
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return []error{fmt.Errorf("working folder %q does not exist", dir)}
	case err != nil:
		return []error{fmt.Errorf("working folder %q: %w", dir, err)}
	case !info.IsDir():
		return []error{fmt.Errorf("working folder %q is not a folder", dir)}
	}
	return nil
}

// checkDependencies finds indexes that are out of range and, where there are
// none, a cycle.
func checkDependencies(dependencies map[int][]int, requests int) (errs []error) {
	deps := make([][]int, requests)
	for _, i := range slices.Sorted(maps.Keys(dependencies)) {
		for _, need := range append([]int{i}, dependencies[i]...) {
			if need < 0 || need >= requests {
				errs = append(errs, fmt.Errorf("dependency %d -> %v: there is no request %d, they count from 0 to %d", i, dependencies[i], need, requests-1))
				break
			}
		}
		if i >= 0 && i < requests {
			deps[i] = dependencies[i]
		}
	}
	if errs != nil {
		return errs
	}
	names := make([]string, requests)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	if _, err := dag.New(names, deps); err != nil {
		errs = append(errs, fmt.Errorf("dependencies: %w", err))
	}
	return errs
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// absolute makes a path absolute against the program's working folder, once, so
// that a later change of folder does not matter.
func absolute(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("%q: %w", path, err)
	}
	return abs, nil
}

func isZero[T comparable](v T) bool {
	var zero T
	return v == zero
}
