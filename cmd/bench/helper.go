package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"
)

// help does the part of a measurement that needs a process of its own. It is
// this program, started again with one of the words below.
func help(word string, args []string) error {
	switch word {
	case "@loop":
		return loop(args[0], args[1], args[2:])
	case "@decode":
		return decode(args[0])
	case "@large":
		return printLarge(args[0], args[1])
	case "@produce":
		return produce(args[0], args[1], args[2])
	case "@mask":
		return maskText(args[0], args[1], args[2])
	case "@sink":
		return besideSink(args[0])
	case "@engine":
		return engine(args[0])
	}
	return fmt.Errorf("no helper of that name")
}

// loop is the C loop in Go, reading both streams of every process as an engine
// has to.
func loop(count, parallel string, argv []string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	p, err := strconv.Atoi(parallel)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, p)
	errs := make(chan error, n)
	for range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			var stdout, stderr bytes.Buffer
			cmd := exec.Command(argv[0], argv[1:]...)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil {
				errs <- err
			}
		})
	}
	group.Wait()
	close(errs)
	return <-errs
}

// decode is all that the YAML library needs to do for any reader of a file.
func decode(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var document any
	return yaml.Unmarshal(text, &document)
}

// written is how much the producer writes at once, which is what a pipe holds.
const written = 64 << 10

// produce writes size bytes, as lines of 100 or as a single line that never
// ends, and its own CPU time to the file report.
func produce(size, shape, report string) error {
	left, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		return err
	}
	const line = "2026-01-02T03:04:05.678Z level=info msg=\"request served\" method=GET path=/healthz status=200 ms=12.3456"
	text := []byte(line[:99] + "\n")
	if shape == "unbroken" {
		text[99] = '.'
	}
	block := bytes.Repeat(text, written/len(text)+1)
	// Whole lines at a time: a read rarely ends where a line does, whichever way
	// they are written, and this way every line is 100 bytes.
	for at := 0; left > 0; {
		n := min(int64(written), left, int64(len(block)-at))
		if _, err := os.Stdout.Write(block[at : at+int(n)]); err != nil {
			return err
		}
		left -= n
		at = (at + int(n)) % len(text)
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return os.WriteFile(report, []byte(cpu.String()), 0o600)
}

func printJSON(v any) error { return json.NewEncoder(os.Stdout).Encode(v) }
