// Package runbook is the language: it reads a runbook, reports every mistake in
// it with its place, and compiles it to a plan.
//
// A file passes through these stages, each in a file of its own. A stage reports
// all it finds; only what cannot be read at all keeps the next from running.
//
//	bytes       source.go     encoding, control characters, lines
//	YAML        syntax.go     yaml.v3, its errors in our words
//	tree        walk.go       limits, keys, aliases, tags, text that YAML tools read differently
//	structure   structure.go  the JSON Schema, its violations in plain words
//	meaning     rule_*.go     one rule a file, over the decoded document
//	plan        compile.go    steps and edges, nothing left to choose
//
// The package starts no process and prints nothing. It reads the runbook and the
// scripts the runbook names.
package runbook
