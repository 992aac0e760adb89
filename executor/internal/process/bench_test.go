//go:build linux

package process

import (
	"context"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"testing"
)

// twoAtATime runs b.N times f, two at once.
func twoAtATime(b *testing.B, f func()) {
	work := make(chan struct{})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for range work {
				f()
			}
		})
	}
	var self, children [2]syscall.Rusage
	usage := func(i int) {
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &self[i])
		_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children[i])
	}
	report := func(r [2]syscall.Rusage, unit string) {
		ns := r[1].Utime.Nano() + r[1].Stime.Nano() - r[0].Utime.Nano() - r[0].Stime.Nano()
		b.ReportMetric(float64(ns)/1000/float64(b.N), unit)
	}
	usage(0)
	b.ResetTimer()
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	group.Wait()
	usage(1)
	report(self, "own-µs/op")
	report(children, "child-µs/op")
}

func benchTrue(b *testing.B, o Options) {
	h, err := NewHost(o)
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	env := []string{"PATH=/usr/bin:/bin", "COOKIE=1"}
	twoAtATime(b, func() {
		exit := h.Run(context.Background(), nil, Spec{Path: "/bin/true", Env: env, Stdout: io.Discard, Stderr: io.Discard, Cookie: "COOKIE=1"})
		if exit.Code != 0 || exit.Err != nil || exit.Leftovers != nil {
			b.Errorf("%+v", exit)
		}
	})
}

func BenchmarkTrue2(b *testing.B)          { benchTrue(b, Options{}) }
func BenchmarkTrue2Contained(b *testing.B) { benchTrue(b, Options{Contain: true}) }

func BenchmarkTrue2Watched(b *testing.B) {
	noCgroups = true
	defer func() { noCgroups = false }()
	benchTrue(b, Options{Contain: true})
}

func BenchmarkTrue2Subreaper(b *testing.B) {
	armed = false
	defer func() { armed = true }()
	benchTrue(b, Options{Contain: true})
}

// BenchmarkTrue2Exec is the same by os/exec, to compare with.
func BenchmarkTrue2Exec(b *testing.B) {
	twoAtATime(b, func() {
		cmd := exec.Command("/bin/true")
		cmd.Env = []string{"PATH=/usr/bin:/bin", "COOKIE=1"}
		cmd.Stdout, cmd.Stderr = writer{}, writer{}
		if err := cmd.Run(); err != nil {
			b.Error(err)
		}
	})
}

type writer struct{}

func (writer) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkTrue2ExecSetsid(b *testing.B) {
	twoAtATime(b, func() {
		cmd := exec.Command("/bin/true")
		cmd.Env = []string{"PATH=/usr/bin:/bin", "COOKIE=1"}
		cmd.Stdout, cmd.Stderr = writer{}, writer{}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Run(); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkLedger is what a process costs more where there is a watchdog.
func BenchmarkLedger(b *testing.B) {
	l, err := newLedger()
	if err != nil {
		b.Fatal(err)
	}
	defer l.close()
	for b.Loop() {
		n := l.announce(startClock(), 0)
		l.enter(n, 1, startClock())
		l.strike(n)
	}
}
