// Package watchdog lets a program that contains what it runs, as by
// executor.WithContainment, answer for that beyond its own death. It is imported
// for its side effect:
//
//	import _ "github.com/cloudops-run/runbook/executor/watchdog"
//
// An engine with containment then starts the program a second time, as a process
// "runbook-watchdog" that sleeps until the program has gone, ends what that has
// left running, and is gone too. Only Linux has it; elsewhere the import does
// nothing.
package watchdog

import "github.com/cloudops-run/runbook/executor/internal/process"

// This is done here, not in main, so that a watchdog pays for as little of its
// program's start as possible: what is initialised after this package never is.
func init() { process.BecomeWatchdog() }
