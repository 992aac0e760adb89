package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cloudops-run/runbook/executor/failpoint"
)

// fatalVar makes a program of these tests kill itself: at a failpoint, the n-th
// time it gets there. It is read here only, not by the program.
const fatalVar = "FATAL_POINT"

func fatal(point failpoint.Point, n int) string { return fmt.Sprintf("%s=%s:%d", fatalVar, point, n) }

// fatalMain is the program, which may be killed by itself.
func fatalMain() {
	if point, count, found := strings.Cut(os.Getenv(fatalVar), ":"); found {
		n, err := strconv.ParseInt(count, 10, 64)
		check(err)
		var reached atomic.Int64
		failpoint.Reach = func(p failpoint.Point) {
			if string(p) == point && reached.Add(1) == n {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				time.Sleep(time.Minute) // the signal is on its way
			}
		}
	}
	main()
}
