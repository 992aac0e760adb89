package sink

import (
	"io"
	"sync"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// ConsoleOptions say what the console may do with what it writes to. The zero
// value is plain text, as for a file or a pipe.
type ConsoleOptions struct {
	Color    bool       // write colours, and let those of steps pass
	TTY      bool       // a terminal reads it: drop what would control it rather than showing it
	Live     bool       // keep a line at the bottom that tells what runs; needs a terminal that moves its cursor
	Width    func() int // columns of the terminal, asked for at each drawing; nil: 80
	Height   func() int // rows of the terminal, asked for at each question; nil: 24
	Quiet    bool       // print only what failed, once the run is over; last lines then come from logs alone
	Messages io.Writer  // gets warnings; nil: the same as the rest
	Fence    string     // a word that steps cannot guess; not empty: GitHub Actions is told to read no commands until it comes
	Steps    []Step     // in their order; steps not in it come in order of appearance

	NoRollback bool // the run was asked to undo nothing
	Asks       bool // questions are put to somebody by [Console.Ask], so their events need no line
}

// A Step is what the console is told of a step beforehand.
type Step struct {
	ID       string
	Rollback bool // something can undo it
	Writes   bool // it changes something
}

// Console tells a person what a run does: a line for each thing that happens to
// a step, its output as "step | line", and a summary at the end.
//
// What steps wrote is made harmless before it is printed. After a write error,
// such as that of a pipe whose reader is gone, it prints nothing more.
type Console struct {
	mu   sync.Mutex
	out  *frame
	opt  ConsoleOptions
	text cleaner // for output of steps
	paint
	place map[string]int // of each step in ConsoleOptions.Steps
	runs  []*runView     // most often one
}

// NewConsole writes to w, which stays open.
func NewConsole(w io.Writer, opt ConsoleOptions) *Console {
	if opt.Messages == nil {
		opt.Messages = w
	}
	if opt.Width == nil {
		opt.Width = func() int { return 80 }
	}
	c := &Console{
		opt:   opt,
		text:  cleaner{color: opt.Color, tty: opt.TTY},
		paint: paint{on: opt.Color},
		place: make(map[string]int, len(opt.Steps)),
	}
	for i, s := range opt.Steps {
		c.place[s.ID] = i
	}
	if opt.Height == nil {
		opt.Height = func() int { return 24 }
	}
	c.out = newFrame(w, opt.Width, opt.Fence)
	c.out.height = opt.Height
	c.out.locker = &c.mu
	if opt.Live && !opt.Quiet {
		c.out.bottom = c.progress
	}
	return c
}

// told is what the console was told beforehand of the step that an id belongs to.
func (c *Console) told(id string) Step {
	if i, ok := c.place[outer(id)]; ok {
		return c.opt.Steps[i]
	}
	return Step{}
}

// OnEvent prints what e tells. Lines appear within 50 ms.
func (c *Console) OnEvent(e event.Event) {
	if c.opt.Quiet && (e.Type == event.Stdout || e.Type == event.Stderr) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.run(e)
	switch e.Type {
	case event.Stdout, event.Stderr:
		line := e.Line
		if e.DataB64 != "" {
			line = e.Text()
		}
		r.step(e).tail.add(line)
		c.output(e, line)
		return
	case event.Warning:
		c.message(c.warningLine(e))
		return
	}
	r.apply(e)
	if !c.opt.Quiet {
		c.stateLine(r, e)
	}
	switch e.Type {
	case event.RunCompleted:
		c.out.endLive()
		c.summary(r)
		c.forget(r)
		c.out.flush()
	case event.RunPaused: // it may go on
		c.out.endPartial()
		c.summary(r)
		c.out.flush()
	}
}

// Ask prints lines and then a question, which stay together at the bottom of the
// terminal, beneath what happens meanwhile, until [Console.Answered]. Of more
// lines than the terminal has room for the last ones stay.
func (c *Console) Ask(lines []string, question string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.ask(lines, question)
}

// Answered ends the question. entered tells that the terminal has shown the
// answer with its newline; else nobody answered.
func (c *Console) Answered(entered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.answered(entered)
}

// Notify prints a line of the program's own among the rest, at once. It may be
// called while events come in, and returns although the console is stuck on a
// terminal that does not read.
func (c *Console) Notify(line string) {
	if !c.mu.TryLock() {
		// Most often the lock is held for microseconds; a writer that hangs holds it for ever.
		time.Sleep(10 * time.Millisecond)
		if !c.mu.TryLock() {
			io.WriteString(c.opt.Messages, line+"\n")
			return
		}
	}
	defer c.mu.Unlock()
	c.message(line)
}

// Close prints what is left and returns the first write error.
func (c *Console) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.close()
	return c.out.err
}

// message writes a line to where messages go, after what came before it.
func (c *Console) message(line string) {
	c.out.endPartial()
	c.out.lift()
	io.WriteString(c.opt.Messages, line+"\n")
	c.out.redraw()
}

// output prints one line of a step, or one part of a long line.
func (c *Console) output(e event.Event, line string) {
	from := source{e.ExecutionID, e.Type}
	f := c.out
	if f.partial != from {
		f.endPartial()
		f.buf = c.id(f.buf, e.StepID)
		if e.Type == event.Stderr {
			f.buf = c.yellow(f.buf, " | ")
		} else {
			f.buf = c.dim(f.buf, " | ")
		}
	}
	f.buf = c.text.append(f.buf, line)
	if e.Partial {
		f.partial = from
	} else {
		f.partial = source{}
		f.buf = append(f.buf, '\n')
	}
	f.written()
}
