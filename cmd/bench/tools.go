package main

import (
	"fmt"
	"os/exec"
	"strings"
)

// heavyShare is by how much the work of a heavy contestant is divided.
const heavyShare = 10

// A job is some number of trivial steps.
type job struct {
	steps    int
	parallel int
	chain    bool   // each waits for the one before
	program  string // what each step runs
}

// A tool is a peer: a program that can do a job and a way to tell it so.
type tool struct {
	name    string // as in a row; %d is how many at a time
	program string
	entry   func(j job) (argv []string, files map[string]string) // argv without the program
	ordered bool                                                 // keeps an order only by doing one at a time
	heavy   bool
	extra   bool // not worth a word where it is not installed
}

var tools = []tool{
	{name: "make -j%d", program: "make", entry: makefile},
	{name: "ninja -j%d", program: "ninja", entry: ninjafile},
	{name: "xargs -P%d", program: "xargs", entry: xargs, ordered: true},
	{name: "go-task -C %d", program: "task", entry: taskfile, heavy: true, extra: true},
	{name: "just (one at a time)", program: "just", entry: justfile, extra: true},
	{name: "dagu (%d at a time)", program: "dagu", entry: dagu, heavy: true, extra: true},
}

// peers returns the installed tools as contestants, and the programs of those
// that are missing.
func peers(j job) (list []*contestant, missing []string) {
	for _, t := range tools {
		path, err := exec.LookPath(t.program)
		if err != nil {
			if !t.extra {
				missing = append(missing, t.program)
			}
			continue
		}
		mine, parallel := j, j.parallel
		if j.chain && !t.ordered {
			parallel = 2 // it finds out by itself that there is nothing to do at once
		}
		mine.parallel = parallel
		name := t.name
		if strings.Contains(name, "%d") {
			name = fmt.Sprintf(name, parallel)
		}
		heavy := t.heavy && j.steps >= 10*heavyShare
		if heavy {
			mine.steps = j.steps / heavyShare
			name += fmt.Sprintf(", 1/%d of it × %d", heavyShare, heavyShare)
		}
		argv, files := t.entry(mine)
		list = append(list, &contestant{name: name, argv: append([]string{path}, argv...), files: files, heavy: heavy, peer: true})
	}
	return list, missing
}

func step(i int) string { return fmt.Sprintf("s%05d", i) }

// describe writes one piece of text for each step, given the step it waits for
// or "".
func (j job) describe(piece func(id, before string) string) string {
	var b strings.Builder
	before := ""
	for i := range j.steps {
		b.WriteString(piece(step(i), before))
		if j.chain {
			before = step(i)
		}
	}
	return b.String()
}

// last returns the steps that nothing waits for.
func (j job) last() string {
	if j.chain {
		return step(j.steps - 1)
	}
	var all []string
	for i := range j.steps {
		all = append(all, step(i))
	}
	return strings.Join(all, " ")
}

func makefile(j job) ([]string, map[string]string) {
	rules := j.describe(func(id, before string) string {
		return fmt.Sprintf(".PHONY: %s\n%s: %s\n\t@%s\n", id, id, before, j.program)
	})
	return []string{"-s", fmt.Sprint("-j", j.parallel), "-f", "Makefile", "all"},
		map[string]string{"Makefile": ".PHONY: all\nall: " + j.last() + "\n" + rules}
}

func ninjafile(j job) ([]string, map[string]string) {
	rules := j.describe(func(id, before string) string {
		return fmt.Sprintf("build %s: r %s\n", id, before)
	})
	return []string{"--quiet", fmt.Sprint("-j", j.parallel)},
		map[string]string{"build.ninja": "rule r\n  command = " + j.program + "\n" + rules}
}

func xargs(j job) ([]string, map[string]string) {
	return []string{"-a", "steps", "-n1", fmt.Sprint("-P", j.parallel), j.program},
		map[string]string{"steps": j.describe(func(id, _ string) string { return id + "\n" })}
}

func taskfile(j job) ([]string, map[string]string) {
	tasks := j.describe(func(id, before string) string {
		return fmt.Sprintf("  %s: {deps: [%s], cmds: [%s]}\n", id, before, j.program)
	})
	return []string{"--silent", "-C", fmt.Sprint(j.parallel), "all"},
		map[string]string{"Taskfile.yml": "version: '3'\ntasks:\n  all: {deps: [" + strings.ReplaceAll(j.last(), " ", ", ") + "]}\n" + tasks}
}

func justfile(j job) ([]string, map[string]string) {
	recipes := j.describe(func(id, before string) string {
		return fmt.Sprintf("%s: %s\n  @%s\n", id, before, j.program)
	})
	return []string{"all"}, map[string]string{"justfile": "all: " + j.last() + "\n" + recipes}
}

func dagu(j job) ([]string, map[string]string) {
	steps := j.describe(func(id, before string) string {
		return fmt.Sprintf("  - {name: %s, command: %s, depends: [%s]}\n", id, j.program, before)
	})
	return []string{"start", "--quiet", "dag.yaml"},
		map[string]string{"dag.yaml": fmt.Sprintf("type: graph\nmaxActiveSteps: %d\nsteps:\n%s", j.parallel, steps)}
}

func runbookFile(j job) string {
	head := fmt.Sprintf("version: 1\nname: bench\nstrategy: {type: parallel, max_concurrency: %d}\nsteps:\n", j.parallel)
	if j.chain {
		head = "version: 1\nname: bench\nstrategy: dependency_graph\nsteps:\n"
	}
	return head + j.describe(func(id, before string) string {
		if before != "" {
			return fmt.Sprintf("  - id: %s\n    exec: [%s]\n    depends_on: [%s]\n", id, j.program, before)
		}
		return fmt.Sprintf("  - id: %s\n    exec: [%s]\n", id, j.program)
	})
}
