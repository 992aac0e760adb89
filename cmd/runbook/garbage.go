package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// How much garbage there may be before it is collected, beside what is kept. A
// run makes much and keeps little, so a small heap may grow to a multiple; that
// multiple of a large one would be most of the memory there is.
const (
	mostGarbage  = 400 // percent of what is kept
	muchGarbage  = 96 << 20
	leastGarbage = 50 // percent of what is kept, however much that is
)

// Loading a runbook keeps nearly all it makes until it is done. Looking for
// garbage in it would only take time, so the heap is paced from then on.
var paceGarbage = sync.OnceFunc(func() {
	if !ownGarbage() {
		return
	}
	kept := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	percent := mostGarbage
	var pace func(struct{})
	pace = func(struct{}) {
		metrics.Read(kept)
		if p := garbagePercent(kept[0].Value.Uint64()); p != percent {
			percent = p
			debug.SetGCPercent(p)
		}
		runtime.AddCleanup(new([64]byte), pace, struct{}{}) // it runs after the next collection
	}
	if metrics.Read(kept); kept[0].Value.Uint64() > muchGarbage {
		runtime.GC() // it was kept to load the file, and would count as kept until the next
	}
	pace(struct{}{})
})

// garbagePercent is how much garbage there may be beside so many bytes that are
// kept.
func garbagePercent(kept uint64) int {
	return int(min(max(muchGarbage*100/max(kept, 1), leastGarbage), mostGarbage))
}

// ownGarbage reports whether nobody else has decided: GOGC has the last word.
func ownGarbage() bool { return os.Getenv("GOGC") == "" }
