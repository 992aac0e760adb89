//go:build linux

package process

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// children that have to be ended, as a role with its arguments. Those that
// escape cannot be found without containment once their parents are gone.
var children = []struct {
	name    string
	role    []string
	escapes bool
	obeys   bool // ends on TERM, everything of it
}{
	{"waits", []string{"wait"}, false, true},
	{"ignores TERM", []string{"stubborn"}, false, false},
	{"obeys", []string{"polite", "7"}, false, true},
	{"is suspended", []string{"stop"}, false, true},
	{"suspends its group", []string{"stoparound"}, false, true},
	{"holds the pipe below", []string{"leave", "0", "pipe", "linger"}, false, true},
	{"stubborn below", []string{"leave", "0", "pipe", "stubborn", "linger"}, false, false},
	{"setsid below", []string{"leave", "0", "setsid", "stubborn", "linger"}, false, false},
	{"setsid and bare below", []string{"leave", "0", "setsid", "bare", "pipe", "linger"}, false, true},
	{"daemon", []string{"leave", "0", "double", "setsid", "stubborn", "linger"}, true, false},
	{"bare daemon", []string{"leave", "0", "double", "setsid", "bare", "stubborn", "linger"}, true, false},
	{"bomb", []string{"bomb", "50", "stay"}, true, false}, // one that was just being made may escape
}

func TestStop(t *testing.T) {
	for _, contain := range []bool{false, true} {
		for _, how := range []string{"timeout", "cancel", "kill"} {
			for _, c := range children {
				name := c.name + ", " + how
				if contain {
					name += ", contained"
				} else if c.escapes {
					continue
				}
				t.Run(name, func(t *testing.T) {
					if !alone(c.role) {
						t.Parallel()
					}
					stopOne(t, contain, how, c.role, c.obeys)
				})
			}
		}
	}
}

// alone reports whether a child has to run alone, because only that tells whose
// an orphan is that has neither session nor environment.
func alone(words []string) bool {
	return slices.Contains(words, "bare") && slices.Contains(words, "setsid")
}

func stopOne(t *testing.T, contain bool, how string, role []string, obeys bool) {
	r := newRig(t, Options{Contain: contain})
	s, stdout, _ := r.spec(role[0], role[1:]...)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	kill := make(chan struct{})
	told := make(chan time.Time, 1)
	if how == "timeout" {
		s.Timeout = time.Second
		if role[0] == "bomb" {
			s.Timeout = 3 * time.Second // it takes a while to unfold
		}
	} else {
		ready := stdout.await("ready")
		s.OnStart = func(int) {
			go func() {
				<-ready
				told <- time.Now()
				if how == "kill" {
					close(kill)
				} else {
					cancel()
				}
			}()
		}
	}
	exit := r.host.Run(ctx, kill, s)
	end := time.Now()
	begin := exit.Started.Add(s.Timeout)
	cause := TimedOut
	if how != "timeout" {
		begin, cause = <-told, Stopped
	}
	if exit.Err != nil || exit.Cause != cause {
		t.Errorf("%+v", exit)
	}
	if took := end.Sub(begin); took < 0 || took > s.Grace+2*time.Second {
		t.Errorf("took %v", took)
	}
	if left := r.alive(); left != nil {
		t.Errorf("still alive: %v", left)
	}
	for _, l := range exit.Leftovers {
		if l.Err != nil {
			t.Errorf("%+v", l)
		}
	}
	switch {
	case how == "kill" && exit.Signal != syscall.SIGKILL:
		t.Errorf("%+v, want KILL", exit)
	case how != "kill" && obeys && (exit.Signal == syscall.SIGKILL || exit.Leftovers != nil):
		t.Errorf("%+v, it was not given its time", exit)
	case role[0] == "polite" && how != "kill" && (exit.Code != 7 || !strings.Contains(stdout.String(), "going")):
		t.Errorf("%+v %q", exit, stdout)
	}
}

// What ends in time of its own is not told.
func TestTimeoutNotReached(t *testing.T) {
	r := newRig(t, Options{})
	s, _, _ := r.spec("exit", "4")
	s.Timeout = time.Minute
	if exit := r.run(s); exit.Cause != Natural || exit.Code != 4 {
		t.Errorf("%+v", exit)
	}
}

// A timeout, then a cancel, then a shell that passes signals on: TERM comes
// once.
func TestNoSignalTwice(t *testing.T) {
	r := newRig(t, Options{Contain: true})
	s, stdout, _ := r.spec("count")
	s.Timeout = 2 * time.Second // by then it counts, on a busy machine too
	s.Grace = 10 * time.Second
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	got := stdout.await("got")
	s.OnStart = func(int) {
		go func() {
			<-got
			cancel()
		}()
	}
	exit := r.host.Run(ctx, nil, s)
	if n := strings.Count(stdout.String(), "got"); n != 1 || exit.Cause != TimedOut || exit.Code != 0 || exit.Leftovers != nil {
		t.Errorf("%d signals: %q, %+v", n, stdout, exit)
	}
}

// The same for a child whose parent dies of the first TERM at once.
func TestNoSignalTwiceBelow(t *testing.T) {
	r := newRig(t, Options{Contain: true})
	s, stdout, _ := r.spec("count")
	s.Args = append([]string{"-c", `"$0" "$@" & wait`, s.Path}, s.Args...)
	s.Path = "/bin/sh"
	s.Grace = 10 * time.Second
	exit := r.stopReady(s, stdout)
	if n := strings.Count(stdout.String(), "got"); n != 1 || exit.Signal != syscall.SIGTERM || exit.Leftovers != nil || exit.PipeHeld {
		t.Errorf("%d signals: %q, %+v", n, stdout, exit)
	}
}

// While the grace period lasts, kill still kills.
func TestKillDuringGrace(t *testing.T) {
	for _, role := range [][]string{{"stubborn"}, {"leave", "0", "pipe", "stubborn", "linger"}, {"leave", "0", "stubborn", "linger"}} {
		r := newRig(t, Options{})
		s, stdout, _ := r.spec(role[0], role[1:]...)
		s.Grace = time.Hour
		ctx, cancel := context.WithCancel(context.Background())
		kill := make(chan struct{})
		ready := stdout.await("ready")
		go func() {
			<-ready
			cancel()
			<-time.After(200 * time.Millisecond)
			close(kill)
		}()
		exit := r.host.Run(ctx, kill, s)
		if exit.Cause != Stopped || exit.Duration > 20*time.Second || r.alive() != nil {
			t.Errorf("%v: %+v, alive %v", role, exit, r.alive())
		}
	}
}

// leftovers are processes that end and leave something.
func TestLeftovers(t *testing.T) {
	for _, c := range []struct {
		name      string
		words     []string
		contained bool // only then it is found
		held      bool
		left      int
	}{
		{"child", []string{}, false, false, 1},
		{"stubborn child", []string{"stubborn"}, false, false, 1},
		{"holds the pipe", []string{"pipe"}, false, true, 1},
		{"holds the pipe and is stubborn", []string{"pipe", "stubborn"}, false, true, 1},
		{"holds the pipe for a short time", []string{"pipe", "short"}, false, false, 0},
		{"daemon in the group", []string{"double", "stubborn"}, false, false, 1},
		{"setsid", []string{"setsid"}, true, false, 1},
		{"setsid, bare", []string{"setsid", "bare", "stubborn"}, true, false, 1},
		{"setsid, holds the pipe", []string{"setsid", "pipe"}, true, true, 1},
		{"daemon", []string{"double", "setsid", "stubborn"}, true, false, 1},
		{"bare daemon", []string{"double", "setsid", "bare"}, true, false, 1},
	} {
		for _, contain := range []bool{false, true} {
			if c.contained && !contain {
				continue
			}
			name := c.name
			if contain {
				name += ", contained"
			}
			t.Run(name, func(t *testing.T) {
				if !alone(c.words) {
					t.Parallel()
				}
				r := newRig(t, Options{Contain: contain})
				s, _, _ := r.spec("leave", append([]string{"5"}, c.words...)...)
				exit := r.run(s)
				took := time.Since(exit.Ended)
				if exit.Code != 5 || exit.Cause != Natural || exit.PipeHeld != c.held || len(exit.Leftovers) != c.left {
					t.Errorf("%+v", exit)
				}
				if left := r.alive(); left != nil {
					t.Errorf("still alive: %v", left)
				}
				limit := s.Grace + 2*time.Second
				if c.held {
					limit += holdTime
				}
				if took > limit {
					t.Errorf("took %v", took)
				}
				for _, l := range exit.Leftovers {
					if l.Err != nil || l.PID <= 1 || !strings.Contains(l.Name, "wait") && !strings.Contains(l.Name, "stubborn") {
						t.Errorf("%+v", l)
					}
				}
			})
		}
	}
}

// A sweep reaps what died when no host that contains was there any more, as may
// happen to one that does not while another of the program does.
func TestNoZombies(t *testing.T) {
	r := newRig(t, Options{Contain: true})
	if left := r.host.Sweep(); left != nil {
		t.Errorf("swept %v", left)
	}
	if z := r.zombies(); z != nil {
		t.Errorf("zombies %v", z)
	}
}

// Without containment an escapee is not found, and nothing waits for it; its
// hold on the pipe ends with the time for that.
func TestEscapeWithoutContainment(t *testing.T) {
	r := newRig(t, Options{})
	s, _, _ := r.spec("leave", "0", "double", "setsid", "pipe")
	exit := r.run(s)
	if !exit.PipeHeld || exit.Code != 0 || exit.Leftovers != nil || len(r.alive()) != 1 {
		t.Errorf("%+v, alive %v", exit, r.alive())
	}
	if took := time.Since(exit.Ended); took > holdTime+time.Second {
		t.Errorf("took %v", took)
	}
	if left := r.host.Sweep(); left != nil {
		t.Errorf("swept %v", left)
	}
}

// Nor does it keep a step that is told to stop for all of its grace period.
func TestStopWithAnEscapee(t *testing.T) {
	r := newRig(t, Options{})
	s, stdout, _ := r.spec("leave", "0", "double", "setsid", "pipe", "linger")
	s.Grace = time.Minute
	ctx, cancel := context.WithCancel(context.Background())
	lingers := stdout.await("ready")
	go func() {
		<-lingers // the daemon says so too, hence twice
		for strings.Count(stdout.String(), "ready") < 2 {
			<-time.After(time.Millisecond)
		}
		cancel()
	}()
	exit := r.host.Run(ctx, nil, s)
	if exit.Cause != Stopped || exit.Signal != syscall.SIGTERM || !exit.PipeHeld || len(r.alive()) != 1 {
		t.Errorf("%+v, alive %v", exit, r.alive())
	}
	if took := time.Since(exit.Ended); took > holdTime+time.Second {
		t.Errorf("took %v", took)
	}
}

// Something that holds the pipe and writes all the time is cut off too.
func TestFloodAfterTheEnd(t *testing.T) {
	r := newRig(t, Options{})
	s, _, _ := r.spec("flood")
	s.Args = append([]string{"-c", `setsid "$0" "$@" & sleep 0.1`, s.Path}, s.Args...)
	s.Path = "/bin/sh"
	count := &counter{}
	s.Stdout = count
	exit := r.run(s)
	if !exit.PipeHeld || exit.Code != 0 || count.n == 0 {
		t.Errorf("%+v, %d bytes", exit, count.n)
	}
	if took := time.Since(exit.Ended); took > holdTime+time.Second {
		t.Errorf("took %v", took)
	}
}

// counter is slower than what writes, so that the pipe is never empty.
type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	<-time.After(time.Millisecond)
	c.n += len(p)
	return len(p), nil
}

// Told to stop while it is only waited for a pipe: what holds it is ended now,
// and the result stays.
func TestStopWhileThePipeIsHeld(t *testing.T) {
	for _, how := range []string{"cancel", "kill"} {
		r := newRig(t, Options{Contain: true})
		s, stdout, _ := r.spec("leave", "3", "pipe", "stubborn")
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		kill := make(chan struct{})
		ready := stdout.await("ready")
		s.OnStart = func(pid int) {
			go func() {
				<-ready
				waitable(unix.P_PID, pid, 0)
				if how == "cancel" {
					cancel()
				} else {
					close(kill)
				}
			}()
		}
		exit := r.host.Run(ctx, kill, s)
		if exit.Code != 3 || exit.Cause != Natural || len(exit.Leftovers) != 1 || r.alive() != nil {
			t.Errorf("%s: %+v, alive %v", how, exit, r.alive())
		}
		if took := time.Since(exit.Ended); took > holdTime-200*time.Millisecond {
			t.Errorf("%s: took %v", how, took)
		}
	}
}

// Many escapees of many steps at once: each is ended, none is a stranger's.
func TestSweep(t *testing.T) {
	r := newRig(t, Options{Contain: true})
	const n = 20
	names := make(chan []Leftover, n+1)
	// One that runs meanwhile, so that nothing can be told to be the others'.
	other, stdout, _ := r.spec("polite", "0")
	other.Grace = time.Minute
	done := make(chan Exit)
	ctx, cancel := context.WithCancel(context.Background())
	ready := stdout.await("ready")
	go func() { done <- r.host.Run(ctx, nil, other) }()
	<-ready
	for range n {
		s, _, _ := r.spec("leave", "0", "double", "setsid", "bare")
		go func() { names <- r.host.Run(context.Background(), nil, s).Leftovers }()
	}
	found := 0
	for range n {
		found += len(<-names)
	}
	if left := r.host.Sweep(); left != nil {
		t.Errorf("swept %v although they may be of what still runs", left)
	}
	if found != 0 || len(r.alive()) != n+1 {
		t.Errorf("found %d, alive %v", found, r.alive())
	}
	cancel()
	if exit := <-done; exit.Code != 0 || exit.Leftovers != nil {
		t.Errorf("%+v", exit)
	}
	if left := r.host.Sweep(); len(left) != n {
		t.Errorf("swept %d, want %d", len(left), n)
	}
	if r.alive() != nil || r.zombies() != nil {
		t.Errorf("alive %v, zombies %v", r.alive(), r.zombies())
	}
}

// The same with the environment kept: each is its own step's.
func TestEscapeesAreToldApart(t *testing.T) {
	r := newRig(t, Options{Contain: true})
	const n = 20
	names := make(chan []Leftover, n)
	for range n {
		s, _, _ := r.spec("leave", "0", "double", "setsid")
		go func() { names <- r.host.Run(context.Background(), nil, s).Leftovers }()
	}
	for range n {
		if left := <-names; len(left) != 1 {
			t.Errorf("%v", left)
		}
	}
	if left := r.host.Sweep(); left != nil || r.alive() != nil {
		t.Errorf("swept %v, alive %v", left, r.alive())
	}
}

// A bomb that ends at once leaves a hundred behind.
func TestBombThatExits(t *testing.T) {
	r := newRig(t, Options{Contain: true})
	s, _, _ := r.spec("bomb", "50", "exit")
	exit := r.run(s)
	left := r.host.Sweep()
	if exit.Code != 0 || len(exit.Leftovers) < 50 || len(left) != 0 || r.alive() != nil {
		t.Errorf("left %d, swept %d, alive %v", len(exit.Leftovers), len(left), r.alive())
	}
	if z := r.zombies(); z != nil {
		t.Errorf("zombies %v", z)
	}
}

// What ended before is no leftover, but has to be reaped.
func TestEndedOrphans(t *testing.T) {
	r := newRig(t, Options{Contain: true})
	exit := r.run(Spec{Path: "/bin/sh", Args: []string{"-c", "for i in 1 2 3; do (sleep 0 & sleep 0.1 &) ; done; sleep 0.3"}})
	if exit.Code != 0 || exit.Leftovers != nil {
		t.Errorf("%+v", exit)
	}
	if z := r.zombies(); z != nil {
		t.Errorf("zombies %v", z)
	}
}

// What became another user cannot be ended; it is reported, and not waited for.
func TestAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to make a program that changes its user")
	}
	dir, err := os.MkdirTemp("/var/tmp", "runbook-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	self, _ := os.Executable()
	program := filepath.Join(dir, "root")
	if out, err := exec.Command("cp", self, program).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	for _, err := range []error{os.Chmod(dir, 0o755), os.Chmod(program, 0o755|os.ModeSetuid)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r := newRig(t, Options{})
	s, stdout, _ := r.spec("host", "otheruser", program)
	s.Path = filepath.Join(dir, "plain")
	if out, err := exec.Command("cp", self, s.Path).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	s.Args = append([]string{"-c", `exec setpriv --reuid 65534 --regid 65534 --clear-groups "$0" "$@"`, s.Path}, s.Args...)
	s.Path = "/bin/sh"
	s.Dir = "/"
	exit := r.run(s)
	if exit.Code != 0 || !strings.Contains(stdout.String(), "leftover: operation not permitted\n") || !strings.Contains(stdout.String(), "leader: operation not permitted\n") {
		t.Errorf("%+v\n%s", exit, stdout)
	}
}
