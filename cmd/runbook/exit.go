package main

import (
	"errors"
	"fmt"
	"strings"
)

// Exit codes are a contract with scripts and pipelines; see docs/exit-codes.md.
const (
	exitDone      = 0
	exitFailed    = 1   // a step failed or timed out, or a handler failed
	exitUsage     = 2   // a wrong command line, or a file that cannot be read
	exitInvalid   = 3   // the runbook or what its params are given has errors
	exitPaused    = 4   // all that is left waits for an approval
	exitEngine    = 5   // the engine or the machine: disk, log folder, write errors
	exitUndecided = 6   // a resume needs a decision
	exitChanges   = 10  // plan --probe --detailed-exitcode: something would change
	exitHangup    = 129 // cancelled by SIGHUP
	exitInterrupt = 130 // cancelled by SIGINT
	exitTerminate = 143 // cancelled by SIGTERM
)

// An exit ends the program with a code. Without an error nothing is printed:
// what there is to say was said.
type exit struct {
	code int
	err  error
	help []string // what to do about it, a line each
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// usage is a mistake on the command line.
func usage(help, format string, args ...any) error {
	e := &exit{code: exitUsage, err: fmt.Errorf(format, args...)}
	if help != "" {
		e.help = strings.Split(help, "\n")
	}
	return e
}

// report prints what ended the program and returns its exit code.
func (c *cli) report(err error) int {
	if err == nil {
		return exitDone
	}
	var e *exit
	if !errors.As(err, &e) { // by the command library: what it refuses is a mistake on the command line
		message, _, _ := strings.Cut(err.Error(), "\n")
		e = &exit{code: exitUsage, err: errors.New(message)}
	}
	if e.err != nil {
		c.complain("error", e.err.Error())
		for _, line := range e.help {
			fmt.Fprintf(c.stderr, "%s %s\n", c.paint(c.stderr).bold("help:"), line)
		}
	}
	return e.code
}

// complain prints an error, warning or notice of the program itself. Lines
// after the first are indented beneath it.
func (c *cli) complain(severity, message string) {
	fmt.Fprintln(c.stderr, c.complaint(severity, message))
}

// note prints what is neither a result nor wrong.
func (c *cli) note(message string) { fmt.Fprintln(c.stderr, "runbook: "+message) }

func (c *cli) complaint(severity, message string) string {
	p := c.paint(c.stderr)
	word := severity + ":"
	switch severity {
	case "error":
		word = p.red(word)
	case "warning":
		word = p.yellow(word)
	}
	return "runbook: " + word + " " + message
}
