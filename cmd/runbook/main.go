// Command runbook checks, shows and runs runbooks.
package main

import (
	"os"
	"runtime/debug"

	_ "github.com/cloudops-run/runbook/executor/watchdog" // apply answers for its steps beyond its own death
)

// version is stamped by the build: -ldflags "-X main.version=v1.2.3". Without
// it the build information of the Go toolchain tells.
var version string

// gcPercent lets a small heap grow further than usual before it is collected: a
// run makes much garbage and keeps little. GOGC still has the last word.
const gcPercent = 400

func main() {
	growStack(0)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	giveSignalsBack()
	c := &cli{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv}
	os.Exit(c.main(os.Args[1:]))
}

// growStack has the stack be as large at once as it will be: else it is copied,
// frame by frame, each time that it doubles. Without n the frame is not touched.
//
//go:noinline
func growStack(n int) byte {
	if n == 0 {
		return 0
	}
	var frame [48 << 10]byte
	return frame[n%len(frame)]
}
