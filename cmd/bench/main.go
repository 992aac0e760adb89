// Command bench measures runbook against the least its work can cost and
// against other tools, and prints one table of ratios.
//
//	go run ./cmd/bench               # everything, in a few minutes
//	go run ./cmd/bench -only steps   # the rows of one part
//	go run ./cmd/bench -check        # exit 1 where a budget is missed
//
// What is compared is run in turns, A B C A B C, in one run of the program, and
// a ratio is the median of the ratios within the turns: a machine that is slow
// today, or for a moment, is slow for all.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "@") {
		if err := help(os.Args[1], os.Args[2:]); err != nil {
			fmt.Fprintf(os.Stderr, "bench %s: %v\n", os.Args[1], err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	missed, err := run(ctx)
	stop()
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "bench: error: %v\n", err)
		os.Exit(2)
	case missed:
		os.Exit(1)
	}
}

// A bench is one run of the program.
type bench struct {
	ctx     context.Context
	rounds  int
	size    int64  // bytes of output
	root    string // of the module
	dir     string // scratch, removed at the end
	small   string // the same for many small files
	self    string // this program, which serves as helper too
	runbook string
	spawn   string // the C loop; empty where there is no compiler
	program string // the trivial step
	table   table
}

// parts are the groups of rows, in the order of the table.
var parts = []struct {
	name string
	run  func(*bench) error
}{
	{"steps", (*bench).wide},
	{"chain", (*bench).chain},
	{"start", (*bench).start},
	{"validate", (*bench).validate},
	{"output", (*bench).output},
	{"mask", (*bench).mask},
	{"concurrent", (*bench).concurrent},
	{"library", (*bench).library},
	{"sinks", (*bench).sinks},
}

// run measures and reports whether a budget was missed that is to be kept.
func run(ctx context.Context) (missed bool, err error) {
	b := &bench{ctx: ctx}
	flag.IntVar(&b.rounds, "rounds", 5, "how often each is run")
	mib := flag.Int64("size", 1024, "output to write, in `MiB`")
	only := flag.String("only", "", "the parts whose name matches this `regexp`: "+partNames())
	check := flag.Bool("check", false, "exit 1 where a budget is missed")
	flag.StringVar(&b.runbook, "runbook", "", "measure this `binary` and build none")
	scratch := flag.String("dir", "", "keep all scratch files below this `folder` (default: the system's own, small files in memory)")
	flag.Parse()
	selected, err := regexp.Compile(*only)
	if err != nil {
		return false, fmt.Errorf("flag -only is %q: %w", *only, err)
	}
	if flag.NArg() > 0 || b.rounds < 1 || *mib < 1 {
		return false, fmt.Errorf("expected flags only, with at least one round and one MiB; see -help")
	}
	b.size = *mib << 20
	if b.dir, err = os.MkdirTemp(*scratch, "runbook-bench-"); err != nil {
		return false, err
	}
	defer os.RemoveAll(b.dir)
	b.small = b.dir
	if *scratch == "" {
		// ext4 hands out no inode that was freed in the last minute or more, and
		// looks at each of them again for every new file: after a run that left a
		// thousand logs, creating one took 40 times as long in the next.
		if dir, err := os.MkdirTemp("/dev/shm", "runbook-bench-"); err == nil {
			b.small = dir
			defer os.RemoveAll(dir)
		}
	}
	if err := b.build(); err != nil {
		return false, err
	}
	b.table = table{out: os.Stdout}
	b.table.machine(b)
	for _, p := range parts {
		if !selected.MatchString(p.name) {
			continue
		}
		// A part that cannot be measured must not cost those after it.
		if err := p.run(b); err != nil {
			if ctx.Err() != nil {
				return false, fmt.Errorf("interrupted")
			}
			b.table.failed(p.name, err)
		}
	}
	b.table.summary()
	return *check && (b.table.missed > 0 || b.table.broken > 0), nil
}

func partNames() string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return strings.Join(names, ", ")
}

// build makes runbook as the Makefile does, and the C loop if there is a
// compiler.
func (b *bench) build() (err error) {
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	mod, err := exec.CommandContext(b.ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("go env GOMOD: %w", err)
	}
	b.root = filepath.Dir(strings.TrimSpace(string(mod)))
	if b.program, err = exec.LookPath("true"); err != nil {
		return err
	}
	if b.runbook == "" {
		b.runbook = filepath.Join(b.dir, "runbook")
		cmd := exec.CommandContext(b.ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", b.runbook, "./cmd/runbook")
		cmd.Dir, cmd.Env = b.root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build ./cmd/runbook: %w\n%s", err, out)
		}
	} else if b.runbook, err = filepath.Abs(b.runbook); err != nil {
		return err
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		return nil
	}
	b.spawn = filepath.Join(b.dir, "spawn")
	source := filepath.Join(b.root, "testdata", "bench", "spawn.c")
	if out, err := exec.CommandContext(b.ctx, cc, "-O2", "-o", b.spawn, source).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", cc, source, err, out)
	}
	return nil
}
