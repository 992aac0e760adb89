package executor

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A chaotic handler takes down what it gets, and then behaves badly.
type chaotic struct {
	behave func(n int, e event.Event) // n: how many events it has had
	bounds bounds
	closes string // what Close says of it; empty: nothing
	whole  bool   // it is still there at the end, so that nothing may be missing

	n       int
	states  []event.Event
	lines   int
	notices int
	dropped int
	gaps    int
	next    uint64
	wrong   string // the first number that was not the next
}

func (c *chaotic) OnEvent(e event.Event) {
	c.n++
	c.behave(c.n, e)
	if e.Seq != c.next+1 && c.wrong == "" {
		c.wrong = fmt.Sprintf("%s has number %d after %d", e.Type, e.Seq, c.next)
	}
	c.next = e.Seq
	switch e.Type {
	case event.Stdout:
		c.lines++
	case event.Dropped:
		c.dropped += e.Count
		c.gaps++
		c.next += uint64(e.Count) - 1
	case event.Progress, event.Warning:
		c.notices++
	default:
		c.states = append(c.states, e)
	}
}

func (c *chaotic) had() int { return len(c.states) + c.lines + c.notices + c.dropped }

// narrow is a queue in which nothing has room.
var narrow = bounds{events: 4, warnings: 4, text: 4 << 10, batches: 4}

// chaos are handlers of every kind of bad. over is closed when the run has ended,
// and late when the engine has been closed.
func chaos(t *testing.T, over, late <-chan struct{}) map[string]*chaotic {
	broken := sink.NewJSONL(writerFunc(func([]byte) (int, error) { return 0, errors.New("no more") }))
	reader, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	closing := sink.NewJSONL(pipe)
	t.Cleanup(func() { broken.Close(); closing.Close(); pipe.Close(); reader.Close() })
	all := map[string]*chaotic{}
	for name, b := range map[string]bounds{"": queueBounds, ", narrow": narrow} {
		add := func(kind string, c *chaotic) { c.bounds, all[kind+name] = b, c }
		add("good", &chaotic{whole: true, behave: func(int, event.Event) {}})
		add("slow", &chaotic{whole: true, behave: func(_ int, e event.Event) {
			if e.Type == event.Started {
				time.Sleep(time.Millisecond)
			}
		}})
		add("hangs until the run is over", &chaotic{whole: true, behave: func(n int, _ event.Event) {
			if n == 10 {
				<-over
			}
		}})
		add("hangs", &chaotic{closes: "did not return within", behave: func(n int, _ event.Event) {
			if n > 10 {
				<-late
			}
		}})
		add("panics", &chaotic{closes: "panicked", behave: func(n int, _ event.Event) {
			if n > 10 {
				panic("chaos")
			}
		}})
		add("fails", &chaotic{whole: true, behave: func(_ int, e event.Event) { broken.OnEvent(e) }})
		add("its reader goes away", &chaotic{whole: true, behave: func(n int, e event.Event) {
			if closing.OnEvent(e); n == 20 {
				reader.Close()
			}
		}})
	}
	return all
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Whatever sinks do, alone or all at once: the run ends, every log is what its
// step wrote, a sink that lives gets every state event as it is in the journal,
// and of output every line or is told of each that was dropped; of one that does
// not live it is told how many events it missed.
func TestChaosOfSinks(t *testing.T) {
	steps := 500
	if testing.Short() {
		steps = 50
	}
	over, late := make(chan struct{}), make(chan struct{})
	all, some := chaos(t, over, late), map[string]*chaotic{}
	for _, name := range []string{
		"good", "hangs until the run is over", "hangs", "panics",
		"fails, narrow", "hangs until the run is over, narrow", "slow, narrow", "its reader goes away, narrow",
	} {
		some[name] = all[name]
	}
	t.Run("at once", func(t *testing.T) { unleash(t, steps, some, over, late) })
	for name := range all {
		over, late := make(chan struct{}), make(chan struct{})
		t.Run(name, func(t *testing.T) {
			unleash(t, 10, map[string]*chaotic{name: chaos(t, over, late)[name]}, over, late)
		})
	}
}

// unleash runs steps of a thousand lines each with these handlers.
func unleash(t *testing.T, steps int, all map[string]*chaotic, over, late chan struct{}) {
	const lines = 1000
	config := DefaultConfig()
	config.LogDir = t.TempDir()
	config.StateDir = t.TempDir() + "/state"
	var handlers []*chaotic
	var options []Option
	for _, c := range all {
		handlers, options = append(handlers, c), append(options, WithEventHandler(c))
	}
	e, err := New(config, options...)
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range e.stream.queues {
		if q.bounds = handlers[i].bounds; handlers[i].closes != "" {
			q.patience = 100 * time.Millisecond // the others may have to wait for a busy machine
		}
	}
	p := &plan.Plan{Strategy: plan.Parallel}
	for i := range steps {
		p.Steps = append(p.Steps, plan.Step{ID: fmt.Sprint("s", i), Command: plan.Exec("seq", []plan.Value{plan.Text("-f"), plan.Text(fmt.Sprintf("step %d line %%g", i)), plan.Text(fmt.Sprint(lines))})})
	}
	id, err := e.ExecuteCompiled(t.Context(), p, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Wait(t.Context(), id); err != nil {
		t.Error(err)
	}
	close(over)
	told := e.Close(context.Background())
	close(late)

	folder, err := state.Open(config.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := folder.Run(id)
	if err != nil {
		t.Fatal(err)
	}
	events, err := kept.Events()
	if err != nil || len(events) != 2*steps+2 || events[len(events)-1].Status != event.StatusCompleted {
		t.Errorf("the journal has %d events, want %d; %v", len(events), 2*steps+2, err)
	}
	for i := range steps {
		log, err := os.ReadFile(kept.LogFile(p.Steps[i].ID, event.Main, 1))
		var want strings.Builder
		for n := range lines {
			fmt.Fprintf(&want, "step %d line %d\n", i, n+1)
		}
		if sha256.Sum256(log) != sha256.Sum256([]byte(want.String())) {
			t.Errorf("the log of step %d has %d bytes, want %d; %v", i, len(log), want.Len(), err)
		}
	}
	total := int(e.stream.seq)
	for name, c := range all {
		<-e.stream.queues[position(handlers, c)].done
		c.check(t, name, events, total, steps*lines, told)
	}
}

func position(all []*chaotic, c *chaotic) int {
	for i := range all {
		if all[i] == c {
			return i
		}
	}
	return -1
}

func (c *chaotic) check(t *testing.T, name string, events []event.Event, total, lines int, told error) {
	t.Helper()
	if c.wrong != "" {
		t.Errorf("%s: %s", name, c.wrong)
	}
	if !c.whole {
		missed := fmt.Sprintf("%d events were not delivered to it", total-10)
		if told == nil || !strings.Contains(told.Error(), c.closes) || !strings.Contains(told.Error(), missed) {
			t.Errorf("%s: Close = %v, want %q and %q in it", name, told, c.closes, missed)
		}
		return
	}
	if diff := cmp.Diff(events, c.states); diff != "" {
		t.Errorf("%s: state events, journal and handler:\n%.2000s", name, diff)
	}
	if c.had() != total {
		t.Errorf("%s: %d state events, %d lines, %d notices and %d dropped are not %d", name, len(c.states), c.lines, c.notices, c.dropped, total)
	}
	if c.bounds != narrow && c.lines != lines {
		t.Errorf("%s: %d lines of %d, although there was room", name, c.lines, lines)
	}
	if c.bounds == narrow && strings.HasPrefix(name, "hangs") && c.dropped == 0 {
		t.Errorf("%s: nothing was dropped", name)
	}
	t.Logf("%s: %d state events, %d of %d lines, %d dropped in %d gaps", name, len(c.states), c.lines, lines, c.dropped, c.gaps)
}
