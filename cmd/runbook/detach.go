package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// detachedAs tells the program that it is the part of apply --detach that goes
// on. Its value is of no matter, and steps do not inherit it.
const detachedAs = "RUNBOOK_DETACHED"

func (f *applyFlags) addDetach(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.detach, "detach", false, "print the id of the run once it has begun, and go on without the terminal")
}

// goesOn reports whether the run is to be carried out by this process. With
// --detach another one does it, and this one only waits until the run has begun:
// what is refused is refused here, with the exit code it has without the flag.
func (c *cli) goesOn(f *applyFlags) (bool, error) {
	if !f.detach {
		return true, nil
	}
	if err := c.checkDetach(f); err != nil {
		return false, err
	}
	if d := c.detached(f); d != nil {
		f.detached, f.approval.noInput, c.stdout = d, true, &d.console
		return true, nil
	}
	return false, c.detach(f)
}

// checkDetach refuses what needs the terminal that the run is to go on without.
func (c *cli) checkDetach(f *applyFlags) error {
	const help = "what the console would show is in the run's folder: runbook logs RUN -f"
	switch {
	case f.outputs.format == "json":
		return usage("ask for it later: runbook show RUN -o json", "--detach prints the id of the run, and --output json what it came to")
	case f.sinks.has(sinkSpec{kind: "console"}):
		return usage(help, "%s is console, and with --detach there is none", c.named("sink"))
	case f.sinks.has(sinkSpec{kind: "jsonl", path: "-"}):
		return usage("name a file: --sink jsonl=FILE", "%s is jsonl=-, and with --detach the run goes on without standard output", c.named("sink"))
	}
	return nil
}

// detach has another process carry out the run, in a session of its own, which
// no terminal can hang up.
func (c *cli) detach(f *applyFlags) error {
	told, tell, err := os.Pipe()
	if err != nil {
		return &exit{code: exitEngine, err: err}
	}
	defer told.Close()
	engine, err := startDetached(tell)
	tell.Close()
	if err != nil {
		return &exit{code: exitEngine, err: fmt.Errorf("start the detached engine: %w", err)}
	}
	defer passOnSignals(engine)()
	line, _ := bufio.NewReader(told).ReadString('\n')
	id, begun := strings.CutSuffix(line, "\n")
	if begun {
		c.help(f, []string{"to follow it: " + c.again("logs", id) + " -f", "to end it: " + c.again("cancel", id)})
		return c.write("", func(w io.Writer) error { _, err := fmt.Fprintln(w, id); return err })
	}
	end, err := engine.Wait()
	if err != nil || !end.Exited() {
		return &exit{code: exitEngine, err: fmt.Errorf("the detached engine ended before the run began: %v", end)}
	}
	return &exit{code: end.ExitCode()} // it said why
}

// startDetached starts the program once more with the same arguments. Until the
// run has begun it reads what this one would read, a runbook on standard input
// for instance, and complains where this one would.
func startDetached(tell *os.File) (*os.Process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	return os.StartProcess(program, os.Args, &os.ProcAttr{
		Env:   append(slices.DeleteFunc(os.Environ(), isDetachedAs), detachedAs+"=true"),
		Files: []*os.File{os.Stdin, null, os.Stderr, tell},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
}

func isDetachedAs(kv string) bool { return strings.HasPrefix(kv, detachedAs+"=") }

// passOnSignals gives p the signals that this process gets: Ctrl-C does not
// reach another session.
func passOnSignals(p *os.Process) (stop func()) {
	got := make(chan os.Signal, 8)
	signal.Notify(got, caughtSignals()...)
	go func() {
		for s := range got {
			_ = p.Signal(s) // it may have ended
		}
	}()
	return func() { signal.Stop(got) }
}
