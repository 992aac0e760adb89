package executor_test

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets the test binary become the programs that the tests run, so that
// they need no shell and no other tool.
func TestMain(m *testing.M) {
	if words := os.Getenv("TEST_CHILD"); words != "" {
		os.Exit(child(strings.Fields(words)))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // a child with the race detector would sleep for a second at its end
	goleak.VerifyTestMain(m)
}

func child(words []string) int {
	switch words[0] {
	case "exit":
		code, _ := strconv.Atoi(words[1])
		return code
	case "echo":
		fmt.Println(strings.Join(words[1:], " "))
	case "both":
		fmt.Fprintln(os.Stdout, "to stdout")
		fmt.Fprintln(os.Stderr, "to stderr")
	case "args":
		for _, a := range os.Args[1:] {
			fmt.Printf("%q\n", a)
		}
	case "env":
		for _, kv := range os.Environ() {
			fmt.Println(kv)
		}
	case "cat":
		io.Copy(os.Stdout, os.Stdin)
	case "pwd":
		dir, _ := os.Getwd()
		fmt.Println(dir)
	case "lines":
		n, _ := strconv.Atoi(words[1])
		for i := range n {
			fmt.Println("line", i)
		}
	case "hang": // until told to stop
		fmt.Println("hanging")
		time.Sleep(time.Hour)
	case "stubborn": // ignores TERM
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("hanging")
		time.Sleep(time.Hour)
	case "few":
		if err := fewDescriptors(words[1], words[2]); err != nil {
			fmt.Println(err)
			return 1
		}
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Minute)
	default:
		fmt.Fprintf(os.Stderr, "no child %q\n", words)
		return 99
	}
	return 0
}
