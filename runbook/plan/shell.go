package plan

import "path/filepath"

// shellOptions are what a shell is started with before -c: stop at the first
// failing command, and let a pipe fail with any of its parts where the shell
// knows how to.
func shellOptions(shell string) []string {
	switch filepath.Base(shell) {
	case "bash", "zsh", "ksh", "mksh":
		return []string{"-e", "-o", "pipefail"}
	case "fish", "pwsh", "nu":
		return nil
	default:
		return []string{"-e"}
	}
}
