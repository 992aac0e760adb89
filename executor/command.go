package executor

import (
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Command is what a request runs: a [Script], [Exec], [Shell] or [AwsCli].
// In JSON it is an object with its kind as "type".
type Command interface {
	kind() plan.Kind
	problems() []error              // what is wrong with it, all at once
	compile() (plan.Command, error) // the process it stands for
}

// Script runs a file with the interpreter it names.
type Script struct {
	Path        string   `json:"path"`
	Interpreter string   `json:"interpreter,omitempty"` // a program; empty: the file's own #! line, or the file itself if it is an executable program
	Args        []string `json:"args,omitempty"`
}

// Exec runs a program without a shell.
type Exec struct {
	Program string   `json:"program"` // looked up in the request's PATH unless it holds a slash
	Args    []string `json:"args,omitempty"`
}

// Shell runs a line, or several, with a shell.
type Shell struct {
	Command string `json:"command"`
	Shell   string `json:"shell,omitempty"` // empty: bash
}

// AwsCli runs the AWS command line interface with JSON as its output.
type AwsCli struct {
	Service   string   `json:"service"`
	Operation string   `json:"operation"`
	Args      []string `json:"args,omitempty"`
	Profile   string   `json:"profile,omitempty"`
	Region    string   `json:"region,omitempty"`
}

func (Script) kind() plan.Kind { return plan.KindScript }
func (Exec) kind() plan.Kind   { return plan.KindExec }
func (Shell) kind() plan.Kind  { return plan.KindShell }
func (AwsCli) kind() plan.Kind { return plan.KindAwsCli }

func (c Exec) compile() (plan.Command, error) {
	return plan.Exec(c.Program, plan.Texts(c.Args)), nil
}

func (c Shell) compile() (plan.Command, error) { return plan.Shell(c.Command, c.Shell), nil }

func (c AwsCli) compile() (plan.Command, error) {
	return plan.AwsCli(c.Service, c.Operation, plan.Texts(c.Args), plan.Text(c.Profile), plan.Text(c.Region)), nil
}

func (c Script) compile() (plan.Command, error) {
	path, err := absolute(c.Path)
	if err != nil {
		return plan.Command{}, err
	}
	file, interpreter, err := plan.ReadScript(path)
	if c.Interpreter != "" {
		interpreter = []string{c.Interpreter}
		if err == plan.ErrNoInterpreter {
			err = nil
		}
	}
	if err != nil {
		return plan.Command{}, err
	}
	return plan.Script(file, interpreter, plan.Texts(c.Args)), nil
}

// commands decodes the JSON form of each kind.
var commands = map[string]func([]byte) (Command, error){
	string(plan.KindScript): decodeAs[Script, Command],
	string(plan.KindExec):   decodeAs[Exec, Command],
	string(plan.KindShell):  decodeAs[Shell, Command],
	string(plan.KindAwsCli): decodeAs[AwsCli, Command],
}
