package main

import "slices"

// A layer is one folder of this module and what it may import of the others.
// A name that ends in /... takes the folders below too; where two layers match
// a package, the longer name wins. A package that no layer takes is an error,
// so that a new one is given its place here first.
type layer struct {
	name string
	ours []string // folders of this module it may import, besides those below itself
	not  []string // packages of the standard library it may not import
	why  string
}

// anything is for folders that hold only tests or tools.
var anything = []string{"..."}

// pure are the packages a value has no business with: whatever imports one of
// them waits, locks, or looks at the machine it runs on.
var pure = []string{"context", "io/fs", "log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http", "os", "os/exec", "os/signal", "sync", "sync/atomic", "syscall"}

// steady is pure, for a package whose values are used by several goroutines.
var steady = without(pure, "sync", "sync/atomic")

// files is pure, for a package that reads files and makes what it reads once.
var files = without(pure, "os", "io/fs", "syscall", "sync", "sync/atomic")

func without(list []string, some ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(p string) bool { return slices.Contains(some, p) })
}

// host is state that belongs to the program around a library.
var host = []string{"log", "log/slog", "os/signal"}

var layers = []layer{
	{
		name: "schema",
		not:  host,
		why:  "the structure of the language stands alone: it knows neither positions nor what a step means",
	},
	{
		name: "schema/fragment",
		not:  host,
		why:  "front end and engine check params with it, so it can need neither, nor the validator",
	},
	{
		name: "dag",
		not:  pure,
		why:  "a graph knows nothing of steps, and without locks, goroutines or input it gives the same answer every time",
	},
	{
		name: "runbook/plan",
		not:  files, // it reads scripts, for their interpreter and hash, and compiles expressions once
		why:  "the compiled plan is where front end and engine meet: data that both may depend on must depend on neither",
	},
	{
		name: "runbook/...",
		ours: []string{"schema", "schema/fragment", "dag", "runbook/plan"},
		not:  append([]string{"os/exec"}, host...),
		why:  "a runbook does not know how it is run, so checking one can never start anything",
	},
	{
		name: "executor/event",
		not:  pure,
		why:  "every reader of a run depends on its events; they must not drag the engine in",
	},
	{
		name: "executor/sink/...",
		ours: []string{"executor/event"},
		not:  host,
		why:  "a sink reads events and nothing else; one that looks at the engine can disagree with them",
	},
	{
		name: "executor/journal",
		ours: []string{"executor/event", "executor/failpoint"},
		not:  host,
		why:  "a journal is a list of events in a file; reading one needs no engine",
	},
	{
		name: "executor/state",
		ours: []string{"executor/event", "executor/journal", "executor/internal/lock", "runbook/plan", "executor/failpoint"},
		not:  host,
		why:  "runs on disk are read where no engine is, and locked and removed by others than the one that ran them",
	},
	{
		name: "executor/mask",
		not:  steady, // a table is made once, and a writer is flushed by a timer
		why:  "what is masked goes through one package, which needs nothing of the engine to be tested to the last byte",
	},
	{
		name: "executor/internal/output",
		not:  host,
		why:  "lines, captures and logs are bytes; they know no step",
	},
	{
		name: "executor/internal/lock",
		not:  host,
		why:  "a lock is a file in a folder; it knows no run but by name",
	},
	{
		name: "executor/internal/run",
		ours: []string{"dag", "runbook/plan", "executor/event", "schema/fragment"},
		not:  pure,
		why:  "a run is a value: no goroutine, channel, lock, clock, input or output, so that live, virtual and resumed runs are the same code",
	},
	{
		name: "executor/internal/process",
		ours: []string{"runbook/plan", "executor/event", "executor/internal/run", "executor/internal/output", "executor/failpoint"},
		not:  []string{"log", "log/slog"},
		why:  "starting a process knows nothing of the graph it belongs to",
	},
	{
		name: "executor/watchdog",
		ours: []string{"executor/internal/process"},
		not:  host,
		why:  "a watchdog is initialised before all else of its program, so as to be small",
	},
	{
		name: "executor/...",
		ours: []string{"dag", "runbook/plan", "executor/event", "executor/journal", "executor/state", "executor/mask", "executor/internal/..."},
		not:  host,
		why:  "the engine takes a compiled plan: programs that embed it link neither YAML nor JSON Schema, and keep their signals and logs to themselves",
	},
	{
		name: "cmd/runbook/...",
		ours: []string{"runbook/...", "executor", "executor/event", "executor/sink/...", "executor/state", "executor/watchdog", "dag", "schema", "executor/failpoint"},
		why:  "the command line only joins the front end and the engine, and prints (its tests kill the engine)",
	},
	{
		name: "executor/failpoint",
		not:  files,
		why:  "a name for a moment; what happens there is for tests to say",
	},
	{name: "cmd/bench/...", ours: anything, why: "measures every part"},
	{name: "cmd/layers", why: "checks the others"},
	{name: "cmd/testlog", why: "reads what go test prints"},
	{name: "docs", ours: anything, why: "tests of the documents"},
	{name: "examples/...", ours: anything, why: "tests of the examples"},
}

// A home is where a library, or a package of the standard library, is used.
// Tests may use what they like. A library outside the standard one that has no
// home is an error.
type home struct {
	library string   // an import path; the packages below it are meant too
	in      []string // layers' folders, /... as above; none: tests only
	why     string
}

var homes = []home{
	{"gopkg.in/yaml.v3", []string{"runbook", "cmd/bench"}, "YAML ends at the parser; its successor is then one change (the benchmark decodes with it for comparison)"},
	{"github.com/spf13/cobra", []string{"cmd/runbook/..."}, "flags belong to the command line"},
	{"github.com/spf13/pflag", []string{"cmd/runbook/..."}, "flags belong to the command line"},
	{"golang.org/x/term", []string{"cmd/runbook/...", "executor/sink/..."}, "terminals belong to the command line and the console"},
	{"github.com/hashicorp/go-multierror", []string{"executor"}, "the library reports every problem of a request at once; its nil pitfall stays in one package"},
	{"github.com/expr-lang/expr", []string{"runbook/plan"}, "only package plan knows which expression library is used"},
	{"github.com/joho/godotenv", []string{"executor"}, "env_files are read where processes start"},
	{"github.com/google/uuid", []string{"executor/...", "cmd/runbook/..."}, "runs and executions have ids; files and graphs do not"},
	{"golang.org/x/sys", []string{"executor/...", "cmd/runbook/..."}, "system calls belong to the engine, and those of terminals to the command line"},
	{"net/http", []string{"executor/sink/webhook"}, "one package makes connections; it is a quarter of the program"},
	{"os/exec", []string{"executor/internal/process", "cmd/bench", "cmd/layers"}, "one way to start a process"},
	{"os/signal", []string{"cmd/...", "executor/internal/process"}, "signals belong to the program, not to a library in it (containment, which a program asks for, must notice its orphans)"},

	{"github.com/google/go-cmp", nil, "for tests"},
	{"github.com/johannesboyne/gofakes3", nil, "for tests"},
	{"github.com/rogpeppe/go-internal", nil, "for tests"},
	{"github.com/santhosh-tekuri/jsonschema", nil, "for tests, as the authority on the schema: linked, it costs every start 5 ms"},
	{"go.uber.org/goleak", nil, "for tests"},
	{"pgregory.net/rapid", nil, "for tests"},
}

// A ban is a library that must not be linked into a package, by whatever way.
type ban struct{ pkg, library, why string }

var bans = []ban{
	{"executor", "gopkg.in/yaml.v3", "programs that embed the engine pay for no YAML"},
	{"executor", "github.com/spf13/pflag", "the engine adds no flags to the program around it"},
	{"executor", "net/http", "the engine opens no connection"},
}
