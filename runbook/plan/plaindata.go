package plan

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// plainData refuses data that a program would take for an option: what a
// reviewer saw as a value must not become one.
func plainData(a Arg, text string) error {
	if !strings.HasPrefix(text, "-") {
		return nil
	}
	help := ""
	if a.Flag == "" {
		help = fmt.Sprintf("; write --flag=%s, or put -- before it", a.Value)
	}
	return fmt.Errorf("the value of %s begins with - and would be taken for an option%s", a.Value, help)
}

// notAFile refuses data that the AWS command line would take for the name of a
// file to send: at the beginning of a word, behind the = of an option, and behind
// @= in its shorthand syntax. A -- before it changes nothing.
func notAFile(c *Command, a Arg, w word) error {
	if c.Kind != KindAwsCli && filepath.Base(c.Program) != "aws" || a.Value.holes == nil {
		return nil
	}
	data := strings.TrimPrefix(w.Text, w.literal)
	whole := w.literal == "" || strings.HasPrefix(w.literal, "-") && strings.IndexByte(w.literal, '=') == len(w.literal)-1
	for _, scheme := range []string{"file://", "fileb://"} {
		if whole && strings.HasPrefix(data, scheme) || strings.Contains(data, "@="+scheme) {
			return fmt.Errorf("the value of %s holds %s and aws would read that file; where it shall, write %s in the runbook, before the ${{ }}", a.Value, scheme, scheme)
		}
	}
	return nil
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
