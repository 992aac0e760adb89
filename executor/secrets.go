package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// Bounds of fetching a secret.
const (
	secretTimeout = 30 * time.Second // of a program that prints one
	maxSecret     = 1 << 20          // bytes, before value picks the secret out of it
	minSecret     = 6                // bytes: shorter ones would be masked everywhere by chance
)

// fetchSecrets gets every secret that the run can use, in file order. They are
// kept in memory and nowhere else. The error is that of every secret that cannot
// be had; it shows nothing of a value. A variable or file that nothing uses is
// read too, if it can be: a step may print it all the same.
func (r *liveRun) fetchSecrets(ctx context.Context) (map[string]string, error) {
	values := make(map[string]string, len(r.plan.Secrets))
	var problems []string
	used := usedSecrets(r.plan, r.options.part(r.plan).runs)
	for i := range r.plan.Secrets {
		s := &r.plan.Secrets[i]
		if !used[s.Name] && len(s.Exec) > 0 {
			continue
		}
		text, err := r.fetchSecret(ctx, s, values)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !used[s.Name] && (err != nil || len(text) < minSecret):
		case err == nil && text == "":
			problems = append(problems, fmt.Sprintf("%ssecret %q is empty: %s", r.lineOf(s), s.Name, emptySource(s)))
		case err != nil:
			problems = append(problems, fmt.Sprintf("%ssecret %q: %v", r.lineOf(s), s.Name, err))
		case len(text) < minSecret:
			problems = append(problems, fmt.Sprintf("%ssecret %q has %d bytes; one of under %d cannot be masked without masking other text too", r.lineOf(s), s.Name, len(text), minSecret))
		default:
			values[s.Name] = text
		}
	}
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	return values, nil
}

// lineOf is where a secret is declared, to stand before what is said of it.
func (r *liveRun) lineOf(s *plan.Secret) string {
	if s.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", r.plan.File, s.Line)
}

// emptySource says where nothing came from.
func emptySource(s *plan.Secret) string {
	switch {
	case s.Value != nil:
		return "its value expression gives an empty text"
	case s.Env != "":
		return fmt.Sprintf("the environment variable %s is set, to nothing", s.Env)
	case len(s.Exec) > 0:
		return "its program printed nothing"
	}
	return "there is nothing in its file"
}

func (r *liveRun) fetchSecret(ctx context.Context, s *plan.Secret, known map[string]string) (string, error) {
	scope := &plan.Scope{Params: r.plan.ParamValues()}
	scope.Secrets = func(name string) (string, bool) { v, ok := known[name]; return v, ok }
	text, err := r.secretSource(ctx, s, scope)
	if err != nil {
		return "", err
	}
	text = strings.TrimSuffix(text, "\n")
	if s.Value == nil {
		return text, nil
	}
	scope.Attempt = &plan.Attempt{Stdout: text, HasExit: true}
	v, err := s.Value.Eval(scope)
	if err != nil {
		return "", fmt.Errorf("value: %w", hide(err, text))
	}
	return plan.ToText(v)
}

// hide keeps an error of an expression to itself where it shows what the
// expression was given.
func hide(err error, text string) error {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); len(line) >= minSecret && strings.Contains(err.Error(), line) {
			return fmt.Errorf("the expression has no value for what was read")
		}
	}
	return err
}

func (r *liveRun) secretSource(ctx context.Context, s *plan.Secret, scope *plan.Scope) (string, error) {
	switch {
	case s.Env != "":
		text, ok := os.LookupEnv(s.Env)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set", s.Env)
		}
		return text, nil
	case !s.File.IsZero():
		path, err := s.File.Resolve(scope)
		if err != nil {
			return "", fmt.Errorf("file: %w", err)
		}
		if !filepath.IsAbs(path.Text) {
			path.Text = filepath.Join(r.plan.Dir, path.Text)
		}
		return r.engine.readFile(path.Text, maxSecret)
	}
	return r.secretProgram(ctx, s, scope)
}

// secretProgram runs a program for what it prints. Its standard error is not
// kept: programs that know secrets print them when they fail.
func (r *liveRun) secretProgram(ctx context.Context, s *plan.Secret, scope *plan.Scope) (string, error) {
	program, err := s.Exec[0].Resolve(nil)
	if err != nil {
		return "", err
	}
	step := plan.Step{Dir: r.plan.Dir, WorkingDir: plan.Text(r.plan.Dir), Command: plan.Exec(program.Text, s.Exec[1:])}
	inv, err := step.Invocation(scope)
	if err != nil {
		return "", err
	}
	inv.Timeout = secretTimeout
	answer := r.ask(ctx, inv)
	switch {
	case answer.out.Ending == TimedOut:
		return "", fmt.Errorf("%s did not end within %v", program.Text, secretTimeout)
	case answer.out.Ending != Exited:
		return "", fmt.Errorf("%s: %s", program.Text, answer.out.Error)
	case answer.out.ExitCode != 0:
		return "", fmt.Errorf("%s ended with exit code %d", program.Text, answer.out.ExitCode)
	case answer.truncated:
		return "", fmt.Errorf("%s printed more than %d bytes", program.Text, maxSecret)
	}
	return answer.stdout, nil
}
