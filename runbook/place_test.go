package runbook

import (
	"strings"
	"testing"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Every character of a text that is not blank is found in the file, whatever
// YAML made of the text around it.
func TestWithin(t *testing.T) {
	for name, src := range map[string]string{
		"plain":            "a: one two ${{ x.y }} é日本 end\n",
		"plain folded":     "a: one two\n   three   four\n\n   five\n",
		"single":           "a: 'it''s ''quoted'' ${{ x }}'\n",
		"single folded":    "a: 'it''s\n   on two ''lines'' é\n\n   x'\n",
		"double":           `a: "t\u00e9xt \"q\" \\ \x41\U0001F600 é ${{ x }}"` + "\n",
		"double blanks":    `a: "a\n\t\x20b\u0020c\ d"` + "\n",
		"double folded":    "a: \"one\\\n   two \\\n   three\n\n   four\"\n",
		"literal":          "a: |\n  one\n    two é\n\n  three ${{ x }}\n",
		"literal stripped": "a: |-\n\n   one\n   two\n",
		"literal indented": "a: |2\n     one\n   two\n",
		"folded":           "a: >\n  one two\n  three\n\n    four\n  five\n",
		"anchored":         "a: &anchor text here\n",
		"anchored block":   "a: &anchor |\n  text here\n  more\n",
		"tagged":           "a: !!str 'text'\n",
		"in flow":          "{a: [b, 'c ''d'' e']}\n",
		"carriage return":  "a: |\r\n  one\r\n  two\r\n",
		"nested":           "x:\n  - y:\n      a: >-\n        deep\n        down\n",
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(src), &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r := newReport(newSource("x.yaml", []byte(src)))
		scalars := 0
		var visit func(n *node)
		visit = func(n *node) {
			for _, part := range n.Content {
				visit(part)
			}
			if !isScalar(n) {
				return
			}
			scalars++
			for i, want := range n.Value {
				if want < 0x80 && isBlank(byte(want)) {
					continue
				}
				start, end := r.within(n, i, utf8.RuneLen(want))
				line := string(r.src.line(start.Line))
				at := r.src.offset(start.Line, start.Col) - r.src.starts[start.Line-1]
				got, _ := utf8.DecodeRuneInString(line[at:])
				escaped := got == '\\' && strings.HasPrefix(name, "double")
				if got != want && !escaped {
					t.Errorf("%s: byte %d of %q is %q, but at %v there is %q", name, i, n.Value, want, start, got)
				}
				if !before(start, end) {
					t.Errorf("%s: from %v to %v is nothing", name, start, end)
				}
			}
		}
		visit(&doc)
		if scalars == 0 {
			t.Errorf("%s: no text", name)
		}
	}
}
