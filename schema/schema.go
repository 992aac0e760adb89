// Package schema holds the JSON Schema of a runbook: the structure of the
// language, the words that describe each key, and the check of a document
// against it.
//
// The schema is the one place where a key is described. The check, the
// explanations and the language reference are all read from it.
package schema

import _ "embed"

//go:embed runbook.schema.json
var text string

// JSON returns the schema as editors and other validators read it: JSON Schema,
// draft 2020-12. The caller may keep and change the copy.
func JSON() []byte { return []byte(text) }
