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

func main() {
	growStack(0)
	if ownGarbage() {
		debug.SetGCPercent(mostGarbage)
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
