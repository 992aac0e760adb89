package runbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// parseYAML returns the document, or nil after it reported why there is none.
func (c *checker) parseYAML() *node {
	text := c.src.text
	// The parser compares each %TAG line with all others.
	for i := 0; i < len(text); {
		if text[i] == '%' {
			c.add(Diagnostic{Rule: ruleSyntax, Pos: c.src.at(i), Message: "a line cannot begin with %",
				Help: "remove the directive, or indent the text"})
			return nil
		}
		next := bytes.IndexAny(text[i:], "\r\n")
		if next < 0 {
			break
		}
		i += next + 1
	}
	in := &meter{text: text, slow: len(text)}
	d := yaml.NewDecoder(in)
	document, err := decodeDocument(d)
	if errors.Is(err, io.EOF) {
		c.add(Diagnostic{Rule: ruleType, Pos: c.src.pos(1, 1), Message: "the file holds no runbook",
			Help: "write a mapping with version and steps; runbook init writes one to start from"})
		return nil
	}
	if err != nil {
		c.add(c.syntaxError(err, c.failure(in.read)))
		return nil
	}
	if _, err := decodeDocument(d); !errors.Is(err, io.EOF) {
		c.add(Diagnostic{Rule: ruleDocuments, Pos: c.secondDocument(document), Message: "a second document begins here",
			Help: "a file holds one runbook; put the other in a file of its own"})
		return nil
	}
	return document
}

// decodeDocument turns a panic of the parser into an error: no input may take
// the program down.
func decodeDocument(d *yaml.Decoder) (n *node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	n = new(node)
	if err = d.Decode(n); err == nil && len(n.Content) == 0 {
		err = io.EOF
	}
	return n, err
}

// secondDocument finds the --- behind the first document, or what follows its
// end. At the beginning of a line neither is ever part of a text.
func (c *checker) secondDocument(first *node) Pos {
	ended := false
	for n := first.Content[0].Line; n <= len(c.src.starts); n++ {
		text := bytes.TrimRight(c.src.line(n), " \t")
		switch {
		case bytes.HasPrefix(text, []byte("---")) && n > first.Line:
			return c.src.pos(n, 1)
		case bytes.HasPrefix(text, []byte("...")):
			ended = true
		case ended && len(text) > 0 && text[0] != '#':
			return c.src.pos(n, 1)
		}
	}
	return c.src.pos(len(c.src.starts), 1)
}

// A meter hands out text and counts it; behind slow bytes, one byte at a time.
type meter struct {
	text       []byte
	read, slow int
}

func (m *meter) Read(p []byte) (int, error) {
	if m.read == len(m.text) {
		return 0, io.EOF
	}
	n := len(p)
	if m.read >= m.slow {
		n = 1
	} else {
		n = min(n, m.slow-m.read)
	}
	n = copy(p[:n], m.text[m.read:])
	m.read += n
	return n, nil
}

// failure returns how many bytes the parser needed to find the error. It tells
// the line at best, and often that of something before the error; how far it
// had read, byte by byte, is nearer to the truth.
func (c *checker) failure(read int) int {
	in := &meter{text: c.src.text, slow: max(0, read-4096)}
	_, _ = decodeDocument(yaml.NewDecoder(in))
	return in.read
}

// fault is a parser error in our words. place finds where to point, given how
// far the parser had read and the line it names.
type fault struct {
	parser  string // part of the parser's message
	message string
	help    string
	place   func(c *checker, read, line int) Pos
}

var faults = []fault{
	{"mapping values are not allowed", `a ":" is not expected here`,
		"if it is part of a text, put the text in quotes; if it ends a key, check the indentation", lastByte(":")},
	{"block sequence entries are not allowed", `a "-" is not expected here`,
		"a list begins on a line of its own; if this is text, put it in quotes", lastByte("-")},
	{"mapping keys are not allowed", `a "?" is not expected here`, "if this is text, put it in quotes", lastByte("?")},
	{"did not find expected key", "this does not fit into the mapping around it",
		"write key: value, indented like the other keys; text with special characters needs quotes", lineStart},
	{"did not find expected '-' indicator", "this does not fit into the list around it",
		"indent it like the other keys of its step, or begin it with - like a step of its own", lineStart},
	{"could not find expected ':'", "this is neither a key with a value nor part of a text",
		"write key: value, with a space behind the colon, or check the indentation", named},
	{"did not find expected ',' or ']'", "this list is not closed with ]", "separate its items with commas and end it with ]; put text that holds [ ] { } , or : in quotes", opening("[")},
	{"did not find expected ',' or '}'", "this mapping is not closed with }", "separate its keys with commas and end it with }; put text that holds [ ] { } , or : in quotes", opening("{")},
	{"found unexpected end of stream", "this quote is not closed", "end the text with the same quote", opening(`"'`)},
	{"found unexpected document indicator", "this quote is not closed", "end the text with the same quote", opening(`"'`)},
	{"tab", "a tab is not expected here", "indent and separate with spaces", lastByte("\t")},
	{"found character that cannot start any token", "text cannot begin with this character", "put the text in quotes", lastByte("\t@`%")},
	{"unknown escape character", "this is not an escape sequence", `write \\ for a backslash, or put the text in single quotes`, lastByte(`\`)},
	{"hexdecimal number", "this escape sequence lacks hexadecimal digits", `write \\ for a backslash, or put the text in single quotes`, lastByte(`\`)},
	{"invalid Unicode character escape", "this escape sequence stands for no character", "write the character itself", lastByte(`\`)},
	{"unknown anchor", "no anchor of this name comes before it", "if this is text, put it in quotes", lastByte("*")},
	{"alphabetic or numeric character", "a name is missing behind & or *", "if this is text, put it in quotes", lastByte("&*")},
	{"did not find expected comment or line break", "the text must begin on the next line", "write nothing behind | or >", lastByte("|>")},
	{"indentation indicator", "this indentation number is not one from 1 to 9", "leave it out", lastByte("|>")},
	{"did not find expected node content", "a value is missing here", "remove the comma or bracket, or put the text in quotes", doubled},
	{"did not find expected <document start>", "the document has ended before this line", "a file holds one runbook; indent the line or remove what ended it", lineStart},
	{"'>'", "this tag cannot be read", "tags are not used in runbooks; if this is text, put it in quotes", lastByte("!")},
	{"URI", "this tag cannot be read", "tags are not used in runbooks; if this is text, put it in quotes", lastByte("!")},
	{"tag", "this tag cannot be read", "tags are not used in runbooks; if this is text, put it in quotes", lastByte("!")},
}

func (c *checker) syntaxError(err error, read int) Diagnostic {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if number, rest, ok := strings.Cut(strings.TrimPrefix(text, "line "), ": "); ok && strings.HasPrefix(text, "line ") {
		line, _ = strconv.Atoi(number)
		text = rest
	}
	if strings.Contains(text, "exceeded max") {
		return Diagnostic{Rule: ruleLimit, Pos: c.src.at(read - 1), Help: "flatten it",
			Message: fmt.Sprintf("lists and mappings are nested deeper than the limit of %d", min(c.limits.Depth, 10_000))}
	}
	for _, f := range faults {
		if strings.Contains(text, f.parser) {
			d := Diagnostic{Rule: ruleSyntax, Pos: f.place(c, read, line), Message: f.message, Help: f.help}
			if at, message, help := c.stray(d.Pos.Line); at != (Pos{}) && f.parser == "did not find expected key" {
				d.Pos, d.Message, d.Help = at, message, help
			}
			if offset := c.src.offset(max(d.Pos.Line, 1), d.Pos.Col); offset < len(c.src.text) && c.src.text[offset] == '\t' {
				d.Message, d.Help = "a tab is not expected here", "indent and separate with spaces"
			}
			if trap, ok := c.expressionTrap(f.parser, d.Pos, read); ok {
				return trap
			}
			if d.Pos.Line == 0 { // the brackets are in order; what is between them is not
				d.Pos = lastByte("{}[],:\"'")(c, read, line)
				d.Message = "this does not belong into the list or mapping around it"
			}
			return d
		}
	}
	return Diagnostic{Rule: ruleSyntax, Pos: c.src.at(read - 1), Message: "this is not valid YAML",
		Help: "put text with special characters in quotes, and check the indentation"}
}
