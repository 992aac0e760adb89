// Command testlog prints what go test -json reports: a line for each package,
// the whole output of what failed, and at the end every test that was skipped
// and why, which go test itself keeps quiet about. The exit code is 1 if
// anything failed or nothing was tested.
//
//	go test -json ./... | go run ./cmd/testlog
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if !report(os.Stdin, os.Stdout) {
		os.Exit(1)
	}
}

// A record is one line of go test -json; see go doc test2json.
type record struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// A name is a test of a package; the package itself where Test is empty.
type name struct{ Package, Test string }

// A reporter follows the tests of one go test.
type reporter struct {
	out     io.Writer
	output  map[name][]string // of what has not ended yet
	skipped []string
	passed  int
	failed  int
	broken  int // packages that failed
}

// report copies what matters from in to out and tells whether all is well.
func report(in io.Reader, out io.Writer) bool {
	r := reporter{out: out, output: map[name][]string{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		var rec record
		switch {
		case json.Unmarshal([]byte(line), &rec) == nil:
			r.take(rec)
		default:
			fmt.Fprint(out, line) // not a record: go itself has something to say
		}
		if err != nil {
			break
		}
	}
	if len(r.skipped) > 0 {
		fmt.Fprintf(out, "\nskipped (RUNBOOK_TEST_ALL=1 makes these failures):\n")
		for _, s := range r.skipped {
			fmt.Fprintf(out, "  %s\n", s)
		}
	}
	fmt.Fprintf(out, "\n%d tests passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
	return r.failed == 0 && r.broken == 0 && r.passed > 0
}

func (r *reporter) take(rec record) {
	id := name{rec.Package, rec.Test}
	switch rec.Action {
	case "output":
		r.output[id] = append(r.output[id], rec.Output)
	case "build-output":
		fmt.Fprint(r.out, rec.Output)
	case "pass", "skip", "fail":
		r.end(id, rec)
	}
}

func (r *reporter) end(id name, rec record) {
	output := r.output[id]
	delete(r.output, id)
	switch {
	case id.Test == "":
		r.endPackage(id, rec, output)
	case rec.Action == "pass":
		r.passed++
	case rec.Action == "skip":
		r.skipped = append(r.skipped, fmt.Sprintf("%s %s: %s", short(id.Package), id.Test, reason(output)))
	default:
		r.failed++
		r.print(output)
	}
}

// endPackage prints one line for a package with tests. A package may fail
// although none of its tests did: it did not build, leaked, or called os.Exit;
// then its own output tells why.
func (r *reporter) endPackage(id name, rec record, output []string) {
	switch rec.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok    %-40s %6.1fs\n", short(id.Package), rec.Elapsed)
	case "fail":
		r.broken++
		for test, lines := range r.output { // cut off in the middle, by a panic or a time limit
			if test.Package == id.Package {
				r.print(lines)
				delete(r.output, test)
			}
		}
		r.print(output)
		fmt.Fprintf(r.out, "FAIL  %-40s %6.1fs\n", short(id.Package), rec.Elapsed)
	}
}

// print prints what a test or package wrote, each test under its full name.
func (r *reporter) print(output []string) {
	for _, line := range output {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(r.out, line)
		}
	}
}

// reason is what a skipped test said, without go test's own lines.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		if _, text, ok := strings.Cut(line, ".go:"); ok { // file.go:12: text
			_, line, _ = strings.Cut(text, ": ")
		}
		said = append(said, line)
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, " ")
}

// short cuts the module's path off a package.
func short(path string) string {
	return strings.TrimPrefix(path, "github.com/cloudops-run/runbook/")
}
