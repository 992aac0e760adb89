package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// approvalFlags answer approvals beforehand.
type approvalFlags struct {
	approve []string
	all     bool
	reject  []string
	noInput bool
}

func (f *approvalFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.approve, "approve", nil, "approve `STEP` beforehand (may be repeated)")
	flags.BoolVar(&f.all, "approve-all", false, "approve every step that asks")
	flags.StringArrayVar(&f.reject, "reject", nil, "reject `STEP` when it asks (may be repeated)")
	f.addInput(cmd)
	for _, name := range []string{"approve", "approve-all"} {
		flags.SetAnnotation(name, noEnv, []string{"true"})
	}
	for _, name := range []string{"approve", "reject"} {
		cmd.RegisterFlagCompletionFunc(name, completeSteps(func(s *plan.Step) bool { return s.Approval != nil }))
	}
}

func (f *approvalFlags) addInput(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.noInput, "no-input", false, "ask nobody: a run pauses where an approval is missing")
	settings(cmd, "no-input")
}

// userName is who answers, for the record.
func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}

// answers gives the approvals of a run by somebody at the terminal. Its engine
// is one that has methods for them.
type answers interface {
	Approve(run uuid.UUID, step, by string) error
	Reject(run uuid.UUID, step, by, message string) error
	Unattended(run uuid.UUID) error
	Hide(run uuid.UUID, text string) string
}

// A prompter asks somebody at the terminal about the steps that wait for an
// approval, one after the other.
type prompter struct {
	in   io.Reader
	wipe func()                              // forgets what was typed before the question
	ask  func(lines []string, prompt string) // shows one
	told func(entered bool)                  // takes it away
	say  func(line string)                   // tells something beside the run
	see  func(event.Event)                   // learns what the questions are about
	show func(stepID, question string, count int) []string
	by   string

	mu      sync.Mutex
	changed chan struct{} // something is to be done
	queue   []request
	lines   chan string // closed at the end of the input
}

// A request is a question that waits for an answer.
type request struct {
	step, question string
	count          int
}

func newPrompter(in io.Reader) *prompter {
	return &prompter{in: in, by: userName(), changed: make(chan struct{}, 1), lines: make(chan string)}
}

// OnEvent learns which steps ask, and which do not ask any more.
func (p *prompter) OnEvent(e event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.see(e)
	switch e.Type {
	case event.ApprovalRequested:
		p.queue = append(p.queue, request{e.StepID, e.Message, e.Count})
	case event.ApprovalGranted, event.ApprovalRejected, event.Failed, event.Cancelled, event.Skipped:
		for i, r := range p.queue {
			if r.step == e.StepID && e.Phase != event.Rollback {
				p.queue = append(p.queue[:i:i], p.queue[i+1:]...)
				break
			}
		}
	default:
		return
	}
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// first is the question to ask now.
func (p *prompter) first() (request, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return request{}, false
	}
	return p.queue[0], true
}

// forget takes a question that was answered from the queue: the event that says
// so may come only after the next look at it.
func (p *prompter) forget(r request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, q := range p.queue {
		if q == r {
			p.queue = append(p.queue[:i:i], p.queue[i+1:]...)
			return
		}
	}
}

// serve asks until done is closed or nobody answers.
func (p *prompter) serve(a answers, run uuid.UUID, done <-chan struct{}) {
	reading := false
	for {
		r, ok := p.first()
		if !ok {
			select {
			case <-p.changed:
				continue
			case <-done:
				return
			}
		}
		if !reading {
			reading = true
			go p.read()
		}
		p.wipe()
		about := strings.Join(p.show(r.step, r.question, r.count), "\n")
		p.ask(strings.Split(a.Hide(run, about), "\n"), sink.Escape(r.step)+": approve? [y/n] ")
		answer, answered := p.await(r, done)
		switch {
		case !answered:
			continue
		case answer == eof:
			p.say("runbook: no answer, and none will be asked for; the run does what it can without, then pauses")
			a.Unattended(run)
			return
		case answer == yes:
			a.Approve(run, r.step, p.by)
		default:
			a.Reject(run, r.step, p.by, "")
		}
		p.forget(r)
	}
}

type reply uint8

const (
	yes reply = iota
	no
	eof
)

// await waits for the answer to r; false: it is not asked any more.
func (p *prompter) await(r request, done <-chan struct{}) (reply, bool) {
	for {
		select {
		case line, more := <-p.lines:
			p.told(more)
			if !more {
				return eof, true
			}
			switch strings.ToLower(strings.TrimSpace(line)) {
			case "y", "yes":
				return yes, true
			case "n", "no":
				return no, true
			}
			p.ask([]string{indent(r.question, "  ")}, sink.Escape(r.step)+": please answer y or n: ")
		case <-p.changed:
			if first, ok := p.first(); !ok || first != r {
				p.told(false)
				return no, false
			}
		case <-done:
			p.told(false)
			return no, false
		}
	}
}

// read hands out the lines of the input.
func (p *prompter) read() {
	defer close(p.lines)
	lines := bufio.NewScanner(p.in)
	for lines.Scan() {
		p.lines <- lines.Text()
	}
}

// interactive reports whether somebody can be asked: a terminal to read from,
// one to write to, and nobody who said not to.
func (c *cli) interactive(f *approvalFlags) bool {
	if f.noInput || c.inCI() || !isTerminal(c.stdin) || !isTerminal(c.stdout) && !isTerminal(c.stderr) {
		return false
	}
	return inForeground(c.stdin.(*os.File))
}

// prompter is one for this terminal; nil: nobody can be asked.
func (c *cli) prompter(f *approvalFlags, p *plan.Plan, s *sinks) *prompter {
	if !c.interactive(f) {
		return nil
	}
	prompt := newPrompter(c.stdin)
	prompt.wipe = func() { forgetTyped(c.stdin.(*os.File)) }
	w := c.stderr
	if s.console != nil && isTerminal(s.consoleOn) {
		w = s.consoleOn
		prompt.ask, prompt.told, prompt.say = s.console.Ask, s.console.Answered, s.console.Notify
	} else {
		prompt.ask = func(lines []string, question string) {
			fmt.Fprint(w, strings.Join(append(lines, question), "\n"))
		}
		prompt.say = func(line string) { fmt.Fprintln(w, line) }
		prompt.told = func(entered bool) {
			if !entered {
				fmt.Fprintln(w)
			}
		}
	}
	v := newLiveView(p, c.paint(w))
	prompt.see, prompt.show = v.OnEvent, v.question
	s.add("approvals", false, prompt, func() error { return nil })
	return prompt
}
