//go:build linux

package process

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Five hundred processes that wait cost little memory and no threads.
func TestFiveHundredWait(t *testing.T) {
	r := newRig(t, Options{})
	s, stdout, stderr := r.spec("host", "wide", "500")
	exit := r.run(s)
	var resident, threads, goroutines int
	_, err := fmt.Sscanf(stdout.String(), "resident %d MiB threads %d goroutines %d\n", &resident, &threads, &goroutines)
	if err != nil || exit.Code != 0 {
		t.Fatalf("%v %+v\n%s%s", err, exit, stdout, stderr)
	}
	limit := 32
	if raceEnabled {
		limit = 400 // the detector's shadow memory
	}
	if resident > limit || threads > 60 || goroutines > 3 {
		t.Errorf("%s", stdout)
	}
}

// wide runs n processes that all live at the same time.
func wide(n int) {
	h := mustHost(Options{Contain: true})
	var group sync.WaitGroup
	var started sync.WaitGroup
	started.Add(n)
	kill := make(chan struct{})
	for range n {
		group.Go(func() {
			exit := h.Run(context.Background(), kill, Spec{Path: "/bin/sleep", Args: []string{"60"}, Stdout: &buffer{}, Stderr: &buffer{}, OnStart: func(int) { started.Done() }})
			if exit.Err != nil || exit.Cause != Stopped || exit.Leftovers != nil {
				fmt.Printf("%+v\n", exit)
			}
		})
	}
	started.Wait()
	close(kill)
	group.Wait()
	h.Close()
	// The last ones may be on their last instruction.
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > 1 && time.Now().Before(end); {
		runtime.Gosched()
	}
	fmt.Printf("resident %d MiB threads %d goroutines %d\n", peak()>>10, threads(), runtime.NumGoroutine())
}

// peak is the most memory this program had, in KiB.
func peak() int { return selfStatus("VmHWM") }

func threads() int { return selfStatus("Threads") }

func selfStatus(field string) int {
	text, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(text), "\n"+field+":")
	return atoi(strings.Fields(rest)[0])
}
