package runbook

import (
	"strconv"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// A readError says why a text is not what a param is declared to be, and never
// the text.
type readError struct{ message, help string }

func (e readError) Error() string { return e.message }

// read makes of a text what a fragment asks for.
func read(text string, fragment *node) (any, error) {
	_, kind := lookup(fragment, "type")
	switch kind.Value {
	case "string":
		return text, nil
	case "boolean":
		switch text {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, readError{"must be true or false", ""}
	case "integer":
		if !isDigits(text) {
			return nil, readError{"must be a whole number", "write digits only, such as 3"}
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, readError{"is too large a number", ""}
		}
		return n, nil
	case "number":
		v, err := plan.DecodeJSON([]byte(text))
		switch v.(type) {
		case int64, float64:
			if err == nil {
				return v, nil
			}
		}
		if powerOfTen().MatchString(text) {
			return nil, readError{"is too large a number", ""}
		}
		return nil, readError{"must be a number", "write it such as 3, 0.5 or 1e6"}
	}
	return readYAML(text, fragment)
}

// readYAML reads a list or a mapping.
func readYAML(text string, fragment *node) (any, error) {
	_, kind := lookup(fragment, "type")
	want := "must be a list"
	help := "write it as JSON or YAML, such as [a, b]"
	if kind.Value == "object" {
		want, help = "must be a mapping", `write it as JSON or YAML, such as {"a": 1}`
	}
	c := newChecker("", readableJSON([]byte(text)), Options{})
	if !c.checkBytes() {
		return nil, readError{want, help}
	}
	root := c.parseYAML()
	if root == nil || !c.walk(root) {
		return nil, readError{want, help}
	}
	for _, d := range c.found {
		switch d.Rule {
		case ruleAmbiguous:
		case ruleDuplicateKey:
			return nil, readError{"is not clear: " + d.Message, d.Help}
		default:
			return nil, readError{want, help}
		}
	}
	value := root.Content[0]
	if isList(value) != (kind.Value == "array") || isScalar(value) {
		return nil, readError{want, help}
	}
	asText(value, fragment)
	for n := range c.flagged {
		if n.Tag != tagString || !isPlain(n) {
			return nil, readError{"holds a value that YAML tools read differently", "put it in quotes"}
		}
	}
	return dataOf(value), nil
}

// asText takes unquoted scalars for text where the fragment asks for text: on a
// command line everybody writes [1, 2].
func asText(n, fragment *node) {
	_, kind := lookup(fragment, "type")
	switch {
	case isScalar(n) && isPlain(n) && isScalar(kind) && kind.Value == "string":
		n.Tag = tagString
	case isList(n):
		_, items := lookup(fragment, "items")
		for _, item := range n.Content {
			asText(item, items)
		}
	case isMapping(n):
		_, properties := lookup(fragment, "properties")
		_, others := lookup(fragment, "additionalProperties")
		for i := 0; i+1 < len(n.Content); i += 2 {
			_, f := lookup(properties, n.Content[i].Value)
			if f == nil {
				f = others
			}
			asText(n.Content[i+1], f)
		}
	}
}

// ParseParamFile reads a file of params: a mapping of names to values, in YAML or
// JSON. No value is in a diagnostic.
func ParseParamFile(path string, src []byte) ([]Given, Diagnostics) {
	c := newChecker(path, readableJSON(src), Options{})
	ok := c.checkBytes()
	if ok {
		root := c.parseYAML()
		if ok = root != nil && c.walk(root); ok {
			c.root = root.Content[0]
		}
	}
	var given []Given
	if ok && !isMapping(c.root) {
		c.at(c.root, ruleType, "write name: value, one for each param", "a file of params must be a mapping of names to values")
	}
	if ok {
		c.pairs(c.root, func(key, value *node) {
			pos := c.src.pos(value.Line, value.Column)
			given = append(given, Given{Name: key.Value, Value: dataOf(value), Typed: true, Origin: path, Pos: pos})
		})
	}
	ds := c.diagnostics()
	for i := range ds {
		ds[i].Line, ds[i].lineCol = "", 0
		if strings.HasPrefix(ds[i].Message, tooLargeNumber) {
			ds[i].Message, ds[i].Help = "this number is too large to be kept exactly", "give a smaller one, or text in quotes for a param of type string"
		} else if safe, ok := withoutValue[ds[i].Rule]; ok {
			ds[i].Message, ds[i].Help = safe[0], safe[1]
		}
	}
	if ds.Errors() {
		return nil, ds
	}
	return given, ds
}

// withoutValue are the messages that would tell a value, without it.
var withoutValue = map[string][2]string{
	ruleAmbiguous: {"this unquoted value is one thing to some YAML tools and another to others", "put it in quotes"},
	ruleTag:       {"tags are not used in files of params", "remove the tag, or put the value in quotes"},
	ruleKey:       {"a key must be text", "put it in quotes"},
	ruleAlias:     {"this alias is inside the value it stands for", "write the value out"},
	ruleMerge:     {"merge keys (<<) are not used in files of params", "write the keys out"},
	ruleType:      {"a file of params must be a mapping of names to values", "write name: value, one for each param"},
}
