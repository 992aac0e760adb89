package plan

// Names says which names an expression may use and what they are. Maps and
// functions are only read, so the same ones may serve a whole file.
type Names struct {
	Params  map[string]Type
	Secrets map[string]bool // a nil map: the runbook declares none

	// Step describes a step that the runbook has; false: it has no such step.
	// StepIDs lists all of them, for suggestions. Nil: there are no steps here.
	Step    func(id string) (StepNames, bool)
	StepIDs func() []string

	Item    *Type // of item; nil: item and index are not in scope
	Attempt *AttemptNames
	Failure FailureScope

	// Why says, for a root that is not in scope here, where it is: "stdout is
	// known only after an attempt". Empty and nil: a general text.
	Why map[string]string
}

// StepNames says what an expression may read of a step.
type StepNames struct {
	Hidden  string          // why nothing may be read of it here, such as "it runs later"; empty: it may
	Outputs map[string]Type // as the step itself sees them; a secret one is Opaque
	Absent  string          // why outputs and exit_code may be null, such as "it has if"; empty: they are not
	Foreach bool            // outputs are lists, and each is there
	Gaps    string          // of a foreach: why elements may be null, such as "it tolerates failures"; empty: they are not
	Failing string          // of a foreach: why also what does not need its success finds each, so that outputs in it may be null; empty: it does not
	Item    Type            // of each item
}

// AttemptNames says what an expression may read of the attempt it judges.
type AttemptNames struct {
	Outputs map[string]Type // nil: outputs are not in scope, as in outputs themselves
	Status  bool            // exit_code and timed_out are in scope
	NoExit  string          // why exit_code may be null, such as "the attempt may have timed out"; empty: it is not
}

// FailureScope says whether run.status, run.failure and run.failed_steps are in
// scope.
type FailureScope uint8

const (
	NoFailure    FailureScope = iota // they are not
	MaybeFailure                     // run.failure may be null
	HasFailure                       // something failed
)

// Want says what the result of an expression may be.
type Want struct {
	kinds    []kind // none: any
	elements string // what takes the elements of a list one by one, so that none may be null; empty: nothing does
	Secret   bool   // a secret may be the result, or part of it
	Absent   bool   // null may be
}

var (
	WantAny   = Want{Absent: true}                                             // an output
	WantText  = Want{}                                                         // whatever has a text: all but null
	WantBool  = Want{kinds: []kind{kindBool}}                                  // a condition
	WantWords = Want{elements: "an argument"}                                  // text, or a list of which each element is one
	WantItems = Want{kinds: []kind{kindList, kindMap}, elements: "foreach"}    // what a foreach goes through
	WantKey   = Want{kinds: []kind{kindString, kindInt, kindNumber, kindBool}} // a key of a foreach
)

// AllowSecret is w where the result may be or hold a secret.
func (w Want) AllowSecret() Want {
	w.Secret = true
	return w
}

// An ExprProblem is one mistake in an expression. Message and Help are for
// people; Help, which may be empty, says what to write instead.
type ExprProblem struct {
	Offset, Length int // bytes in the source
	Message, Help  string
}
