package lock

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary become another run that holds a lock.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_KEEP") != "" { // whatever it was given open
		bufio.NewReader(os.Stdin).ReadString('\n')
		os.Exit(0)
	}
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

// Who may make a lock in a folder may take those of others there.
func TestSharedFolder(t *testing.T) {
	for folder, want := range map[os.FileMode]os.FileMode{0o700: 0o600, 0o755: 0o600, 0o770: 0o660, 0o777 | os.ModeSticky: 0o666} {
		dir := t.TempDir()
		if err := os.Chmod(dir, folder); err != nil {
			t.Fatal(err)
		}
		l, err := Acquire(dir, "x", "run")
		if err != nil {
			t.Fatal(err)
		}
		if info, err := l.File().Stat(); err != nil || info.Mode().Perm() != want {
			t.Errorf("in a folder %v: %v, %v", folder, info.Mode(), err)
		}
		l.Release()
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

// A lock is held as long as anybody lives who was given its file, and nobody is
// given it unasked.
func TestLockIsPassedOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := AcquireFile(path, "", "run-1")
	if err != nil {
		t.Fatal(err)
	}
	child := func(files ...*os.File) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "TEST_KEEP=1")
		cmd.ExtraFiles = files
		if _, err := cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	keeper, other := child(l.File()), child()
	defer other.Wait()
	defer other.Process.Kill()
	l.file.Close() // as when this process dies
	if h, held, err := HeldBy(path); !held || err != nil || h.PID != os.Getpid() || h.Run != "run-1" {
		t.Errorf("while the keeper lives: %+v, %v, %v", h, held, err)
	}
	var busy *BusyError
	if _, err := AcquireFile(path, "", "run-2"); !errors.As(err, &busy) || !strings.HasPrefix(err.Error(), "the run is in the hands of another engine: pid ") {
		t.Errorf("while the keeper lives: %v", err)
	}
	keeper.Process.Kill()
	keeper.Wait()
	if _, held, err := HeldBy(path); held || err != nil {
		t.Errorf("after the keeper died: %v, %v", held, err)
	}
	if l, err = AcquireFile(path, "", "run-2"); err != nil {
		t.Fatal(err)
	}
	l.Release()
}

// Somebody who asks who holds a lock keeps nobody from taking it.
func TestAskingIsNotHolding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if _, held, err := HeldBy(path); held || err != nil {
		t.Errorf("of no file: %v, %v", held, err)
	}
	asking, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := flock(asking, syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(time.Millisecond, func() { asking.Close() })
	l, err := AcquireFile(path, "", "run-1")
	if err != nil {
		t.Fatal(err)
	}
	l.Release()
}

// A lock whose file was removed while it was being taken is the new file's.
func TestRemovedLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	for range 20 {
		first, err := AcquireFile(path, "", "run-1")
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(3*time.Millisecond, func() { // while the other tries
			os.Remove(path)
			first.Release()
		})
		var busy *BusyError
		second, err := AcquireFile(path, "", "run-2")
		for errors.As(err, &busy) {
			second, err = AcquireFile(path, "", "run-2")
		}
		if err != nil {
			t.Fatal(err)
		}
		if !isAt(second.file, path) {
			t.Fatal("the lock is not of the file that is there")
		}
		second.Release()
	}
}
