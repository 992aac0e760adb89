package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// What the steps of this part write, one step after the other: so there is a
// processor for the sink, and what is measured is whether a step waits for it.
const (
	sinkSteps = 500
	sinkLines = "1000"
)

// chaos are a sink that behaves, and sinks that do not.
var chaos = []struct {
	name string
	make func() event.EventHandler
}{
	{"works", func() event.EventHandler { return sink.NewJSONL(io.Discard) }},
	{"is slow", func() event.EventHandler {
		return executor.EventHandlerFunc(func(event.Event) { time.Sleep(time.Millisecond) })
	}},
	{"hangs", func() event.EventHandler {
		return executor.EventHandlerFunc(func(event.Event) { select {} })
	}},
	{"fails", func() event.EventHandler { return sink.NewJSONL(broken{}) }},
	{"panics", func() event.EventHandler {
		return executor.EventHandlerFunc(func(event.Event) { panic("chaos") })
	}},
	{"loses its reader", func() event.EventHandler {
		reader, pipe, err := os.Pipe()
		if err != nil {
			return sink.NewJSONL(broken{})
		}
		time.AfterFunc(100*time.Millisecond, func() { reader.Close() })
		return sink.NewJSONL(pipe)
	}},
}

// A pair is how long the same steps took, right after each other.
type pair struct{ Without, With time.Duration }

// broken is a file that cannot be written.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

// sinks measures whether a sink, whatever it does, costs steps any time.
func (b *bench) sinks() error {
	b.table.heading(fmt.Sprintf("wall time of %d steps of %s lines each with a sink, by that without", sinkSteps, sinkLines))
	for i := range chaos {
		without, with := &contestant{}, &contestant{name: "one that " + chaos[i].name}
		for range b.rounds {
			pairs, err := b.besideSink(i)
			if err != nil {
				return fmt.Errorf("%s: %w", with.name, err)
			}
			for _, p := range pairs {
				without.costs = append(without.costs, cost{wall: p.Without})
				with.costs = append(with.costs, cost{wall: p.With})
			}
		}
		b.table.budget(with.name, with.ratio(without, wallOf), " ×", 1.10, 0)
	}
	return nil
}

// besideSink runs the steps without a sink and with one, in a process of their own.
func (b *bench) besideSink(i int) (pairs []pair, err error) {
	dir := filepath.Join(b.small, "sinks")
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.self, "@sink", fmt.Sprint(i))
	cmd.Dir, cmd.Env = dir, environment(dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, tail(stderr.String()))
	}
	err = json.Unmarshal(out, &pairs)
	return pairs, err
}

// sinkChunk is how many steps are run before it is the other engine's turn: few,
// so that a machine that is slow for a while is slow for both.
const sinkChunk = 20

// besideSink prints how long steps took with a sink of chaos and without it. It
// leaves without closing the engines, which wait for sinks as steps never do.
func besideSink(number string) error {
	var i int
	if _, err := fmt.Sscan(number, &i); err != nil {
		return err
	}
	var engines [2]*executor.Engine
	for n, options := range [][]executor.Option{nil, {executor.WithEventHandler(chaos[i].make())}} {
		config := executor.DefaultConfig()
		config.StateDir = fmt.Sprint("state", n)
		var err error
		if engines[n], err = executor.New(config, options...); err != nil {
			return err
		}
	}
	var pairs []pair
	for n := range sinkSteps / sinkChunk {
		var took [2]time.Duration
		for _, turn := range [2]int{n % 2, 1 - n%2} {
			var err error
			if took[turn], err = talk(engines[turn]); err != nil {
				return err
			}
		}
		pairs = append(pairs, pair{took[0], took[1]})
	}
	return printJSON(pairs)
}

// talk runs steps that write, and returns how long they took together.
func talk(e *executor.Engine) (took time.Duration, err error) {
	p := &plan.Plan{Strategy: plan.Serial}
	for n := range sinkChunk {
		text := plan.Text("a line of the usual length, as programs write them: %g")
		p.Steps = append(p.Steps, plan.Step{ID: step(n), Command: plan.Exec("seq", []plan.Value{plan.Text("-f"), text, plan.Text(sinkLines)})})
	}
	ctx := context.Background()
	id, err := e.ExecuteCompiled(ctx, p, executor.RunOptions{})
	if err != nil {
		return 0, err
	}
	if err := e.Wait(ctx, id); err != nil {
		return 0, err
	}
	result, err := e.PlanResult(id)
	for _, r := range result.Results {
		took += r.Duration
	}
	return took, err
}
