package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A cost is what one run of a command took, with all processes that it started
// and waited for.
type cost struct {
	cpu, wall time.Duration // cpu is user and system time
	rss       int64         // bytes: the most that any one process of it had resident
}

// A contestant is one of several ways to do the same work. It has a folder of
// its own, in which it runs, and in which everything it leaves behind is.
type contestant struct {
	name  string
	argv  []string
	files map[string]string // by name relative to the folder
	check func() error      // after the last round: was the work really done?
	heavy bool              // too slow for the whole work: does 1/heavyShare of it, in one round
	peer  bool              // not ours: where it fails, only its own row is missing

	dir    string
	costs  []cost // one a round
	failed error  // of a peer
}

// patience is how long a single command may take.
const patience = 10 * time.Minute

// race runs the contestants in turns. Of each it keeps one cost a round.
func (b *bench) race(rounds int, list []*contestant) error {
	for k, c := range list {
		c.dir = filepath.Join(b.small, fmt.Sprint("contestant", k))
		if err := os.MkdirAll(c.dir, 0o700); err != nil {
			return err
		}
		for name, text := range c.files {
			if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
				return err
			}
		}
		defer os.RemoveAll(c.dir)
	}
	for round := range rounds {
		for _, c := range list {
			if c.heavy && round > 0 || c.failed != nil {
				continue
			}
			if err := c.clean(); err != nil {
				return err
			}
			k, err := b.measure(c.dir, c.argv...)
			if c.peer && err != nil && b.ctx.Err() == nil {
				c.failed = err
				continue
			}
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if c.heavy {
				k.cpu, k.wall = k.cpu*heavyShare, k.wall*heavyShare
			}
			c.costs = append(c.costs, k)
		}
	}
	for _, c := range list {
		if c.check != nil {
			if err := c.check(); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return nil
}

// clean removes what the round before left behind.
func (c *contestant) clean() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, given := c.files[e.Name()]; !given {
			if err := os.RemoveAll(filepath.Join(c.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.Mkdir(filepath.Join(c.dir, "tmp"), 0o700)
}

// measure runs a command in dir to its end and without an audience.
func (b *bench) measure(dir string, argv ...string) (cost, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, environment(dir)
	cmd.WaitDelay = 5 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w%s", filepath.Base(argv[0]), err, tail(stderr.String()))
	}
	return costOf(cmd.ProcessState, wall), nil
}

// costOf reads the resources of a process that was waited for. On Linux a
// process counts as its own the memory of the one that started it, so no peak
// below this program's own size can be told: a few MiB, as it does the work
// that needs memory in processes of its own.
func costOf(p *os.ProcessState, wall time.Duration) cost {
	c := cost{cpu: p.UserTime() + p.SystemTime(), wall: wall}
	if usage, ok := p.SysUsage().(*syscall.Rusage); ok {
		c.rss = int64(usage.Maxrss)
		if runtime.GOOS == "linux" {
			c.rss *= 1024
		}
	}
	return c
}

// environment is the caller's, with everything that is written going below dir
// and without what would change how a contestant works: make passes its own
// flags down in variables, and this program is often started by make.
func environment(dir string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(name, "RUNBOOK_") || strings.HasPrefix(name, "XDG_") ||
			slices.Contains([]string{"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "NINJA_STATUS", "GOMAXPROCS", "GOGC", "GODEBUG", "CI"}, name)
	})
	tmp := filepath.Join(dir, "tmp")
	return append(env, "HOME="+tmp, "TMPDIR="+tmp, "XDG_STATE_HOME="+filepath.Join(tmp, "state"))
}

func tail(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	const most = 800
	return "\n" + s[max(0, len(s)-most):]
}

func (c *contestant) cpu() time.Duration {
	return time.Duration(c.median(func(k cost) float64 { return float64(k.cpu) }))
}
func (c *contestant) wall() time.Duration {
	return time.Duration(c.median(func(k cost) float64 { return float64(k.wall) }))
}

// rss is the largest of all rounds.
func (c *contestant) rss() int64 {
	most := int64(0)
	for _, k := range c.costs {
		most = max(most, k.rss)
	}
	return most
}

func (c *contestant) median(of func(cost) float64) float64 {
	all := make([]float64, len(c.costs))
	for i, k := range c.costs {
		all[i] = of(k)
	}
	return median(all)
}

func cpuOf(k cost) float64  { return float64(k.cpu) }
func wallOf(k cost) float64 { return float64(k.wall) }

// ratio is the median over the rounds of what c took by what base took in the
// same round.
func (c *contestant) ratio(base *contestant, of func(cost) float64) float64 {
	var all []float64
	for i, k := range c.costs {
		all = append(all, of(k)/of(base.costs[i]))
	}
	return median(all)
}

// spread is how far apart the rounds were, as a share of the median.
func (c *contestant) spread(of func(cost) float64) float64 {
	low, high := math.Inf(1), 0.0
	for _, k := range c.costs {
		low, high = min(low, of(k)), max(high, of(k))
	}
	return (high - low) / c.median(of)
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	slices.Sort(all)
	mid := len(all) / 2
	if len(all)%2 == 1 {
		return all[mid]
	}
	return (all[mid-1] + all[mid]) / 2
}
