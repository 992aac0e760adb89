package executor

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/internal/process"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// An Engine runs commands and plans, any number of them at once. Make one with
// [New]; its methods may be called from several goroutines.
type Engine struct {
	config  Config
	runner  Runner
	host    *process.Host // nil where the runner is not the engine's own
	stream  *stream
	slots   chan struct{} // one token for each attempt that runs
	logs    string        // the folder of the step logs
	lockDir string        // the folder of the locks
	state   *state.Folder // where runs are kept; nil: they leave nothing behind
	random  func() float64

	probes chan struct{} // one token for each probe that runs

	mu         sync.Mutex
	closed     bool
	runs       map[uuid.UUID]*liveRun // by run id
	executions map[uuid.UUID]place    // by execution id
	order      []*liveRun             // as they were started, those forgotten left out
	live       int                    // runs that have not ended
	ended      int                    // executions of runs that have ended and are remembered
	wg         sync.WaitGroup         // runs that have not ended
}

// An Option changes what [New] makes.
type Option func(*options)

type options struct {
	queues  []func() *queue
	contain bool
	runner  Runner
}

// WithEventHandler sends every event to h. It may be given several times: each
// handler has a queue and a goroutine of its own.
func WithEventHandler(h EventHandler) Option {
	return func(o *options) { o.queues = append(o.queues, func() *queue { return newQueue(h, true) }) }
}

// WithStateHandler is [WithEventHandler] for one that has no use for output: h
// gets every event but stdout and stderr lines, at no cost for those.
func WithStateHandler(h EventHandler) Option {
	return func(o *options) { o.queues = append(o.queues, func() *queue { return newQueue(h, false) }) }
}

// WithContainment ends, on Linux, also the processes of a command that left its
// process group, by setsid for instance. For this the calling process becomes
// the one that inherits orphans (a child subreaper), and ends those the engine's
// commands left: use it where that does not surprise the rest of the program.
// A program that also imports package executor/watchdog has them ended even if it
// is killed itself.
func WithContainment() Option { return func(o *options) { o.contain = true } }

// WithRunner lets r carry out the attempts in place of local processes.
func WithRunner(r Runner) Option { return func(o *options) { o.runner = r } }

// New makes an engine. An invalid configuration, such as a default timeout above
// the maximum, is a [*ValidationError]. Call [Engine.Close] when done with it.
func New(c Config, opts ...Option) (*Engine, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var o options
	for _, option := range opts {
		option(&o)
	}
	logs, err := logFolder(c.LogDir)
	if err != nil {
		return nil, err
	}
	locks := c.LockDir
	if locks == "" {
		locks = filepath.Join(filepath.Dir(logs), "locks")
	}
	if c.MaxRetained == 0 {
		c.MaxRetained = DefaultMaxRetained
	}
	e := &Engine{
		config:     c,
		runner:     o.runner,
		stream:     &stream{lines: c.StreamOutput},
		slots:      make(chan struct{}, c.MaxConcurrentExecutions),
		logs:       logs,
		lockDir:    locks,
		probes:     make(chan struct{}, maxProbes),
		random:     rand.Float64,
		runs:       map[uuid.UUID]*liveRun{},
		executions: map[uuid.UUID]place{},
	}
	if c.StateDir != "" {
		if e.state, err = state.Open(c.StateDir); err != nil {
			return nil, err
		}
	}
	if e.runner == nil {
		if e.host, err = process.NewHost(process.Options{Contain: o.contain, Warn: e.warn}); err != nil {
			return nil, err
		}
		e.runner = newLocalRunner(e.host, c)
	}
	for _, start := range o.queues {
		e.stream.add(start())
	}
	return e, nil
}

// warn tells every run that goes on what its user should know.
func (e *Engine) warn(message string) {
	e.mu.Lock()
	live := slices.Clone(e.order)
	e.mu.Unlock()
	for _, r := range live {
		if !r.over() {
			r.notice(message)
		}
	}
}

// Containment says how far the engine follows what its commands start: "pgroup",
// "subreaper", "watchdog" (a subreaper whose commands are ended even if this
// program is killed), "cgroup" (the same, with a cgroup to find them by), or ""
// where a [Runner] of yours carries them out.
func (e *Engine) Containment() string {
	if e.host == nil {
		return ""
	}
	return e.host.Containment()
}

// Execute starts a request and returns its id at once. ctx bounds this call, not
// the execution. An invalid request is a [*ValidationError].
func (e *Engine) Execute(ctx context.Context, r Request) (uuid.UUID, error) {
	if err := r.Validate(e.config); err != nil {
		return uuid.Nil, err
	}
	fillID(&r.ID)
	run, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	p, err := Plan{Requests: []Request{r}}.compile()
	if err != nil {
		return uuid.Nil, err
	}
	p.Steps[0].ID = "" // an execution of its own is no step of anything
	err = e.start(ctx, &liveRun{id: run, plan: p, executions: []uuid.UUID{r.ID}, requests: []Metadata{r.Metadata}})
	return r.ID, err
}

// ExecutePlan starts a plan and returns its id at once. ctx bounds this call,
// not the execution. An invalid plan is a [*ValidationError]. The ids of its
// requests, those that the engine makes included, are in [Engine.PlanResult].
func (e *Engine) ExecutePlan(ctx context.Context, p Plan) (uuid.UUID, error) {
	if err := p.Validate(e.config); err != nil {
		return uuid.Nil, err
	}
	p.Requests = slices.Clone(p.Requests)
	fillID(&p.ID)
	ids := make([]uuid.UUID, len(p.Requests))
	metadata := make([]Metadata, len(p.Requests))
	for i := range p.Requests {
		fillID(&p.Requests[i].ID)
		ids[i], metadata[i] = p.Requests[i].ID, p.Requests[i].Metadata
	}
	compiled, err := p.compile()
	if err != nil {
		return uuid.Nil, err
	}
	err = e.start(ctx, &liveRun{id: p.ID, plan: compiled, executions: ids, isPlan: true, metadata: p.Metadata, requests: metadata})
	return p.ID, err
}

// ExecuteCompiled starts a compiled runbook and returns the id of the run at
// once; the id works as that of a plan. The plan must not be changed any more. A
// step with a timeout above [Config].MaxTimeout is a [*ValidationError], and so
// is an option that names a step the plan does not have, or leaves out one whose
// outputs are read and not given, and so is what [RunOptions.Lacks] has found: where
// a [Runner] of yours carries the steps out, the mistakes among it.
func (e *Engine) ExecuteCompiled(ctx context.Context, p *plan.Plan, o RunOptions) (uuid.UUID, error) {
	if err := errors.Join(checkTimeouts(p, e.config), o.check(p), o.checkOutputs(p)); err != nil {
		return uuid.Nil, err
	}
	if _, err := e.checkBefore(p, o.part(p)); err != nil {
		return uuid.Nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	return id, e.start(ctx, &liveRun{id: id, plan: p, options: o, executions: derivedIDs(id, p), isPlan: true, byStep: true})
}

// start enters a run in the books and sets it going.
func (e *Engine) start(ctx context.Context, r *liveRun) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	if old := e.runs[r.id]; r.memory != nil && old != nil && old.over() {
		e.forget(old)
		e.order = slices.DeleteFunc(e.order, func(o *liveRun) bool { return o == old })
	}
	if e.knows(r.id) || slices.ContainsFunc(r.executions, e.knows) {
		return ErrDuplicateID
	}
	if err := r.init(e); err != nil {
		return err
	}
	e.claim(r)
	if r.isPlan {
		e.runs[r.id] = r
	}
	for i, id := range r.executions {
		e.executions[id] = place{r, r.node(i)}
	}
	e.order = append(e.order, r)
	e.live++
	e.wg.Add(1)
	go func() {
		defer e.wg.Done()
		r.loop()
		e.disclaim(r)
		e.retire(r)
	}()
	return nil
}

// claim says that the processes of a run are told by its id, disclaim that there
// are none any more.
func (e *Engine) claim(r *liveRun) {
	if e.host != nil {
		e.host.Claim(runVariable(r.id))
	}
}

func (e *Engine) disclaim(r *liveRun) {
	if e.host != nil {
		e.host.Disclaim(runVariable(r.id))
	}
}

// guard keeps a lock held, should this program be killed, until nothing that it
// has started lives any more. unguard comes before the lock is let go.
func (e *Engine) guard(f *os.File) error {
	if e.host == nil {
		return nil
	}
	return e.host.Guard(f)
}

func (e *Engine) unguard(f *os.File) {
	if e.host != nil {
		e.host.Unguard(f)
	}
}

// runVariable is the entry in the environment of all that a run starts.
func runVariable(id uuid.UUID) string { return "RUNBOOK_RUN_ID=" + id.String() }

// remember makes an execution known that came to be while its run went on.
func (e *Engine) remember(id uuid.UUID, p place) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, known := e.executions[id]; !known {
		e.executions[id] = p
		p.run.extra = append(p.run.extra, id)
	}
}

func (e *Engine) knows(id uuid.UUID) bool {
	_, run := e.runs[id]
	_, execution := e.executions[id]
	return run || execution
}

// retire counts an ended run and forgets the oldest ended ones beyond the limit.
func (e *Engine) retire(r *liveRun) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.live--
	e.ended += len(r.executions)
	if e.ended <= e.config.MaxRetained {
		return
	}
	kept := e.order[:0]
	for _, old := range e.order {
		if old == r || e.ended <= e.config.MaxRetained || !old.over() {
			kept = append(kept, old)
			continue
		}
		e.forget(old)
	}
	clear(e.order[len(kept):])
	e.order = kept
}

// forget drops an ended run. The caller holds mu.
func (e *Engine) forget(r *liveRun) {
	e.ended -= len(r.executions)
	delete(e.runs, r.id)
	for _, id := range slices.Concat(r.executions, r.extra) {
		delete(e.executions, id)
	}
}

// sweep ends what the steps of a run left behind and no step could be told to
// have left. Orphans of a run that still goes on cannot be told apart, so the
// last run to end does it.
func (e *Engine) sweep() []process.Leftover {
	e.mu.Lock()
	last := e.live == 1
	e.mu.Unlock()
	if e.host == nil || !last {
		return nil
	}
	return e.host.Sweep()
}

// Close ends the engine: what runs is cancelled as by [Engine.Cancel], and when
// it has ended, the handlers get what they have not had yet. Where ctx ends
// first, what runs is killed. Later calls for work return [ErrClosed]; results
// can still be read. The error says which handler did not get everything.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	live := slices.Clone(e.order)
	e.mu.Unlock()
	for _, r := range live {
		r.cancel("", "the engine was closed")
	}
	if !e.wait(ctx) {
		for _, r := range live {
			r.kill()
		}
		e.wg.Wait()
	}
	var errs []error
	for _, q := range e.stream.queues {
		errs = append(errs, q.close(ctx.Done()))
	}
	if e.host != nil {
		errs = append(errs, e.host.Close())
	}
	return errors.Join(errs...)
}

// wait reports whether every run ended before ctx did.
func (e *Engine) wait(ctx context.Context) bool {
	over := make(chan struct{})
	go func() {
		e.wg.Wait()
		close(over)
	}()
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
}

func fillID(id *uuid.UUID) {
	if *id == uuid.Nil {
		*id = uuid.New()
	}
}
