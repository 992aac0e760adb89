package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/sink"
)

// signals turns signals into what they mean for a run: the first ends it in
// order, the second kills what runs, the third leaves at once.
//
// Signals are caught, never ignored: what is ignored stays ignored in every
// program that steps start.
type signals struct {
	cli  *cli
	got  chan os.Signal
	exit func(int)

	mu      sync.Mutex
	engine  *executor.Engine
	run     uuid.UUID
	console *sink.Console
	count   int
	first   os.Signal
	wait    context.Context // ends when readers are no longer waited for
	leave   context.CancelFunc
}

// watchSignals begins to catch signals. Before a run is attached the first one
// ends the program: nothing was started.
func (c *cli) watchSignals() *signals {
	s := &signals{cli: c, got: make(chan os.Signal, 8), exit: os.Exit}
	s.wait, s.leave = context.WithCancel(context.Background())
	signal.Notify(s.got, caughtSignals()...)
	// Without this a closed pipe on standard output, as of | head, would end the
	// program with its steps still running. Nobody reads the channel.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		for sig := range s.got {
			s.handle(sig)
		}
	}()
	return s
}

func caughtSignals() []os.Signal {
	caught := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup: its user wants the run to survive the terminal
		caught = append(caught, syscall.SIGHUP)
	}
	return caught
}

func (s *signals) stop() {
	signal.Stop(s.got)
}

// begin starts a run and makes signals end it. One that comes meanwhile waits:
// it must not end the program beside a step that has just started.
func (s *signals) begin(e *executor.Engine, console *sink.Console, start func() (uuid.UUID, error)) (uuid.UUID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := start()
	if err == nil {
		s.engine, s.run, s.console = e, id, console
	}
	return id, err
}

// asked reports whether a signal has come.
func (s *signals) asked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first != nil
}

// code is the exit code of a run that was cancelled.
func (s *signals) code() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return exitCode(s.first)
}

func exitCode(sig os.Signal) int {
	switch sig {
	case syscall.SIGHUP:
		return exitHangup
	case syscall.SIGINT:
		return exitInterrupt
	}
	return exitTerminate
}

func (s *signals) handle(sig os.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A closed terminal is often told twice, by the kernel and by the shell: the
	// second time is no wish for more.
	over := s.over()
	if sig == syscall.SIGHUP && s.count > 0 && !over {
		return
	}
	s.count++
	if s.first == nil {
		s.first = sig
	}
	switch {
	case s.engine == nil:
		s.say(fmt.Sprintf("%s, nothing was started", name(sig)))
		s.exit(exitCode(sig))
	case s.count > 2:
		s.say(fmt.Sprintf("%s, leaving at once", name(sig)))
		s.exit(exitCode(s.first))
	case over:
		s.leave()
	case s.count == 1:
		s.engine.CancelWith(s.run, unixName(sig))
		phase, _ := s.engine.CancelledIn(s.run)
		s.say(fmt.Sprintf("%s, %s; %s kills it", name(sig), endings[phase], again(sig)))
	default:
		s.say(fmt.Sprintf("%s, killing what still runs", name(sig)))
		s.engine.Kill(s.run)
	}
}

// endings is what the first signal does in each part of a run.
var endings = map[event.Phase]string{
	event.Main:      "ending what runs",
	event.Rollback:  "ending the rollback",
	event.OnFailure: "ending on_failure",
	event.Finally:   "letting finally go on to its end",
}

// over reports whether the run has ended, so that only readers are waited for.
func (s *signals) over() bool {
	if s.engine == nil {
		return false
	}
	status, err := s.engine.Status(s.run)
	return err == nil && status.Ended()
}

// say prints at once, also when the terminal of the console does not read.
func (s *signals) say(message string) {
	line := "runbook: " + message
	if s.first == syscall.SIGINT && isTerminal(s.cli.stderr) {
		line = "\r" + line // over the ^C that the terminal echoed
	}
	if s.console != nil {
		s.console.Notify(line)
		return
	}
	fmt.Fprintln(s.cli.stderr, line)
}

func name(sig os.Signal) string {
	switch sig {
	case syscall.SIGHUP:
		return "terminal closed (SIGHUP)"
	case syscall.SIGINT:
		return "interrupted (SIGINT)"
	}
	return "told to end (SIGTERM)"
}

// again is what kills a run that was told to end: a second hang-up is the first.
func again(sig os.Signal) string {
	if sig == syscall.SIGHUP {
		return "SIGTERM"
	}
	return "once more"
}

func unixName(sig os.Signal) string {
	switch sig {
	case syscall.SIGHUP:
		return "SIGHUP"
	case syscall.SIGINT:
		return "SIGINT"
	}
	return "SIGTERM"
}
