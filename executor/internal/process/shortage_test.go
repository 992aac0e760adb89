//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A program with few descriptors runs 200 processes, 50 at a time.
func TestFewDescriptors(t *testing.T) {
	for _, n := range []string{"64", "32", "20"} {
		r := newRig(t, Options{})
		s, stdout, stderr := r.spec("host", "fewfiles", n)
		exit := r.run(s)
		if exit.Code != 0 || !strings.Contains(stdout.String(), "ok 200 undone true\n") {
			t.Errorf("limit %s: %+v\n%s%s", n, exit, stdout, stderr)
		}
	}
}

func TestNoDescriptorAtAll(t *testing.T) {
	r := newRig(t, Options{})
	s, stdout, stderr := r.spec("host", "starved")
	exit := r.run(s)
	for _, want := range []string{
		"op true true natural\n",
		"no file descriptor is free, of the 32 this program may have; raise it with ulimit -n, or run fewer steps at a time: ",
		"\nnear true true\n",
		"\ntrue no file descriptor is free, of the 32",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q: %+v\n%s%s", want, exit, stdout, stderr)
		}
	}
	if exit.Duration > 10*time.Second {
		t.Errorf("gave up after %v", exit.Duration)
	}
}

func TestFewProcesses(t *testing.T) {
	r := newRig(t, Options{})
	s, stdout, stderr := r.spec("host", "fewprocesses")
	if os.Getuid() == 0 {
		// The limit does not hold for root. Nobody else has this number.
		uid := fmt.Sprint(50000 + os.Getpid()%10000)
		self, err := os.CreateTemp("/var/tmp", "runbook-test-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(self.Name())
		_, _ = self.Write(mustRead(t, s.Path))
		_ = self.Chmod(0o755)
		self.Close()
		s.Args = append([]string{"--reuid", uid, "--regid", uid, "--clear-groups", self.Name()}, s.Args...)
		s.Path = "/usr/bin/setpriv"
		s.Dir = "/"
	}
	exit := r.run(s)
	if exit.Code != 0 || !strings.HasSuffix(stdout.String(), "uid true\nok 200 undone true\n") {
		t.Errorf("%+v\n%s%s", exit, stdout, stderr)
	}
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Host{}
		ctx := context.Background()
		calls := 0
		// Other errors are not its business.
		if err := h.Retry(ctx, func() error { calls++; return syscall.ENOENT }); err != syscall.ENOENT || calls != 1 {
			t.Errorf("%v after %d", err, calls)
		}
		calls = 0
		err := h.Retry(ctx, func() error {
			if calls++; calls < 4 {
				return &os.PathError{Op: "open", Err: syscall.EMFILE}
			}
			return nil
		})
		if err != nil || calls != 4 {
			t.Errorf("%v after %d", err, calls)
		}
		for errno, word := range map[syscall.Errno]string{syscall.EMFILE: "ulimit -n", syscall.ENFILE: "fs.file-max", syscall.EAGAIN: "ulimit -u", syscall.ENOMEM: "memory"} {
			calls = 0
			began := time.Now()
			err = h.Retry(ctx, func() error { calls++; return errno })
			took := time.Since(began)
			if !errors.Is(err, errno) || !strings.Contains(err.Error(), word) || calls != 5 || took < 300*time.Millisecond || took > 3*time.Second {
				t.Errorf("%v after %d in %v", err, calls, took)
			}
		}
		why := errors.New("why")
		ctx, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(100*time.Millisecond, func() { cancel(why) })
		if err := h.Retry(ctx, func() error { return syscall.EMFILE }); !errors.Is(err, why) {
			t.Errorf("%v", err)
		}
		if h.gate.active != 0 {
			t.Errorf("%d admitted", h.gate.active)
		}
	})
}

// While others run it goes on for longer than five tries, and wakes when one
// ends rather than with the clock.
func TestRetryWhileOthersRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Host{}
		for range 4 {
			h.gate.join()
		}
		free := false
		calls := 0
		done := make(chan time.Duration)
		began := time.Now()
		go func() {
			err := h.Retry(context.Background(), func() error {
				if calls++; !free {
					return syscall.EMFILE
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			done <- time.Since(began)
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if calls < 20 || calls > 70 {
			t.Errorf("%d calls in a minute", calls)
		}
		free = true
		h.gate.leave()
		h.gate.leave()
		h.gate.leave()
		synctest.Wait()
		if took := <-done; took > time.Minute+100*time.Millisecond {
			t.Errorf("woken after %v", took-time.Minute)
		}
	})
}

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{}
		for range 100 {
			g.enter(0, nil, nil)
		}
		if !g.shortage() || g.limit != 49 || g.active != 99 {
			t.Errorf("%d of %d", g.active, g.limit)
		}
		entered := make(chan int, 10)
		for i := range 10 {
			go func() {
				if g.enter(time.Hour, nil, nil) {
					entered <- i
				}
			}()
			synctest.Wait()
		}
		for range 24 { // the limit rises as they leave
			g.leave()
		}
		synctest.Wait()
		if len(entered) != 0 {
			t.Errorf("%d entered early", len(entered))
		}
		g.leave()
		g.leave()
		synctest.Wait()
		if len(entered) != 2 || <-entered+<-entered != 1 { // the first two
			t.Errorf("%d entered, %d of %d", len(entered), g.active, g.limit)
		}
		cancel := make(chan struct{})
		close(cancel)
		if g.enter(time.Hour, cancel, nil) {
			t.Error("entered though cancelled")
		}
		before := time.Now()
		if !g.enter(time.Second, nil, nil) || time.Since(before) != time.Second {
			t.Errorf("patience took %v", time.Since(before))
		}
		time.Sleep(2 * time.Hour)
	})
}
