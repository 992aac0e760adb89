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
	if ownGarbage() {
		debug.SetGCPercent(mostGarbage)
	}
	giveSignalsBack()
	c := &cli{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv}
	os.Exit(c.main(os.Args[1:]))
}
