// Command runbook checks, shows and runs runbooks.
package main

import "os"

// version is stamped by the build: -ldflags "-X main.version=v1.2.3". Without
// it the build information of the Go toolchain tells.
var version string

func main() {
	c := &cli{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv}
	os.Exit(c.main(os.Args[1:]))
}
