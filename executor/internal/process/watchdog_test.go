//go:build linux

package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cloudops-run/runbook/executor/failpoint"
)

// An engine of these tests is a contained host in a process of its own, which
// runs one child and is killed with SIGKILL at a moment of its life.
type engine struct {
	*rig
	pid    int
	stdout *buffer
	lock   *os.File // as another program sees the lock that the engine holds
	wait   func()
}

const (
	engineGrace = 300 * time.Millisecond

	// cleanTime is what the watchdog may take beyond the grace period. On an idle
	// machine it takes a few milliseconds.
	cleanTime = 10 * time.Second
)

// startEngine starts an engine that runs a role, and kills itself where at names
// a failpoint. It returns when the child has said that it is ready, or the
// engine is dead.
func startEngine(t *testing.T, at, role string, args ...string) *engine {
	t.Helper()
	r := newRig(t, Options{})
	path := filepath.Join(t.TempDir(), "lock")
	lock, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	s, stdout, stderr := r.spec("host", append([]string{"engine", at, path, role}, args...)...)
	ready := stdout.await("ready")
	e := &engine{rig: r, lock: lock, stdout: stdout}
	// It is started as a shell starts it: by a parent that does not look after
	// what it leaves.
	started := make(chan int, 1)
	over := make(chan Exit, 1)
	s.OnStart = func(pid int) { started <- pid }
	go func() { over <- bareRun(s) }()
	e.pid = <-started
	select {
	case <-ready:
	case exit := <-over:
		over <- exit
		if at == "" || at == withCgroup {
			t.Fatalf("the engine ended: %+v %s%s", exit, stdout, stderr)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("not ready: %s%s", stdout, stderr)
	}
	e.wait = func() { <-over }
	return e
}

// bareRun starts a process and reaps it, and no more.
func bareRun(s Spec) Exit {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	p, err := os.StartProcess(s.Path, append([]string{s.Path}, s.Args...), &os.ProcAttr{
		Env: s.Env, Files: []*os.File{nil, w, w}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		panic(err)
	}
	w.Close()
	s.OnStart(p.Pid)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := r.Read(buf)
			_, _ = s.Stdout.Write(buf[:n])
			if err != nil {
				r.Close()
				return
			}
		}
	}()
	state, _ := p.Wait()
	return Exit{Code: state.ExitCode()}
}

func (e *engine) kill() { _ = syscall.Kill(e.pid, syscall.SIGKILL) }

// locked reports whether anybody holds the lock.
func (e *engine) locked() bool {
	err := unix.Flock(int(e.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		_ = unix.Flock(int(e.lock.Fd()), unix.LOCK_UN)
	}
	return err != nil
}

// clean waits until nothing is alive, and fails where that takes too long or the
// lock was free before.
func (e *engine) clean(t *testing.T) {
	t.Helper()
	began := time.Now()
	e.wait()
	for {
		free := !e.locked()
		left := e.alive()
		if free && len(left) > 0 {
			t.Errorf("the lock is free while something lives: %q", left)
			return
		}
		if free {
			break
		}
		if time.Since(began) > engineGrace+cleanTime {
			t.Errorf("locked or alive after %v: %q", time.Since(began), left)
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	if w := watchdogsOf(e.pid); len(w) > 0 && !gone(w, cleanTime) {
		t.Errorf("the watchdog is still there: %v", w)
	}
}

// gone waits until none of pids lives.
func gone(pids []int, within time.Duration) bool {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		alive := false
		for _, pid := range pids {
			p, ok := stat(pid)
			alive = alive || ok && !p.zombie
		}
		if !alive {
			return true
		}
	}
	return false
}

// watchdogsOf finds the watchdogs of a process by what ps would show.
func watchdogsOf(pid int) []int {
	var found []int
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Equal(line, fmt.Appendf(nil, "runbook-watchdog\x00of process %d\x00", pid)) {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if p, ok := stat(n); ok && !p.zombie {
				found = append(found, n)
			}
		}
	}
	return found
}

// engineRole is the engine: at which failpoint to die, the file of its lock, and
// the role of its child with what that takes.
func engineRole(a []string) {
	at, path, role, args := a[0], a[1], a[2], a[3:]
	noCgroups = at != withCgroup
	h := mustHost(Options{Contain: true, Warn: func(s string) { fmt.Println("warning:", s) }})
	lock, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err == nil {
		err = h.Guard(lock)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(96)
	}
	claim := "PROCESS_TEST_RUN=" + args[len(args)-1]
	h.Claim(claim)
	failpoint.Reach = func(here failpoint.Point) {
		if string(here) == at {
			killSelf(syscall.SIGKILL)
		}
	}
	self, _ := os.Executable()
	env := []string{roleVar + "=" + role, claim, "PATH=/usr/bin:/bin"}
	exit := h.Run(context.Background(), nil, Spec{Path: self, Args: args, Env: env, Stdout: os.Stdout, Stderr: os.Stdout, Grace: engineGrace})
	fmt.Printf("%+v\n", exit)
	h.Unguard(lock)
	h.Disclaim(claim)
	h.Close()
}

// What an engine may be running when it is killed.
var engineChildren = map[string][]string{
	"plain":              {"wait"},
	"stubborn":           {"stubborn"},
	"stopped":            {"stop"},
	"group stopped":      {"stoparound"},
	"setsid":             {"leave", "0", "setsid", "linger"},
	"setsid bare":        {"leave", "0", "setsid", "bare", "linger"},
	"double":             {"leave", "0", "double", "setsid", "linger"},
	"double stubborn":    {"leave", "0", "double", "setsid", "stubborn", "linger"},
	"holds the pipe":     {"leave", "0", "pipe", "setsid", "linger"},
	"fifty":              {"bomb", "50", "stay"},
	"fifty, leader gone": {"bomb", "50", "exit"},
}

func TestKilledEngine(t *testing.T) {
	for name, child := range engineChildren {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := startEngine(t, "", child[0], child[1:]...)
			e.kill()
			e.clean(t)
		})
	}
}

// What has lost session, environment and parents is known to the watchdog once
// the engine has looked at what it adopted. Nobody tells when it has.
func TestKilledEngineWithOrphan(t *testing.T) {
	e := startEngine(t, "", "leave", "0", "double", "setsid", "bare", "stubborn", "linger")
	<-time.After(10 * attendEvery)
	e.kill()
	e.clean(t)
}

// Killed right before a child is forked, right after that, or right after it was
// written down, an engine leaves no more.
func TestKilledEngineAtFailpoints(t *testing.T) {
	for at, children := range map[string][]string{
		"forking": {"plain"},
		"forked":  {"plain", "stubborn", "setsid bare", "double stubborn", "fifty"},
		"entered": {"plain", "setsid bare", "double stubborn"},
	} {
		for _, name := range children {
			t.Run(at+"/"+name, func(t *testing.T) {
				t.Parallel()
				startEngine(t, at, engineChildren[name][0], engineChildren[name][1:]...).clean(t)
			})
		}
	}
}

// A watchdog that dies is replaced, by one that knows all that the first knew.
func TestKilledWatchdog(t *testing.T) {
	e := startEngine(t, "", "leave", "0", "double", "setsid", "stubborn", "linger")
	first := watchdogsOf(e.pid)
	if len(first) != 1 {
		t.Fatalf("watchdogs: %v", first)
	}
	_ = syscall.Kill(first[0], syscall.SIGTERM) // meant for others
	_ = syscall.Kill(first[0], syscall.SIGINT)
	_ = syscall.Kill(first[0], syscall.SIGKILL)
	warned := e.stdout.await("another one is started")
	second := first
	for deadline := time.Now().Add(10 * time.Second); len(second) != 1 || second[0] == first[0]; second = watchdogsOf(e.pid) {
		if time.Now().After(deadline) {
			t.Fatalf("watchdogs after %v was killed: %v", first, second)
		}
		time.Sleep(time.Millisecond)
	}
	<-warned
	e.kill()
	e.clean(t)
}

// A watchdog that keeps dying is given up, and said to be.
func TestDyingWatchdogs(t *testing.T) {
	e := startEngine(t, "", "wait")
	given := e.stdout.await("there is none any more")
	last := 0
	for {
		select {
		case <-given:
			if n := strings.Count(e.stdout.String(), "another one is started"); n != 1 {
				t.Errorf("said %d times: %s", n, e.stdout)
			}
			if left := watchdogsOf(e.pid); len(left) != 0 {
				t.Errorf("watchdogs: %v", left)
			}
			e.kill()
			e.wait()
			return
		case <-time.After(time.Millisecond):
		}
		if w := watchdogsOf(e.pid); len(w) == 1 && w[0] != last {
			last = w[0]
			_ = syscall.Kill(last, syscall.SIGKILL)
		}
	}
}

// withCgroup in place of a failpoint lets an engine have a cgroup. Most have
// none, so that what is found without it is tested.
const withCgroup = "cgroup"

// In a cgroup even that is found which has lost session, environment and parents
// and was seen by nobody.
func TestKilledEngineWithCgroup(t *testing.T) {
	c := newCgroup()
	if c == nil {
		t.Skip("this machine lets nobody make a cgroup here: no version 2, or not delegated")
	}
	c.close()
	for _, child := range [][]string{
		{"leave", "0", "double", "setsid", "bare", "stubborn", "linger"},
		{"bomb", "50", "exit"},
		{"wait"},
	} {
		t.Run(child[0], func(t *testing.T) {
			t.Parallel()
			e := startEngine(t, withCgroup, child[0], child[1:]...)
			home := cgroupsOf(e.pid)
			if len(home) != 1 {
				t.Fatalf("cgroups: %q", home)
			}
			e.kill()
			e.clean(t)
			if left := cgroupsOf(e.pid); len(left) != 0 {
				t.Errorf("cgroups: %q", left)
			}
		})
	}
}

func cgroupsOf(pid int) []string {
	found, _ := filepath.Glob(filepath.Join(ownCgroup(), fmt.Sprintf("runbook-%d-*", pid)))
	return found
}

// A program that cannot be started is not taken for a cgroup that refuses it.
func TestStartErrorIsNotTheCgroups(t *testing.T) {
	r := newRig(t, Options{Contain: true})
	if r.host.Containment() != "cgroup" {
		t.Skip("there is no cgroup to be had: " + r.host.Containment())
	}
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	exit := r.host.Run(context.Background(), nil, Spec{Path: file})
	if !errors.Is(exit.Err, syscall.EACCES) || r.host.Containment() != "cgroup" {
		t.Errorf("%v, %s", exit.Err, r.host.Containment())
	}
	// One that is gone refuses everything, and is done without.
	if err := os.Remove(r.host.adoption.watchdog.cgroup.dir); err != nil {
		t.Fatal(err)
	}
	s, _, _ := r.spec("exit", "0")
	if exit := r.run(s); exit.Code != 0 || r.host.Containment() != "watchdog" {
		t.Errorf("%+v, %s", exit, r.host.Containment())
	}
}

// An engine that ends in order leaves no watchdog, and lets go of its lock.
func TestEngineEndsInOrder(t *testing.T) {
	e := startEngine(t, withCgroup, "wait")
	if w := watchdogsOf(e.pid); len(w) != 1 {
		t.Errorf("watchdogs: %v", w)
	}
	if !e.locked() {
		t.Error("the lock is free while the engine lives")
	}
	_, word, _ := strings.Cut(e.stdout.String(), "ready ")
	_ = syscall.Kill(atoi(strings.Fields(word)[0]), syscall.SIGTERM)
	e.wait()
	if w, c := watchdogsOf(e.pid), cgroupsOf(e.pid); len(w)+len(c) != 0 || e.locked() {
		t.Errorf("watchdogs: %v, cgroups: %q, locked: %v", w, c, e.locked())
	}
	if !strings.Contains(e.stdout.String(), "Signal:terminated") || strings.Contains(e.stdout.String(), "warning") {
		t.Error(e.stdout)
	}
}

// A process that only has the number of one that is in the ledger is a stranger,
// and so is its session.
func TestLedgerKnowsNumbersThatWereUsedAgain(t *testing.T) {
	l, err := newLedger()
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	for _, e := range []struct {
		pid          int
		since, until uint64
		grace        time.Duration
	}{{10, 100, 101, 1}, {20, 100, 101, 2}, {30, 100, 101, 3}} {
		l.enter(l.announce(e.since, e.grace), e.pid, e.until)
	}
	l.announce(100, 4)
	l.lodge([]proc{{pid: 40, start: 70}, {pid: 50, start: 70, zombie: true}})
	l.strike(l.announce(100, 5))
	got := l.pages.valid([]proc{{pid: 10, start: 100}, {pid: 20, start: 205}, {pid: 40, start: 70}})
	want := map[int]time.Duration{10: 1, 30: 3, 40: 4}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	l.lodge(nil)
	if got := l.pages.valid(nil); got[40] != 0 || len(got) != 3 {
		t.Errorf("%v", got)
	}
	l.claim("A=1")
	l.claim("B=2")
	l.disclaim("A=1")
	if got := l.pages.claimed(); !slices.Equal(got, []string{"B=2"}) {
		t.Errorf("%q", got)
	}
}
