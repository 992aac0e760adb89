package plan

import (
	"fmt"
	"strings"
)

// Kind is the step kind a command was written as.
type Kind string

const (
	KindScript Kind = "script"
	KindExec   Kind = "exec"
	KindShell  Kind = "shell"
	KindAwsCli Kind = "aws_cli"
)

// A Command is how a process is started. The four step kinds differ only in how
// they become one; see [Exec], [Shell], [Script] and [AwsCli]. Nothing behind
// them looks at Kind but to show it.
//
// Program and Code are literal by design: what is reviewed is what runs.
type Command struct {
	Kind    Kind        `json:"kind"`
	Program string      `json:"program"`        // a path if it holds a slash, else looked up in the step's own PATH
	Code    []string    `json:"code,omitempty"` // arguments before Args that are code: never expressions
	Args    []Arg       `json:"args,omitempty"`
	Env     []Var       `json:"env,omitempty"`    // set on top of the step's own variables
	Script  *ScriptFile `json:"script,omitempty"` // checked right before each attempt
}

// An Arg is one argument, or a flag with its value.
type Arg struct {
	Flag  string `json:"flag,omitempty"` // not empty: the argument before Value; both are left out where Value is empty
	Value Value  `json:"value"`
}

// A ScriptFile is a file whose content was reviewed with the runbook.
type ScriptFile struct {
	Path   string `json:"path"`             // absolute
	SHA256 string `json:"sha256,omitempty"` // hex, taken at load; empty: not checked
}

// DefaultShell runs a shell step that names none.
const DefaultShell = "bash"

// Exec runs a program without a shell.
func Exec(program string, args []Value) Command {
	return Command{Kind: KindExec, Program: program, Args: positional(args)}
}

// Shell runs text with a shell; an empty shell is [DefaultShell]. Shells that
// know pipefail get it, so that a failing part of a pipe is not lost.
func Shell(text, shell string) Command {
	if shell == "" {
		shell = DefaultShell
	}
	return Command{Kind: KindShell, Program: shell, Code: append(shellOptions(shell), "-c", text)}
}

// Script runs a file: as interpreter file args, or the file itself where
// interpreter is empty.
func Script(file ScriptFile, interpreter []string, args []Value) Command {
	c := Command{Kind: KindScript, Program: file.Path, Args: positional(args), Script: &file}
	if len(interpreter) > 0 {
		c.Program = interpreter[0]
		c.Code = append(append(c.Code, interpreter[1:]...), file.Path)
	}
	return c
}

// AwsCli runs the AWS command line interface. Profile and region are given both
// as flags and as variables, because exported access keys beat AWS_PROFILE, and
// version 1 of the CLI does not read AWS_REGION.
func AwsCli(service, operation string, args []Value, profile, region Value) Command {
	c := Command{Kind: KindAwsCli, Program: "aws"}
	c.Args = append(c.Args,
		Arg{Flag: "--profile", Value: profile},
		Arg{Flag: "--region", Value: region},
		Arg{Flag: "--output", Value: Text("json")},
		Arg{Value: Text(service)},
		Arg{Value: Text(operation)},
	)
	c.Args = append(c.Args, positional(args)...)
	c.Env = []Var{
		{Name: "AWS_DEFAULT_OUTPUT", Value: Text("json")},
		{Name: "AWS_DEFAULT_REGION", Value: region, OmitEmpty: true},
		{Name: "AWS_OUTPUT", Value: Text("json")},
		{Name: "AWS_PAGER", Value: Text("")},
		{Name: "AWS_PROFILE", Value: profile, OmitEmpty: true},
		{Name: "AWS_REGION", Value: region, OmitEmpty: true},
	}
	return c
}

// lead is how many words of a command line come before what the runbook says.
func lead(c Command, args []string) int {
	if c.Kind != KindAwsCli {
		return len(c.Code)
	}
	n := len(c.Code) + 1
	for i := 0; n <= len(args) && i < len(c.Args) && c.Args[i].Flag != ""; i++ {
		if args[n-1] == c.Args[i].Flag { // else its value is empty
			n += 2
		}
	}
	return n
}

// placeOf names an argument as the runbook has it.
func (c *Command) placeOf(i int) string {
	switch {
	case c.Args[i].Flag != "":
		return strings.TrimLeft(c.Args[i].Flag, "-")
	case c.Kind == KindAwsCli:
		i -= 5 // the flags, the service and the operation
	}
	return fmt.Sprintf("argument %d", i+1)
}

func positional(values []Value) []Arg {
	if len(values) == 0 {
		return nil
	}
	args := make([]Arg, len(values))
	for i, v := range values {
		args[i].Value = v
	}
	return args
}
