package main

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/cloudops-run/runbook/executor/event"
)

// isTerminal reports whether f, one of the program's streams, is a terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// inForeground reports whether reading from the terminal would not stop the
// program, as it does one that a shell runs in the background.
func inForeground(terminal *os.File) bool {
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// forgetTyped drops what was typed and not read yet, so that it answers no
// question that came after it.
func forgetTyped(terminal *os.File) { flushInput(int(terminal.Fd())) }

// width is the number of columns of the terminal f; 80 where nobody knows.
func width(f any) int {
	if file, ok := f.(*os.File); ok {
		if w, _, err := term.GetSize(int(file.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return 80
}

// height is the number of rows of the terminal f; 24 where nobody knows.
func height(f any) int {
	if file, ok := f.(*os.File); ok {
		if _, h, err := term.GetSize(int(file.Fd())); err == nil && h > 0 {
			return h
		}
	}
	return 24
}

// colored decides whether f gets colours. The most explicit wish wins: our own
// flag or variable, then NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then
// what f is.
func (c *cli) colored(f any) bool {
	if c.noColor || c.env("NO_COLOR") != "" {
		return false
	}
	for _, name := range []string{"FORCE_COLOR", "CLICOLOR_FORCE"} {
		if v := c.env(name); v != "" {
			return v != "0" && v != "false"
		}
	}
	return isTerminal(f) && c.env("TERM") != "dumb"
}

// live decides whether f may have a line that is drawn again and again.
func (c *cli) live(f any) bool {
	return isTerminal(f) && c.env("TERM") != "dumb" && !c.inCI()
}

func (c *cli) inCI() bool {
	v := c.env("CI")
	ci, err := strconv.ParseBool(v)
	return v != "" && (err != nil || ci)
}

func (c *cli) inGitHubActions() bool { return c.env("GITHUB_ACTIONS") == "true" }

// paint colours words, or leaves them as they are.
type paint bool

func (c *cli) paint(f any) paint { return paint(c.colored(f)) }

func (p paint) sgr(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) bold(s string) string   { return p.sgr("1", s) }
func (p paint) dim(s string) string    { return p.sgr("2", s) }
func (p paint) red(s string) string    { return p.sgr("1;31", s) }
func (p paint) green(s string) string  { return p.sgr("32", s) }
func (p paint) yellow(s string) string { return p.sgr("1;33", s) }
func (p paint) cyan(s string) string   { return p.sgr("36", s) }

// status is a word in the colour of its meaning.
func (p paint) status(s event.Status, word string) string {
	switch s {
	case event.StatusCompleted:
		return p.green(word)
	case event.StatusFailed, event.StatusTimeout, event.StatusDamaged:
		return p.red(word)
	case event.StatusCancelled, event.StatusRolledBack, event.StatusPaused, event.StatusInterrupted:
		return p.yellow(word)
	}
	return p.dim(word)
}
