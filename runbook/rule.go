package runbook

// A Rule is a kind of problem.
type Rule struct{ Name, Doc string }

const (
	ruleEncoding     = "encoding"
	ruleControl      = "control-character"
	ruleSyntax       = "yaml-syntax"
	ruleDocuments    = "several-documents"
	ruleLimit        = "limit"
	ruleAlias        = "alias"
	ruleTag          = "tag"
	ruleMerge        = "merge-key"
	ruleKey          = "key"
	ruleDuplicateKey = "duplicate-key"
	ruleAmbiguous    = "ambiguous-value"
	ruleExpression   = "expression"
	ruleUnknownKey   = "unknown-key"
	ruleMissingKey   = "missing-key"
	ruleType         = "type"
	ruleValue        = "value"
	ruleCommand      = "command"
	ruleDuplicateID  = "duplicate-id"
	ruleUnknownStep  = "unknown-step"
	ruleDependency   = "dependency"
	ruleCycle        = "cycle"
	ruleStrategy     = "strategy"
	ruleDuration     = "duration"
	ruleRetry        = "retry"
	ruleEnv          = "env"
	rulePath         = "path"
	ruleProgram      = "program"
	ruleScript       = "script"
	ruleSize         = "size"
	ruleParam        = "param"
	ruleSecret       = "secret"
	ruleInclude      = "include"
	ruleForeach      = "foreach"
	ruleOutput       = "output"
	ruleHandler      = "handler"
	ruleCode         = "code"
	ruleLock         = "lock"
	rulePlainText    = "plain-text"
)

// Rules returns every rule that a diagnostic can name, in the order a file meets
// them.
func Rules() []Rule {
	return []Rule{
		{ruleEncoding, "The file must be UTF-8."},
		{ruleControl, "Control characters, and characters that hide or reorder text, are refused: what is reviewed must be what runs."},
		{ruleSyntax, "The file must be YAML."},
		{ruleDocuments, "A file holds one document."},
		{ruleLimit, "The file, its nesting, its mappings and its texts must be within the limits."},
		{ruleAlias, "An alias must not stand for a value that it is part of."},
		{ruleTag, "Tags are not used."},
		{ruleMerge, "Merge keys are not used."},
		{ruleKey, "A key must be text."},
		{ruleDuplicateKey, "A key may be given once."},
		{ruleAmbiguous, "An unquoted value that YAML tools read differently must be quoted, or written clearly."},
		{ruleExpression, "An expression must be complete, name only what is known at its time, handle what may be null, and give what its place takes."},
		{ruleCode, "Code is literal: expressions stand only where values are taken. A literal ${{ is written $${{."},
		{ruleUnknownKey, "A key must be one that the language knows."},
		{ruleMissingKey, "A required key must be there."},
		{ruleType, "A value must be of the right type: text, a number, a list, a mapping."},
		{ruleValue, "A value must have the right form, or be one of those allowed."},
		{ruleCommand, "A step has exactly one of exec, shell, script, aws_cli and uses, and only the keys that go with it."},
		{ruleDuplicateID, "A step's id must be unique, handlers included."},
		{ruleUnknownStep, "depends_on must name steps of the file."},
		{ruleDependency, "depends_on must fit the strategy; handlers have none."},
		{ruleCycle, "Steps must not depend on each other in a circle."},
		{ruleStrategy, "The keys of a strategy must fit its type."},
		{ruleDuration, "A duration must be longer than zero where zero makes no sense, and not over the maximum."},
		{ruleRetry, "The keys of a retry must not contradict each other."},
		{ruleEnv, "An environment variable must have a name that is valid and not runbook's own; PATH must hold absolute folders only."},
		{rulePath, "Paths and programs are literal: ~ and $VARIABLES are not expanded in them."},
		{ruleProgram, "A program must be one word, a shell one that can run text."},
		{ruleScript, "A script must be a regular file inside the root, with something to run it."},
		{ruleSize, "An argument or a variable must be within what the operating system takes."},
		{ruleParam, "A param's schema must make sense, its default must fit it, and so must a value that is given."},
		{ruleSecret, "Secrets belong in env and stdin; what may be asked for again must be safe to run again."},
		{ruleInclude, "An included runbook must lie inside the root, get the params it needs, have no handlers, lock or secrets of its own, and not include itself."},
		{ruleForeach, "The items of a foreach must differ, and be no more than 10,000."},
		{ruleLock, "A step must not ask for a lock that the run, or the step around it, holds already."},
		{ruleOutput, "An output has one definition."},
		{rulePlainText, "What only a shell would read in exec, and what is nearly an expression, is plain text."},
		{ruleHandler, "Handlers run one by one when all else is over: some keys have no meaning there."},
	}
}

// meaning are the rules over the decoded document, each in a file of its own.
// Each reports all it finds and relies on none of the others.
//
// It is a function because including a file applies them to that.
func meaning() []func(*checker, *document) {
	return []func(*checker, *document){
		checkIDs,
		checkStrategy,
		checkDependencies,
		checkParams,
		checkIncludes,
		checkCode,
		checkExpressions,
		checkForeach,
		checkLocks,
		checkOutputs,
		checkHandlers,
		checkDurations,
		checkRetries,
		checkEnv,
		checkPrograms,
		checkPaths,
		checkPlainText,
		checkShellWords,
		checkSizes,
		checkScripts,
	}
}

// afterwards are the rules that need the expressions of every file checked.
var afterwards = []func(*checker, *document){
	checkCycles,
	checkLeftOver,
}
