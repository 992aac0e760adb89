package runbook

import _ "embed"

//go:embed starter.yaml
var starter []byte

// Starter returns a commented runbook to begin with. It runs as it is, reads
// only, and needs no program that a bare machine lacks. The caller may keep and
// change the copy.
func Starter() []byte { return append([]byte(nil), starter...) }
