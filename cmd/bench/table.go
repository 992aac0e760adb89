package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// A table is printed line by line as the numbers come in.
type table struct {
	out                 io.Writer
	met, missed, broken int
}

// machine says what the numbers were measured on.
func (t *table) machine(b *bench) {
	cpu := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		for s := bufio.NewScanner(f); s.Scan(); {
			if name, value, _ := strings.Cut(s.Text(), ":"); strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
		f.Close()
	}
	kernel := runtime.GOOS
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel += " " + strings.TrimSpace(string(release))
	}
	load := ""
	if avg, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = ", load " + strings.Join(strings.Fields(string(avg))[:1], " ")
	}
	version := "devel"
	commit, err := exec.CommandContext(b.ctx, "git", "-C", b.root, "describe", "--always", "--dirty").Output()
	if err == nil {
		version = strings.TrimSpace(string(commit))
	}
	where := "in memory"
	if b.small == b.dir {
		where = "in " + b.dir
	}
	fmt.Fprintf(t.out, "runbook %s on %d × %s, %s/%s, %s%s, %d rounds, small files %s, %s\n",
		version, runtime.NumCPU(), cpu, kernel, runtime.GOARCH, runtime.Version(), load,
		b.rounds, where, time.Now().UTC().Format("2006-01-02 15:04 MST"))
}

// section begins a group of rows. What the ratios compare with is its first row.
func (t *table) section(title string) {
	fmt.Fprintf(t.out, "\n%-46s %10s %7s %10s %7s %9s\n", title, "CPU", "ratio", "wall", "ratio", "peak RSS")
}

// heading begins a group that has budgets alone.
func (t *table) heading(title string) { fmt.Fprintf(t.out, "\n%s\n", title) }

// row prints a contestant against base.
func (t *table) row(c, base *contestant) {
	if c.failed != nil {
		firstLine, _, _ := strings.Cut(c.failed.Error(), "\n")
		fmt.Fprintf(t.out, "  %-44s failed: %s\n", c.name, firstLine)
		return
	}
	cpu, wall := "1", "1"
	if c != base {
		cpu, wall = number(c.ratio(base, cpuOf)), number(c.ratio(base, wallOf))
	}
	fmt.Fprintf(t.out, "  %-44s %10s %7s %10s %7s %9s\n", c.name, milliseconds(c.cpu()), cpu, milliseconds(c.wall()), wall, mebibytes(c.rss()))
}

// budget prints under a row whether value keeps to limit, and where there is a
// goal beyond the limit whether it is reached too.
func (t *table) budget(what string, value float64, unit string, limit, goal float64) {
	allowed := fmt.Sprintf("budget %s%s", number(limit), unit)
	if goal != 0 {
		allowed += fmt.Sprintf(", then %s%s", number(goal), unit)
	}
	verdict := "ok"
	switch {
	case !(value <= limit): // not a number is no success
		verdict = "MISSED"
		if over := value/limit - 1; limit > 0 && over > 0 {
			verdict = fmt.Sprintf("MISSED by %.0f %%", over*100)
		}
		t.missed++
	case goal != 0 && value > goal:
		verdict = "ok, goal not yet"
		t.met++
	default:
		t.met++
	}
	fmt.Fprintf(t.out, "    → %s: %s%s (%s) %s\n", what, number(value), unit, allowed, verdict)
}

func (t *table) note(format string, args ...any) {
	fmt.Fprintf(t.out, "    "+format+"\n", args...)
}

// busy warns where the machine had so much else to do that the ratios of this
// group mean little.
func (t *table) busy(base *contestant) {
	if s := base.spread(cpuOf); s > 0.25 {
		t.note("the CPU time of %q differed by %.0f %% between rounds: the machine is busy, measure again", base.name, s*100)
	}
}

func (t *table) failed(part string, err error) {
	t.broken++
	fmt.Fprintf(t.out, "  NOT MEASURED: %s: %s\n", part, strings.ReplaceAll(err.Error(), "\n", "\n    "))
}

func (t *table) summary() {
	fmt.Fprintf(t.out, "\n%d budgets kept, %d missed", t.met, t.missed)
	if t.broken > 0 {
		fmt.Fprintf(t.out, ", %d parts not measured", t.broken)
	}
	fmt.Fprintln(t.out)
}

// number prints three significant digits or what is before the point.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "?"
	case v >= 100 || v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func milliseconds(d time.Duration) string { return number(float64(d)/1e6) + " ms" }
func mebibytes(n int64) string            { return number(float64(n)/(1<<20)) + " MiB" }
