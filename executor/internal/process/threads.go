package process

import (
	"runtime"
	"sync"
)

// spareThreads is how many threads Go is made to have: what runs at a time, and
// a few for calls that block, such as writing to a slow disk.
var spareThreads = runtime.NumCPU() + 8

// reserveThreads makes Go create threads while it can. It keeps idle ones, but
// where it needs another and may have no further process, for which threads
// count, it ends the program: "failed to create new OS thread".
func reserveThreads(n int) {
	var all, done sync.WaitGroup
	all.Add(n)
	for range n {
		done.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all.Done()
			all.Wait()
		})
	}
	done.Wait()
}
