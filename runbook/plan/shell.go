package plan

import (
	"maps"
	"path/filepath"
	"slices"
)

// shells are the programs that take a command with -c, and what each is started
// with before it: stop at the first failing command, and let a pipe fail with
// any of its parts where the shell knows how to.
var shells = map[string][]string{
	"ash":  {"-e"},
	"bash": {"-e", "-o", "pipefail"},
	"dash": {"-e"},
	"fish": nil,
	"ksh":  {"-e", "-o", "pipefail"},
	"mksh": {"-e", "-o", "pipefail"},
	"nu":   nil,
	"pwsh": nil,
	"sh":   {"-e"},
	"zsh":  {"-e", "-o", "pipefail"},
}

// KnownShell reports whether shell, a name or a path, is one of [KnownShells].
func KnownShell(shell string) bool {
	_, ok := shells[filepath.Base(shell)]
	return ok
}

// KnownShells returns the names of the shells that can run a shell step.
func KnownShells() []string { return slices.Sorted(maps.Keys(shells)) }

func shellOptions(shell string) []string { return slices.Clone(shells[filepath.Base(shell)]) }
