package plan

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// plainData refuses data that a program would take for something else. What a
// reviewer saw as a value must not become an option, nor, for the AWS command
// line, the name of a file to send.
func plainData(kind Kind, a Arg, text string, options bool) error {
	why := ""
	switch {
	case !options:
		return nil
	case strings.HasPrefix(text, "-"):
		why = "- and would be taken for an option"
	case kind == KindAwsCli && (strings.HasPrefix(text, "file://") || strings.HasPrefix(text, "fileb://")):
		why = "file:// and aws would read that file"
	default:
		return nil
	}
	if a.Flag == "" {
		why += fmt.Sprintf("; write --flag=%s, or put -- before it", a.Value)
	}
	return fmt.Errorf("the value of %s begins with %s", a.Value, why)
}

// makeValues are the flags of make behind which a word is their value.
var makeValues = []string{"-C", "-f", "-I", "-j", "-l", "-o", "-W", "--directory", "--file", "--makefile"}

// plainGoal refuses data with a = in it as a word of make, which would take the
// word for a variable: make runs $(shell …) in the text of one, and all of the
// text of NAME!=text.
func plainGoal(c *Command, i int, text string) error {
	name := filepath.Base(c.Program)
	if name != "make" && name != "gmake" || strings.HasPrefix(text, "-") || !strings.Contains(text, "=") {
		return nil
	}
	if i > 0 {
		if before, literal := c.Args[i-1].Value.Literal(); literal && slices.Contains(makeValues, before) {
			return nil
		}
	}
	return fmt.Errorf("the value of %s holds =, and make would take it for a variable and run what is in its text; pass it in env", c.Args[i].Value)
}
