package lock

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test binary become another run that holds a lock.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TEST_HOLD"); dir != "" {
		_, err := Acquire(dir, "db", "other-run")
		fmt.Println(err)
		bufio.NewReader(os.Stdin).ReadString('\n')
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestAcquire(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "locks")
	a, err := Acquire(dir, "db", "run-1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Acquire(dir, "db", "run-2")
	var busy *BusyError
	if !errors.As(err, &busy) || busy.Holder.Run != "run-1" || busy.Holder.PID != os.Getpid() {
		t.Fatalf("second Acquire = %v", err)
	}
	if !strings.Contains(err.Error(), `lock "db" is held by run run-1 (pid `) {
		t.Errorf("%q does not name the holder", err)
	}
	b, err := Acquire(dir, "../x/\x00", "run-2")
	if err != nil {
		t.Fatalf("another name: %v", err)
	}
	defer b.Release()
	if err := a.Release(); err != nil {
		t.Fatal(err)
	}
	c, err := Acquire(dir, "db", "run-2")
	if err != nil {
		t.Fatalf("after Release: %v", err)
	}
	c.Release()
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, _ := e.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 || len(entries) != 2 {
		t.Errorf("folder %v with %d files", info.Mode(), len(entries))
	}
}

// A holder that is killed holds nothing any more.
func TestHolderDies(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_HOLD="+dir)
	in, _ := cmd.StdinPipe()
	defer in.Close()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "<nil>\n" {
		t.Fatalf("the other run said %q", line)
	}
	var busy *BusyError
	if _, err := Acquire(dir, "db", "run-1"); !errors.As(err, &busy) || busy.Holder.PID != cmd.Process.Pid {
		t.Errorf("while it lives: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	l, err := Acquire(dir, "db", "run-1")
	if err != nil {
		t.Fatalf("after it died: %v", err)
	}
	l.Release()
}
