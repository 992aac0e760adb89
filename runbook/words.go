package runbook

import (
	"slices"

	"github.com/cloudops-run/runbook/schema"
)

// commands are the keys of which a step has exactly one.
var commands = []string{"exec", "shell", "script", "aws_cli"}

// sources are the keys of which a secret has exactly one, loops those of a
// foreach.
var (
	sources = []string{"env", "file", "exec"}
	loops   = []string{"in", "matrix"}
)

// stepLists are the keys of a runbook that hold steps.
var stepLists = []string{"steps", "on_failure", "finally"}

// foreign are words that other tools use for a key of ours, so that somebody who
// comes from there is told the word here.
var foreign = map[string]string{
	"tasks": "steps", "jobs": "steps", "stages": "steps",
	"on_error": "on_failure", "rescue": "on_failure", "always": "finally", "ensure": "finally", "cleanup": "finally",
	"environment": "env", "vars": "env", "variables": "env", "tags": "labels", "title": "name",
	"run": "shell", "bash": "shell", "sh": "shell", "cmd": "shell", "commands": "shell", "command": "exec", "program": "exec", "argv": "exec",
	"aws": "aws_cli", "needs": "depends_on", "requires": "depends_on", "depends": "depends_on", "deps": "depends_on", "after": "depends_on",
	"cwd": "working_dir", "dir": "working_dir", "workdir": "working_dir", "chdir": "working_dir", "working_directory": "working_dir",
	"retries": "retry", "attempts": "times", "count": "times", "max_retries": "times", "interval": "delay",
	"allow_failure": "continue_on_error", "ignore_errors": "continue_on_error", "ignore_error": "continue_on_error",
	"exit_codes": "success_exit_codes", "input": "stdin", "when": "if", "condition": "if", "only_if": "if", "creates": "unless", "if": "expect", "not_if": "unless", "changed_when": "unless", "preconditions": "require", "assert": "require",
	"loop": "foreach", "for": "foreach", "for_each": "foreach", "with_items": "foreach", "items": "in", "include": "uses", "import": "uses", "call": "uses",
	"parameters": "params", "inputs": "params", "confirm": "approval", "gate": "approval", "undo": "rollback", "revert": "rollback", "compensate": "rollback",
	"mutex": "lock", "concurrency": "lock", "register": "outputs", "until": "expect", "failed_when": "expect", "dotenv": "env_files", "env_file": "env_files", "parallelism": "max_concurrency", "max_parallel": "max_concurrency", "fail_fast": "stop_on_error",
	"str": "string", "text": "string", "int": "integer", "float": "number", "bool": "boolean", "list": "array", "dict": "object", "map": "object",
	"dag": "dependency_graph", "graph": "dependency_graph", "sequential": "serial", "exp": "exponential", "fixed": "constant",
	"cmdline": "command", "arguments": "args", "file": "path", "order": "strategy",
}

// expressionKeys are the keys whose value is an expression as a whole.
var expressionKeys = []string{"if", "unless", "expect", "value", "foreach", "in", "key"}

// meant returns the key that an unknown one was most likely meant to be.
func meant(key string, known []string) string {
	if k := foreign[key]; k != "" && slices.Contains(known, k) {
		return k
	}
	return schema.Closest(key, known)
}
