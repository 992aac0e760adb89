package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A paramSchema is what is told of a param.
type paramSchema struct {
	Type        any               `json:"type"`
	Description string            `json:"description"`
	Enum        []json.RawMessage `json:"enum"`
	Pattern     string            `json:"pattern"`
	Items       *paramSchema      `json:"items"`
}

func schemaOf(p plan.Param) paramSchema {
	var s paramSchema
	_ = json.Unmarshal(p.Schema, &s) // one that says nothing allows everything
	return s
}

// words say what a param takes.
func (s *paramSchema) words() string {
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			x, _ := plan.DecodeJSON(v)
			values[i] = quote(valueText(x))
		}
		return alternatives(values)
	}
	text := ""
	switch t := s.Type.(type) {
	case string:
		text = t
	case []any:
		var names []string
		for _, name := range t {
			names = append(names, fmt.Sprint(name))
		}
		text = alternatives(names)
	default:
		return "anything"
	}
	if s.Items != nil && text == "array" {
		text = "array of " + s.Items.words()
	}
	if s.Pattern != "" {
		text += " that matches " + s.Pattern
	}
	return text
}

// explainParams lists the params of a runbook.
func (c *cli) explainParams(file, output string, load *loadFlags) error {
	rb, err := c.load(file, load)
	if err != nil {
		return err
	}
	return c.write("", func(w io.Writer) error {
		if output == "json" {
			return encodeJSON(w, paramsJSON(rb))
		}
		printParams(w, c.paint(c.stdout), rb)
		return nil
	})
}

// A paramJSON is a contract: keys may be added, those here stay.
type paramJSON struct {
	Name     string          `json:"name"`
	Schema   json.RawMessage `json:"schema,omitempty"`
	Required bool            `json:"required"`
	Default  any             `json:"default,omitempty"`
}

func paramsJSON(rb *runbook.Runbook) []paramJSON {
	list := []paramJSON{}
	for _, p := range rb.Params() {
		list = append(list, paramJSON{p.Name, p.Schema, !p.Set, p.Value})
	}
	return list
}

func printParams(w io.Writer, p paint, rb *runbook.Runbook) {
	params := rb.Params()
	if len(params) == 0 {
		fmt.Fprintf(w, "%s takes no params\n", p.bold(sink.Escape(rb.Plan().Name)))
		return
	}
	fmt.Fprintf(w, "%s takes %s\n", p.bold(sink.Escape(rb.Plan().Name)), plural(len(params), "param"))
	for _, param := range params {
		s := schemaOf(param)
		text := sink.Escape(s.words())
		if param.Set {
			text += ", default " + quote(valueText(param.Value))
		} else {
			text += ", required"
		}
		fmt.Fprintf(w, "  %s  %s\n", p.cyan(param.Name), text)
		if s.Description != "" {
			fmt.Fprintln(w, wrap(sink.Escape(strings.TrimSpace(s.Description)), 78, "      "))
		}
	}
}
