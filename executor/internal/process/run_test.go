//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestExitCodesAndSignals(t *testing.T) {
	r := newRig(t, Options{})
	for _, code := range []int{0, 1, 7, 126, 127, 255} {
		s, _, _ := r.spec("exit", fmt.Sprint(code))
		exit := r.run(s)
		if exit.Code != code || exit.Signal != 0 || exit.Cause != Natural || exit.PipeHeld || exit.Leftovers != nil {
			t.Errorf("exit %d: %+v", code, exit)
		}
		if exit.PID == 0 || exit.Duration <= 0 || exit.Ended.Before(exit.Started) || exit.Usage.MaxRSS < 1<<20 {
			t.Errorf("exit %d: %+v", code, exit)
		}
	}
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGUSR1, syscall.SIGTERM} {
		s := Spec{Path: "/bin/sh", Args: []string{"-c", fmt.Sprintf("kill -%d $$", int(sig))}}
		exit := r.run(s)
		if exit.Code != -1 || exit.Signal != sig || exit.Cause != Natural {
			t.Errorf("%v: %+v", sig, exit)
		}
	}
}

func TestOutputIsComplete(t *testing.T) {
	r := newRig(t, Options{})
	for _, n := range []int{0, 1, 4095, 65536, 65537, 5_000_000} {
		s, stdout, stderr := r.spec("write", fmt.Sprint(n))
		exit := r.run(s)
		if exit.Code != 0 || len(stdout.String()) != n || len(stderr.String()) != n {
			t.Errorf("%d bytes: got %d and %d, %+v", n, len(stdout.String()), len(stderr.String()), exit)
		}
		if stdout.most > 64<<10 || !strings.HasPrefix("0123456789abcde\n", stdout.String()[:min(n, 16)]) {
			t.Errorf("%d bytes: the longest write was %d", n, stdout.most)
		}
	}
}

// A full disk must not block the process.
func TestOutputIsReadInSpiteOfErrors(t *testing.T) {
	r := newRig(t, Options{})
	s, _, stderr := r.spec("write", "1000000")
	s.Stdout = brokenWriter{}
	if exit := r.run(s); exit.Code != 0 || len(stderr.String()) != 1000000 {
		t.Errorf("%+v, stderr %d bytes", exit, len(stderr.String()))
	}
	s.Stdout, s.Stderr = nil, nil
	if exit := r.run(s); exit.Code != 0 {
		t.Errorf("%+v", exit)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// A writer that takes its time gets everything all the same.
func TestSlowWriterDelaysTheEnd(t *testing.T) {
	r := newRig(t, Options{})
	s, _, _ := r.spec("write", "65536")
	slow := &slowWriter{}
	s.Stdout = slow
	exit := r.run(s)
	if exit.PipeHeld || slow.n != 65536 || exit.Leftovers != nil {
		t.Errorf("%+v, %d bytes", exit, slow.n)
	}
}

type slowWriter struct{ n int }

func (w *slowWriter) Write(p []byte) (int, error) {
	<-time.After(holdTime + 200*time.Millisecond)
	w.n += len(p)
	return len(p), nil
}

func TestStdin(t *testing.T) {
	r := newRig(t, Options{})
	s, stdout, _ := r.spec("cat")
	if exit := r.run(s); exit.Code != 0 || stdout.String() != "" {
		t.Errorf("without stdin: %+v %q", exit, stdout)
	}

	f, err := MemoryFile("secret\n")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 2 { // each reads it from its start
		s, stdout, _ = r.spec("cat")
		s.Stdin = f
		if exit := r.run(s); exit.Code != 0 || stdout.String() != "secret\n" {
			t.Errorf("%+v %q", exit, stdout)
		}
	}
	s, stdout, _ = r.spec("reread")
	s.Stdin = f
	if exit := r.run(s); exit.Code != 0 || stdout.String() != "secret\nsecret\n" {
		t.Errorf("by name: %+v %q", exit, stdout)
	}

	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pr.Close()
	fmt.Fprint(pw, "piped")
	pw.Close()
	s, stdout, _ = r.spec("cat")
	s.Stdin = pr
	if exit := r.run(s); exit.Code != 0 || stdout.String() != "piped" {
		t.Errorf("%+v %q", exit, stdout)
	}
}

func TestMemoryFileOnDisk(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	f, err := unlinked()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("it has a name: %v", left)
	}
}

func TestWhatTheProcessIsGiven(t *testing.T) {
	r := newRig(t, Options{})
	s, stdout, _ := r.spec("facts", "a b", "")
	s.Dir = t.TempDir()
	s.Argv0 = "name"
	pid := 0
	s.OnStart = func(p int) { pid = p }
	exit := r.run(s)
	want := []string{
		fmt.Sprintln("pid", exit.PID), "leader true\n", "dir " + s.Dir + "\n", "args name|a b||" + r.mark + "\n",
		"env " + "PATH=/usr/bin:/bin|" + s.Env[1] + "|" + s.Env[0] + "\n", "tty false\n",
	}
	for _, line := range want {
		if !strings.Contains(stdout.String(), line) {
			t.Errorf("no %q in\n%s", line, stdout)
		}
	}
	if pid != exit.PID || exit.Code != 0 {
		t.Errorf("OnStart %d, %+v", pid, exit)
	}
}

// An empty environment is empty, not this program's.
func TestEmptyEnvironment(t *testing.T) {
	r := newRig(t, Options{})
	var out buffer
	if exit := r.run(Spec{Path: "/usr/bin/env", Stdout: &out}); exit.Code != 0 || out.String() != "" {
		t.Errorf("%+v %q", exit, out.String())
	}
}

func TestStoppedBeforeStart(t *testing.T) {
	r := newRig(t, Options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("why")
	cancel(why)
	s, _, _ := r.spec("exit", "0")
	started := false
	s.OnStart = func(int) { started = true }
	exit := r.host.Run(ctx, nil, s)
	var start *StartError
	if !errors.As(exit.Err, &start) || start.Op != OpStop || !errors.Is(exit.Err, why) || exit.Cause != Stopped || exit.Code != -1 || started {
		t.Errorf("%+v", exit)
	}
	kill := make(chan struct{})
	close(kill)
	exit = r.host.Run(context.Background(), kill, s)
	if !errors.Is(exit.Err, context.Canceled) || exit.Cause != Stopped || exit.PID != 0 || started {
		t.Errorf("%+v", exit)
	}
}

// Hundreds at a time, of several hosts, with and without containment.
func TestManyAtOnce(t *testing.T) {
	before, few := openFiles(t), threads()
	rigs := []*rig{newRig(t, Options{}), newRig(t, Options{Contain: true}), newRig(t, Options{})}
	n := 300
	var group sync.WaitGroup
	var mu sync.Mutex
	running, most := 0, 0
	full := make(chan struct{})
	for i := range n {
		r := rigs[i%len(rigs)]
		group.Go(func() {
			// cat ends when stdin does, which is when all are running.
			pr, pw, err := os.Pipe()
			if err != nil {
				t.Error(err)
				return
			}
			defer pr.Close()
			var out buffer
			s := Spec{Path: "/bin/cat", Args: []string{"-"}, Stdin: pr, Stdout: &out, Stderr: io.Discard}
			s.OnStart = func(int) {
				mu.Lock()
				if running++; running == n {
					close(full)
				}
				most = max(most, running)
				mu.Unlock()
				go func() {
					<-full
					fmt.Fprint(pw, i)
					pw.Close()
				}()
			}
			if exit := r.host.Run(context.Background(), nil, s); exit.Err != nil || exit.Code != 0 || out.String() != fmt.Sprint(i) || exit.Leftovers != nil {
				t.Errorf("%d: %+v %q", i, exit, out.String())
			}
		})
	}
	group.Wait()
	if most != n {
		t.Errorf("%d at once, want %d", most, n)
	}
	if now := threads(); now > few+20 {
		t.Errorf("%d threads, %d before: waiting takes threads", now, few)
	}
	for _, r := range rigs {
		r.host.Close()
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
	if z := rigs[0].zombies(); z != nil {
		t.Errorf("zombies %v", z)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestWithoutPidfd(t *testing.T) {
	r := newRig(t, Options{})
	r.host.noPidfd = true
	s, stdout, _ := r.spec("write", "100000")
	if exit := r.run(s); exit.Code != 0 || len(stdout.String()) != 100000 {
		t.Errorf("%+v", exit)
	}
	s, stdout, _ = r.spec("stubborn")
	if exit := r.stopReady(s, stdout); exit.Cause != Stopped || exit.Signal != syscall.SIGKILL {
		t.Errorf("%+v", exit)
	}
	s, _, _ = r.spec("leave", "3")
	if exit := r.run(s); exit.Code != 3 || len(exit.Leftovers) != 1 || r.alive() != nil {
		t.Errorf("%+v, alive %v", exit, r.alive())
	}
}

// Children of other code keep their exit status, also under containment.
func TestOtherChildrenAreNotReaped(t *testing.T) {
	r := newRig(t, Options{Contain: true})
	cmd := exec.Command("/bin/sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := exec.Command("/bin/sh", "-c", "exit 3") // stays a zombie meanwhile
	if err := done.Start(); err != nil {
		t.Fatal(err)
	}
	s, _, _ := r.spec("leave", "0", "setsid")
	if exit := r.run(s); len(exit.Leftovers) != 1 {
		t.Errorf("%+v", exit)
	}
	if left := r.host.Sweep(); left != nil {
		t.Errorf("swept %v", left)
	}
	if err := syscall.Kill(cmd.Process.Pid, 0); err != nil {
		t.Errorf("a child of other code was killed: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	var exit *exec.ExitError
	if err := done.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("its exit status is gone: %v", err)
	}
}

// A library may find its exit status taken; that must not hang it.
func TestExitStatusTaken(t *testing.T) {
	r := newRig(t, Options{})
	s, stdout, _ := r.spec("polite", "5")
	s.OnStart = func(pid int) {
		go func() {
			<-stdout.await("ready")
			_ = syscall.Kill(pid, syscall.SIGTERM)
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}()
	}
	exit := r.host.Run(context.Background(), nil, s)
	// Either may be first.
	if !(exit.Code == 5 && exit.Err == nil) && !(exit.Code == -1 && errors.Is(exit.Err, syscall.ECHILD)) {
		t.Errorf("%+v", exit)
	}
}
