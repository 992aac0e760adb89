//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// hostRole is a program of its own that runs processes: for what concerns the
// program as a whole, such as its limits.
func hostRole(args []string) {
	switch args[0] {
	case "fewfiles":
		fewFiles(uint64(atoi(args[1])))
	case "fewprocesses":
		fewProcesses()
	case "wide":
		wide(atoi(args[1]))
	case "engine":
		engineRole(args[1:])
	case "starved":
		starved()
	case "inherit":
		inherit(args[1] == "contain")
	case "otheruser":
		otherUser(args[1])
	}
}

func mustHost(o Options) *Host {
	h, err := NewHost(o)
	if err != nil {
		fmt.Println(err)
		os.Exit(97)
	}
	return h
}

// runMany runs so many short processes, 50 at a time, each with two files of
// its own, and prints how that went.
func runMany(h *Host, n int, want, program string, args ...string) {
	work := make(chan bool, n)
	for range n {
		work <- true
	}
	close(work)
	var ok, undone atomic.Int64
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			for range work {
				var out buffer
				s := Spec{Path: program, Args: args}
				var logs []io.Closer
				s.Prepare = func(s *Spec) (func(), error) {
					logs = nil
					undo := func() {
						undone.Add(1)
						for _, l := range logs {
							l.Close()
						}
					}
					for range 2 {
						f, err := os.Open("/dev/null")
						if err != nil {
							undo()
							return nil, err
						}
						logs = append(logs, f)
					}
					s.Stdout, s.Stderr = &out, io.Discard
					return undo, nil
				}
				exit := h.Run(context.Background(), nil, s)
				for _, l := range logs {
					l.Close()
				}
				if exit.Err == nil && exit.Code == 0 && out.String() == want {
					ok.Add(1)
				} else {
					fmt.Printf("%+v %q\n", exit, out.String())
				}
			}
		})
	}
	group.Wait()
	fmt.Println("ok", ok.Load(), "undone", undone.Load() > 0)
}

func limitFiles(n uint64) {
	// Go raises the soft limit at start and lowers it again for children.
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		fmt.Println(err)
	}
}

func fewFiles(n uint64) {
	h := mustHost(Options{})
	defer h.Close()
	limitFiles(n)
	runMany(h, 200, "hello\n", "/bin/sh", "-c", "sleep 0.02; echo hello")
}

// starved has no descriptor left and nothing that could give one back.
func starved() {
	h := mustHost(Options{})
	defer h.Close()
	limitFiles(32)
	for {
		if _, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err != nil {
			break
		}
	}
	exit := h.Run(context.Background(), nil, Spec{Path: "/bin/true", Stdout: io.Discard})
	var start *StartError
	fmt.Println("op", errors.As(exit.Err, &start) && start.Op == OpResources, errors.Is(exit.Err, syscall.EMFILE), exit.Cause)
	fmt.Println(exit.Err)
	// The child moves descriptors up; where there is nothing above, that is EBADF.
	for fd := 10; fd < 14; fd++ {
		syscall.Close(fd)
	}
	exit = h.Run(context.Background(), nil, Spec{Path: "/bin/true", Stdin: os.NewFile(31, "last")})
	fmt.Println("near", errors.As(exit.Err, &start) && start.Op == OpResources, errors.Is(exit.Err, syscall.EMFILE))
	for fd := 10; fd < 14; fd++ {
		_, _ = syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	}
	err := h.Retry(context.Background(), func() error { _, err := os.Open("/dev/null"); return err })
	fmt.Println(errors.Is(err, syscall.EMFILE), err)
}

// fewProcesses may have just a few more than its own threads.
func fewProcesses() {
	h := mustHost(Options{Contain: true})
	defer h.Close()
	tasks, _ := os.ReadDir("/proc/self/task")
	limit := uint64(len(tasks) + 8)
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		fmt.Println(err)
	}
	fmt.Println("uid", syscall.Getuid() != 0)
	runMany(h, 200, "", "/bin/sleep", "0.02")
}

// inherit prints what a child of a host gets of what this program was started
// with.
func inherit(contain bool) {
	h := mustHost(Options{Contain: contain})
	defer h.Close()
	var out buffer
	for _, argv := range [][]string{{"/bin/grep", "-E", "^(SigBlk|SigIgn)", "/proc/self/status"}, {"/bin/ls", "-x", "/proc/self/fd"}} {
		// No shell: some unblock all signals themselves.
		exit := h.Run(context.Background(), nil, Spec{Path: argv[0], Args: argv[1:], Stdout: &out, Stderr: &out})
		if exit.Err != nil || exit.Code != 0 {
			fmt.Printf("%+v\n", exit)
		}
	}
	fmt.Print(strings.ReplaceAll(out.String(), "\t", ""))
	if contain {
		// What is ignored must go on to do nothing here.
		_ = syscall.Kill(os.Getpid(), syscall.SIGHUP)
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Println("end")
}

// otherUser runs a program that becomes root, as a leader and below one.
func otherUser(program string) {
	h := mustHost(Options{Contain: true})
	defer h.Close()
	env := []string{"PATH=/usr/bin:/bin", roleVar + "=" + "becomeroot"}
	mark := os.Args[len(os.Args)-1]
	exit := h.Run(context.Background(), nil, Spec{Path: program, Args: []string{mark}, Env: env, Stdout: os.Stdout, Stderr: os.Stdout, Timeout: 300 * time.Millisecond, Grace: 300 * time.Millisecond})
	fmt.Println("leader:", errors.Unwrap(exit.Err))
	exit = h.Run(context.Background(), nil, Spec{Path: "/bin/sh", Args: []string{"-c", `"$0" "$@" & sleep 0.3`, program, mark}, Env: env, Grace: 300 * time.Millisecond})
	for _, l := range exit.Leftovers {
		fmt.Println("leftover:", l.Err)
	}
}

// becomeRoot needs the set-user-ID bit on its file.
func becomeRoot([]string) {
	if err := syscall.Setuid(0); err != nil {
		fmt.Println(err)
		return
	}
	time.Sleep(8 * time.Second)
}
