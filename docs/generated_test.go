package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	rb "github.com/cloudops-run/runbook/runbook"
	"github.com/cloudops-run/runbook/schema"
)

// generated compares a page with what it is generated from.
func generated(t *testing.T, name string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.Join(root, name), want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := []byte(read(t, name)); !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: run make docs and read the diff", name)
	}
}

// TestLanguage: language.md is what the schema says.
func TestLanguage(t *testing.T) { generated(t, "docs/language.md", schema.Markdown()) }

// TestLanguageExamples: what the schema gives as an example of a key, and
// language.md shows, is valid for that key.
func TestLanguageExamples(t *testing.T) {
	const id = "mem://runbook.schema.json"
	text := schema.JSON()
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	doc["$id"] = id
	text, _ = json.Marshal(doc)
	checked := 0
	var walk func(pointer string, v any)
	walk = func(pointer string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		if examples, ok := m["examples"].([]any); ok {
			compiler := jsonschema.NewCompiler()
			if err := compiler.AddResource(id, bytes.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			compiled, err := compiler.Compile(id + "#" + pointer)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range examples {
				checked++
				if err := compiled.Validate(e); err != nil {
					t.Errorf("%s: the example %v is not valid: %v", pointer, e, err)
				}
			}
		}
		for key, child := range m {
			if key != "examples" {
				walk(pointer+"/"+key, child)
			}
		}
	}
	walk("", doc)
	if checked < 10 {
		t.Errorf("only %d examples were found to check", checked)
	}
}

// TestDiagnostics: diagnostics.md is every rule, and for each an example with
// what runbook says to it.
func TestDiagnostics(t *testing.T) {
	var page bytes.Buffer
	page.WriteString(`# Diagnostics

Every rule that a runbook is checked by, in the order a file meets them. The name
at the end of a message, ` + "`[unknown-key]`" + `, is the rule's; it does not change.

` + "```" + `
file:line:col: error: message [rule]
    the line of the file
    ^
help: what to do
` + "```" + `

All problems of a file are reported together, each once, in file order. Columns
count characters, a tab as one. ` + "`runbook validate -o json`" + ` prints the same as
objects, ` + "`-o github`" + ` as annotations of a pull request.

This page is generated: what is shown is what runbook says.

| rule | meaning |
|---|---|
`)
	rules := rb.Rules()
	for _, r := range rules {
		fmt.Fprintf(&page, "| [`%s`](#%s) | %s |\n", r.Name, r.Name, strings.ReplaceAll(r.Doc, "|", `\|`))
	}
	t.Chdir(t.TempDir())
	if err := os.Mkdir("scripts", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range beside {
		put(t, name, text, 0o600)
	}
	shown := map[string][]string{}
	for _, e := range wrong {
		_, found := rb.Parse("runbook.yaml", []byte(e), rb.Options{})
		if len(found) != 1 {
			t.Errorf("want one diagnostic of\n%s\ngot %d:\n%v", e, len(found), found)
			continue
		}
		shown[found[0].Rule] = append(shown[found[0].Rule], found[0].String())
	}
	for _, r := range rules {
		fmt.Fprintf(&page, "\n## %s\n\n%s\n", r.Name, r.Doc)
		for _, text := range shown[r.Name] {
			fmt.Fprintf(&page, "\n```\n%s\n```\n", text)
		}
		if shown[r.Name] == nil && !slices.Contains(unshown, r.Name) {
			t.Errorf("no example for the rule %q: add one to the list of wrong runbooks", r.Name)
		}
	}
	generated(t, "docs/diagnostics.md", page.Bytes())
}
