package docs_test

import (
	"testing"

	"github.com/cloudops-run/runbook/schema"
)

// TestLanguage: language.md is what the schema says.
func TestLanguage(t *testing.T) { generated(t, "docs/language.md", schema.Markdown()) }
