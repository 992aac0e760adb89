//go:build linux

package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// The last argument of every child of the tests is a mark by which it and its
// descendants are found, whatever else they lose.

// roleVar makes the test binary become a child: its first argument is a role,
// the others are what that takes.
const roleVar = "PROCESS_TEST_ROLE"

func TestMain(m *testing.M) {
	BecomeWatchdog()
	if role := os.Getenv(roleVar); role != "" {
		become, ok := roles[role]
		if !ok {
			fmt.Fprintln(os.Stderr, "no role", role)
			os.Exit(99)
		}
		become(os.Args[1:])
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// roles are the children of the tests. Those that wait do so for a minute, and
// say "ready" first.
var roles map[string]func(args []string)

func init() {
	roles = map[string]func([]string){
		"exit":       func(a []string) { os.Exit(atoi(a[0])) },
		"signal":     func(a []string) { killSelf(syscall.Signal(atoi(a[0]))) },
		"write":      writeBoth,
		"cat":        func([]string) { _, _ = io.Copy(os.Stdout, os.Stdin) },
		"reread":     reread,
		"wait":       func([]string) { ready(); forever() },
		"stubborn":   func([]string) { signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP); ready(); forever() },
		"polite":     func(a []string) { polite(atoi(a[0])) },
		"count":      countSignals,
		"stop":       func([]string) { ready(); killSelf(syscall.SIGSTOP); forever() },
		"stoparound": func([]string) { ready(); _ = syscall.Kill(0, syscall.SIGSTOP); forever() },
		"leave":      leave,
		"bomb":       bomb,
		"facts":      facts,
		"host":       hostRole,
		"becomeroot": becomeRoot,
		"odd":        odd,
		"flood":      func([]string) { flood() },
		"short":      func([]string) { ready(); time.Sleep(300 * time.Millisecond) },
	}
}

// readyFD is where a child that again started says that it is ready.
const readyFD = 3

func ready() {
	syscall.Close(readyFD)
	fmt.Println("ready", os.Getpid())
}

func forever() { time.Sleep(time.Minute) }

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

func killSelf(sig syscall.Signal) {
	_ = syscall.Kill(os.Getpid(), sig)
	time.Sleep(100 * time.Millisecond)
}

// writeBoth writes so many bytes to stdout and to stderr, a line in turn.
func writeBoth(a []string) {
	n := atoi(a[0])
	line := bytes.Repeat([]byte("0123456789abcde\n"), 4096)
	for n > 0 {
		k := min(n, len(line))
		_, _ = os.Stdout.Write(line[:k])
		_, _ = os.Stderr.Write(line[:k])
		n -= k
	}
}

// reread reads stdin by its name, as aws does for file:///dev/stdin, twice.
func reread([]string) {
	for range 2 {
		b, err := os.ReadFile("/dev/stdin")
		if err != nil {
			fmt.Println(err)
		}
		os.Stdout.Write(b)
	}
}

// polite exits with a code when it is told to stop.
func polite(code int) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	ready()
	<-c
	fmt.Println("going")
	os.Exit(code)
}

// countSignals names every signal it gets, and ends 300 ms after the first.
func countSignals([]string) {
	c := make(chan os.Signal, 100)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	ready()
	end := (<-chan time.Time)(nil)
	for {
		select {
		case s := <-c:
			fmt.Println("got", s)
			if end == nil {
				end = time.After(300 * time.Millisecond)
			}
		case <-end:
			return
		}
	}
}

// again starts the test binary in a role and waits until it is ready, or has
// ended.
func again(attr *syscall.SysProcAttr, env []string, files []*os.File, role string, args ...string) {
	self, _ := os.Executable()
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		os.Exit(98)
	}
	files = append(files[:3:3], w)
	argv := append(append([]string{role}, args...), os.Args[len(os.Args)-1])
	p, err := os.StartProcess(self, argv, &os.ProcAttr{
		Env: append([]string{roleVar + "=" + role}, env...), Files: files, Sys: attr, // the first of a name counts
	})
	if err != nil {
		fmt.Println("cannot start", role, err)
		os.Exit(98)
	}
	w.Close()
	_, _ = r.Read(make([]byte, 1))
	r.Close()
	if role == "leave" && args[len(args)-1] != "linger" {
		_, _ = p.Wait()
	}
}

// leave starts a child and ends with a code. The words say how the child is:
// pipe (it holds stdout), setsid, bare (no environment), double (by a child
// that ends too), stubborn (ignores TERM), short (lives 300 ms), linger (this
// process waits after the child was started).
func leave(a []string) {
	null, _ := os.OpenFile("/dev/null", os.O_RDWR, 0)
	files := []*os.File{null, null, null}
	env, attr, role, args := os.Environ(), &syscall.SysProcAttr{}, "wait", []string(nil)
	words := map[string]bool{}
	for _, w := range a[1:] {
		words[w] = true
	}
	if words["pipe"] {
		files[1] = os.Stdout
	}
	if words["bare"] {
		env = nil
	}
	attr.Setsid = words["setsid"]
	switch {
	case words["double"]:
		role, args = "leave", []string{"0"}
		for _, w := range a[1:] {
			if w != "double" && w != "linger" && !strings.HasPrefix(w, "mark=") {
				args = append(args, w)
			}
		}
	case words["stubborn"]:
		role = "stubborn"
	case words["short"]:
		role = "short"
	}
	again(attr, env, files, role, args...)
	if words["linger"] {
		signal.Ignore(syscall.SIGPIPE) // of an engine that was killed
		ready()
		forever()
	}
	os.Exit(atoi(a[0]))
}

// bomb starts so many children that ignore TERM; every other one is in a
// session of its own, and starts one more that is too.
func bomb(a []string) {
	null, _ := os.OpenFile("/dev/null", os.O_RDWR, 0)
	files := []*os.File{null, null, null}
	for i := range atoi(a[0]) {
		if i%2 == 0 {
			again(&syscall.SysProcAttr{}, os.Environ(), files, "stubborn")
		} else {
			again(&syscall.SysProcAttr{Setsid: true}, os.Environ(), files, "leave", "0", "setsid", "stubborn", "linger")
		}
	}
	signal.Ignore(syscall.SIGTERM)
	ready()
	if a[1] == "exit" {
		os.Exit(0)
	}
	forever()
}

// facts prints what the process was given.
func facts([]string) {
	fmt.Println("pid", os.Getpid())
	sid, _ := unix.Getsid(0)
	fmt.Println("leader", sid == os.Getpid() && syscall.Getpgrp() == os.Getpid())
	dir, _ := os.Getwd()
	fmt.Println("dir", dir)
	fmt.Println("args", strings.Join(os.Args, "|"))
	env := os.Environ()
	sort.Strings(env)
	fmt.Println("env", strings.Join(env, "|"))
	_, err := os.Open("/dev/tty")
	fmt.Println("tty", err == nil)
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.SplitSeq(string(status), "\n") {
		if strings.HasPrefix(line, "SigBlk") {
			fmt.Println(strings.Join(strings.Fields(line), " "))
		}
	}
}

func flood() {
	buf := bytes.Repeat([]byte{'x'}, 64<<10)
	for {
		if _, err := os.Stdout.Write(buf); err != nil {
			return
		}
	}
}
