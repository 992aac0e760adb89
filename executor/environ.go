package executor

import (
	"os"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// defaultPath is the PATH of a step whose environment has none: programs are
// looked up in the step's own PATH, and without one nothing would be found.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// inherited is the environment that steps inherit: that of this process as it
// was when the engine was made, one entry for each name, without the variables
// that are the engine's own. A run inside a step of another run must not take
// that step's identity for its own.
func inherited() []string {
	var env []string
	for _, kv := range os.Environ() {
		if name, _, ok := strings.Cut(kv, "="); ok && name != "" && !strings.HasPrefix(name, plan.ReservedEnvPrefix) {
			env = setVariable(env, name, kv)
		}
	}
	return env
}

// environ is the whole environment of an attempt; of a name that is there more
// than once the last one counts.
func environ(base []string, declared []plan.EnvVar, own []string) []string {
	env := make([]string, len(base), len(base)+len(declared)+len(own)+1)
	copy(env, base)
	for _, v := range declared {
		env = setVariable(env, v.Name, v.Name+"="+v.Value)
	}
	if !slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "PATH=") }) {
		env = append(env, "PATH="+defaultPath)
	}
	return append(env, own...)
}

// setVariable puts kv, which is name=value, in the place of an entry of that
// name or at the end.
func setVariable(env []string, name, kv string) []string {
	prefix := kv[:len(name)+1]
	for i := range env {
		if strings.HasPrefix(env[i], prefix) {
			env[i] = kv
			return env
		}
	}
	return append(env, kv)
}
