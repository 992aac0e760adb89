//go:build linux

package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// rig runs children of one test and looks for what is left of them.
type rig struct {
	t    *testing.T
	host *Host
	mark string
	// before are the children there were at the beginning: a watchdog of a test
	// before this one may end whenever it likes, and nobody reaps it where no
	// host contains.
	before []int
}

var marks atomic.Int64

func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	h, err := NewHost(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, host: h, mark: fmt.Sprintf("mark=%d.%d.", os.Getpid(), marks.Add(1)), before: childrenNow(false)}
	t.Cleanup(func() {
		h.Sweep()
		h.Close()
		r.killAll()
	})
	return r
}

// spec is a child in a role. Its output is collected in the buffers.
func (r *rig) spec(role string, args ...string) (s Spec, stdout, stderr *buffer) {
	self, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	stdout, stderr = &buffer{}, &buffer{}
	cookie := "PROCESS_TEST_COOKIE=" + r.mark + strconv.FormatInt(marks.Add(1), 10)
	return Spec{
		Path:   self,
		Args:   append(args, r.mark),
		Env:    []string{roleVar + "=" + role, cookie, "PATH=/usr/bin:/bin"},
		Cookie: cookie,
		Stdout: stdout,
		Stderr: stderr,
		Grace:  300 * time.Millisecond,
	}, stdout, stderr
}

// run runs a child and fails the test where the engine did.
func (r *rig) run(s Spec) Exit {
	r.t.Helper()
	exit := r.host.Run(context.Background(), nil, s)
	if exit.Err != nil {
		r.t.Errorf("run: %v", exit.Err)
	}
	return exit
}

// stopReady runs a child and cancels it when it says that it is ready.
func (r *rig) stopReady(s Spec, stdout *buffer) Exit {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ready := stdout.await("ready")
	go func() {
		<-ready
		cancel()
	}()
	exit := r.host.Run(ctx, nil, s)
	if exit.Err != nil {
		r.t.Errorf("run: %v", exit.Err)
	}
	return exit
}

// alive lists the processes with the rig's mark that are no zombies.
func (r *rig) alive() []string {
	return marked(r.mark)
}

func marked(mark string) []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(line, []byte(mark)) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if p, ok := stat(pid); ok && !p.zombie && !p.exiting && pid != os.Getpid() {
			found = append(found, fmt.Sprint(pid, " ", strings.ReplaceAll(string(line), "\x00", " ")))
		}
	}
	return found
}

// killAll ends what a test has left over on purpose.
func (r *rig) killAll() {
	for _, line := range r.alive() {
		word, _, _ := strings.Cut(line, " ")
		if p, err := os.FindProcess(atoi(word)); err == nil {
			_ = p.Kill()
			p.Release()
		}
	}
}

// zombies lists the children of this test that nobody reaps. One that is about to
// be reaped is waited for.
func (r *rig) zombies() []int {
	r.t.Helper()
	var left []int
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		left = slices.DeleteFunc(childrenNow(true), func(pid int) bool { return slices.Contains(r.before, pid) })
		if len(left) == 0 {
			return nil
		}
		runtime.Gosched()
	}
	return left
}

// childrenNow lists the children of this program, or those that are zombies.
func childrenNow(zombie bool) []int {
	var found []int
	for _, p := range census() {
		if p.parent == os.Getpid() && (p.zombie || !zombie) {
			found = append(found, p.pid)
		}
	}
	return found
}

// buffer is a writer that can be read while it is written, and awaited.
type buffer struct {
	mu   sync.Mutex
	b    bytes.Buffer
	most int // the longest write
	wake chan struct{}
	want string
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.most = max(b.most, len(p))
	n, err := b.b.Write(p)
	if b.wake != nil && bytes.Contains(b.b.Bytes(), []byte(b.want)) {
		close(b.wake)
		b.wake = nil
	}
	return n, err
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// await returns a channel that is closed once text has been written.
func (b *buffer) await(text string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := make(chan struct{})
	if bytes.Contains(b.b.Bytes(), []byte(text)) {
		close(c)
		return c
	}
	b.wake, b.want = c, text
	return c
}
