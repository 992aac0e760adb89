package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// output measures how much a step may say. The CPU time is that of the reader:
// the producer's own, which it reports, is taken off.
func (b *bench) output() error {
	for _, shape := range []struct{ name, title string }{
		{"lines", "in lines of 100 bytes"},
		{"unbroken", "without a newline"},
	} {
		if err := b.flood(shape.name, fmt.Sprintf("%d MiB of output %s", b.size>>20, shape.title)); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) flood(shape, title string) error {
	producer := []string{b.self, "@produce", fmt.Sprint(b.size), shape, "producer.cpu"}
	tee := &contestant{name: "tee into a log"}
	quiet := &contestant{name: "runbook apply, log"}
	full := &contestant{name: "runbook apply, log and events"}
	// A gigabyte a time: enough to tell within few rounds.
	var report string
	for range min(b.rounds, 2) {
		for _, c := range []*contestant{tee, quiet, full} {
			k, note, err := b.pour(c, producer, c != tee, c == full)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", title, c.name, err)
			}
			c.costs = append(c.costs, k)
			if c == full {
				report = note
			}
		}
	}
	b.table.section(title)
	b.table.row(tee, tee)
	b.table.row(quiet, tee)
	b.table.budget("CPU by that of tee", quiet.ratio(tee, cpuOf), " ×", 2, 0)
	b.table.budget("peak RSS", float64(quiet.rss())/(1<<20), " MiB", 64, 0)
	b.table.row(full, tee)
	b.table.note("%s", report)
	b.table.budget("CPU by that of tee", full.ratio(tee, cpuOf), " ×", 6, 0)
	b.table.budget("peak RSS", float64(full.rss())/(1<<20), " MiB", 64, 0)
	return nil
}

// pour runs the producer into tee or as a step, checks that the log holds all
// of it, and says what became of the lines.
func (b *bench) pour(c *contestant, producer []string, engine, sink bool) (k cost, note string, err error) {
	c.dir = filepath.Join(b.dir, "output")
	if err := os.MkdirAll(filepath.Join(c.dir, "tmp"), 0o700); err != nil {
		return k, "", err
	}
	defer os.RemoveAll(c.dir)
	if !engine {
		k, err = b.tee(c.dir, producer)
		return k, "", err
	}
	// The working folder of a step is that of its runbook, so the producer's
	// report lands beside it.
	text := fmt.Sprintf("version: 1\nname: bench\nsteps:\n  - id: flood\n    exec: [%s]\n", quoteAll(producer))
	if err := os.WriteFile(filepath.Join(c.dir, "runbook.yaml"), []byte(text), 0o600); err != nil {
		return k, "", err
	}
	argv := []string{b.runbook, "apply", "runbook.yaml", "--quiet", "--no-color"}
	if sink {
		argv = append(argv, "--sink", "jsonl="+events)
	}
	if k, err = b.measure(c.dir, argv...); err != nil {
		return k, "", err
	}
	if err := subtractProducer(&k, c.dir); err != nil {
		return k, "", err
	}
	logs, err := stepLogs(c.dir)
	if err != nil {
		return k, "", err
	}
	if len(logs) != 1 || logs[0] < b.size {
		return k, "", fmt.Errorf("expected one log of %d bytes, found sizes %v", b.size, logs)
	}
	if sink {
		seen, err := readEvents(filepath.Join(c.dir, events))
		if err != nil {
			return k, "", err
		}
		info, err := os.Stat(filepath.Join(c.dir, events))
		if err != nil {
			return k, "", err
		}
		note = fmt.Sprintf("%d events of output, %s of JSON, %d lines dropped", seen.lines, mebibytes(info.Size()), seen.dropped)
	}
	return k, note, nil
}

func (b *bench) tee(dir string, producer []string) (k cost, err error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	from, to, err := os.Pipe()
	if err != nil {
		return k, err
	}
	var stderr bytes.Buffer
	produce := exec.CommandContext(ctx, producer[0], producer[1:]...)
	produce.Dir, produce.Stdout, produce.Stderr = dir, to, &stderr
	tee := exec.CommandContext(ctx, "tee", "out.log")
	tee.Dir, tee.Env, tee.Stdin = dir, environment(dir), from
	start := time.Now()
	err = produce.Start()
	if err == nil {
		if err = tee.Start(); err != nil {
			produce.Process.Kill()
		}
	}
	from.Close() // both now belong to the children alone, so tee sees the end
	to.Close()
	if produce.Process == nil {
		return k, err
	}
	if perr := produce.Wait(); err == nil && perr != nil {
		err = fmt.Errorf("producer: %w%s", perr, tail(stderr.String()))
	}
	if tee.Process != nil {
		if terr := tee.Wait(); err == nil {
			err = terr
		}
	}
	if err != nil {
		return k, err
	}
	return costOf(tee.ProcessState, time.Since(start)), nil
}

func subtractProducer(k *cost, dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "producer.cpu"))
	if err != nil {
		return err
	}
	own, err := time.ParseDuration(string(text))
	if err != nil {
		return err
	}
	k.cpu -= own
	return nil
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(quoted, ", ")
}
