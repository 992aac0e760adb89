package plan

import "time"

// A Scope holds what the names in expressions stand for. Only what is asked for
// is looked up. A nil *Scope knows nothing: with it only known text resolves. It
// is not changed by evaluation, and may be used by several goroutines if its
// functions may.
//
// Values are those of [DecodeJSON]; Go's other integers, float32, []string and
// the like are taken too.
type Scope struct {
	Params  Values
	Secrets func(name string) (text string, ok bool) // nil: no secret is known here
	Step    func(id string) (StepState, bool)        // nil: no step is known here
	Run     RunState                                 //
	Item    any                                      // of a foreach; see HasItem
	Index   int                                      // of Item, from 0
	HasItem bool                                     // item and index are there
	Attempt *Attempt                                 // nil: not in expect, retry.if, outputs or value
}

// A StepState is what expressions can read of a step that has ended.
type StepState struct {
	Status      string // the lower-case word
	ExitCode    int
	HasExit     bool // a process of it ended by exiting; else exit_code is null
	Ran         bool // an attempt was started
	Duration    time.Duration
	Outputs     Values                           // nil: it did not complete, and every output is null
	Secret      func(name string) (string, bool) // the secret outputs; nil: none
	SecretLists map[string][]any                 // of a foreach: its secret outputs
	Foreach     bool                             // Outputs are lists, and Each is there
	Each        []EachState                      // in item order
}

// An EachState is one instance of a foreach.
type EachState struct {
	Item    any
	Status  string
	Outputs Values
}

// A RunState is what expressions can read of the run.
type RunState struct {
	ID, Name, Dir string
	StartedAt     time.Time
	Status        string   // the lower-case word
	Failure       *Failure // nil: nothing failed
	FailedSteps   []string // ids, in the order of failing
}

// A Failure is the failure that decided a run.
type Failure struct {
	Step     string // its id
	Status   string
	ExitCode int
	HasExit  bool
	Error    string
	LogTail  string // the last lines of its log
}

// An Attempt is what an attempt that has just ended can be judged by.
type Attempt struct {
	Stdout, Stderr  string // without trailing newlines
	StdoutTruncated bool   // reading Stdout is an error
	StderrTruncated bool
	ExitCode        int
	HasExit         bool
	TimedOut        bool
	Outputs         Values                           // nil: not evaluated yet
	Secret          func(name string) (string, bool) // the secret ones among them; nil: none
}

// Resolved is the text of a value, and whether a secret is in it.
type Resolved struct {
	Text   string
	Secret bool
}
