package schema

import (
	"bytes"
	"fmt"
	"strings"
)

// Markdown returns the language reference: every key with what the schema says
// of it, in schema order.
func Markdown() []byte {
	var b bytes.Buffer
	root, err := Explain("")
	if err != nil {
		panic(err) // the empty path is always known
	}
	fmt.Fprintf(&b, "# The runbook language\n\n%s\n\n", root.Description)
	b.WriteString("This page is generated from the JSON Schema; `runbook schema` prints it, and\n`runbook explain steps.retry` prints one key.\n\n")
	m := markdown{&b, map[*object]string{}}
	m.section(root, 2)
	return b.Bytes()
}

// markdown writes the reference. described is where each set of keys has its
// table: keys that stand in several places are described once.
type markdown struct {
	*bytes.Buffer
	described map[*object]string
}

// section writes the keys of k as a table, then a section for each of them that
// has keys of its own.
func (b markdown) section(k Key, level int) {
	b.WriteString("| key | value | what it is |\n|---|---|---|\n")
	for _, c := range k.Children {
		fmt.Fprintf(b, "| `%s`%s | %s | %s |\n", c.Name, mark(c.Required), cell(c.Title), cell(details(c)))
	}
	b.WriteString("\n")
	for _, c := range k.Children {
		full, err := Explain(c.Path)
		if err != nil {
			panic(err) // the path was just listed
		}
		// on_failure and finally hold steps too; one description is enough.
		if len(full.Children) == 0 || c.Path == "on_failure" || c.Path == "finally" {
			continue
		}
		if first, ok := b.described[full.keys]; ok && full.keys != nil {
			b.again(c, first, level)
			continue
		}
		b.described[full.keys] = c.Path
		fmt.Fprintf(b, "%s `%s`\n\n%s\n\n", strings.Repeat("#", min(level, 6)), c.Path, c.Description)
		if len(c.Examples) > 0 {
			b.WriteString("```yaml\n")
			for _, e := range c.Examples {
				fmt.Fprintf(b, "%s: %s\n", c.Name, e)
			}
			b.WriteString("```\n\n")
		}
		b.section(full, level+1)
	}
}

// again writes the section of a key whose keys are described elsewhere. The
// commands, which are in many places, need none.
func (b markdown) again(c Key, first string, level int) {
	if c.Path != "steps."+c.Name {
		return
	}
	fmt.Fprintf(b, "%s `%s`\n\n%s Its keys are those of `%s`.\n\n", strings.Repeat("#", min(level, 6)), c.Path, c.Description, first)
}

func mark(required bool) string {
	if required {
		return " (required)"
	}
	return ""
}

func details(k Key) string {
	s := k.Description
	if k.Default != "" {
		s += " Default: `" + k.Default + "`."
	}
	if len(k.Examples) > 0 && len(k.Children) == 0 {
		s += " Example: `" + k.Examples[0] + "`."
	}
	return s
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// String is the key as a terminal shows it.
func (k Key) String() string {
	var b strings.Builder
	name := k.Path
	if name == "" {
		name = "runbook"
	}
	fmt.Fprintf(&b, "%s: %s\n", name, k.Title)
	if k.Required {
		b.WriteString("required\n")
	}
	fmt.Fprintf(&b, "\n%s\n", wrap(k.Description, 78, "  "))
	if k.Default != "" {
		fmt.Fprintf(&b, "\ndefault: %s\n", k.Default)
	}
	if len(k.Enum) > 0 {
		fmt.Fprintf(&b, "\nvalues: %s\n", strings.Join(k.Enum, ", "))
	}
	for i, e := range k.Examples {
		if i == 0 {
			b.WriteString("\nexamples:\n")
		}
		fmt.Fprintf(&b, "  %s: %s\n", k.Name, e)
	}
	for i, c := range k.Children {
		if i == 0 {
			b.WriteString("\nkeys:\n")
		}
		fmt.Fprintf(&b, "  %s%s: %s\n%s\n", c.Name, mark(c.Required), c.Title, wrap(c.Description, 76, "      "))
	}
	return b.String()
}

func wrap(s string, width int, indent string) string {
	var b strings.Builder
	line := 0
	for i, word := range strings.Fields(s) {
		switch {
		case i == 0:
			b.WriteString(indent)
			line = len(indent)
		case line+1+len(word) > width:
			b.WriteString("\n" + indent)
			line = len(indent)
		default:
			b.WriteString(" ")
			line++
		}
		b.WriteString(word)
		line += len(word)
	}
	return b.String()
}
