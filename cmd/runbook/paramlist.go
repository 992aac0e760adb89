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
	Const       json.RawMessage   `json:"const"`
	Pattern     string            `json:"pattern"`
	Items       *paramSchema      `json:"items"`
	UniqueItems bool              `json:"uniqueItems"`
	Required    []string          `json:"required"`
	paramBounds
}

// paramBounds are limits, as they are written in the schema.
type paramBounds struct {
	Minimum          json.Number `json:"minimum"`
	Maximum          json.Number `json:"maximum"`
	ExclusiveMinimum json.Number `json:"exclusiveMinimum"`
	ExclusiveMaximum json.Number `json:"exclusiveMaximum"`
	MultipleOf       json.Number `json:"multipleOf"`
	MinLength        json.Number `json:"minLength"`
	MaxLength        json.Number `json:"maxLength"`
	MinItems         json.Number `json:"minItems"`
	MaxItems         json.Number `json:"maxItems"`
}

func (b *paramBounds) words() (words []string) {
	for _, bound := range []struct {
		text  string
		limit json.Number
		unit  string
	}{
		{"at least ", b.Minimum, ""}, {"over ", b.ExclusiveMinimum, ""},
		{"at most ", b.Maximum, ""}, {"under ", b.ExclusiveMaximum, ""},
		{"a multiple of ", b.MultipleOf, ""},
		{"at least ", b.MinLength, "character"}, {"at most ", b.MaxLength, "character"},
		{"at least ", b.MinItems, "item"}, {"at most ", b.MaxItems, "item"},
	} {
		if bound.limit == "" {
			continue
		}
		limit := bound.limit.String()
		if n, err := bound.limit.Int64(); err == nil && bound.unit != "" {
			limit = plural(int(n), bound.unit)
		}
		words = append(words, bound.text+limit)
	}
	return words
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
	if s.Const != nil {
		x, _ := plan.DecodeJSON(s.Const)
		return quote(valueText(x))
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
		if strings.Contains(text, ", ") {
			text = "array of (" + s.Items.words() + ")"
		}
	}
	if s.Pattern != "" {
		text += " that matches " + s.Pattern
	}
	words := append([]string{text}, s.paramBounds.words()...)
	if s.UniqueItems {
		words = append(words, "no item twice")
	}
	if len(s.Required) > 0 {
		words = append(words, "with "+strings.Join(s.Required, ", "))
	}
	return strings.Join(words, ", ")
}

// explainParams lists the params of a runbook.
func (c *cli) explainParams(file, output string, load *loadFlags) error {
	rb, err := c.load(file, load)
	if err != nil {
		return err
	}
	return c.writeAs(output, paramsJSON(rb), func(w io.Writer) error {
		printParams(w, c.paint(c.stdout), rb)
		return nil
	})
}

// A paramJSON is a contract: keys may be added, those here stay.
type paramJSON struct {
	Name     string          `json:"name"`
	Schema   json.RawMessage `json:"schema,omitempty"`
	Env      string          `json:"env,omitempty"` // the variable that it is taken from
	Required bool            `json:"required"`
	Default  any             `json:"default,omitempty"`
}

func paramsJSON(rb *runbook.Runbook) []paramJSON {
	list := []paramJSON{}
	for _, p := range rb.Params() {
		list = append(list, paramJSON{p.Name, p.Schema, rb.ParamVariable(p.Name), !p.Set, p.Value})
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
		if name := rb.ParamVariable(param.Name); name != "" {
			text += ", or the variable " + name
		}
		fmt.Fprintf(w, "  %s  %s\n", p.cyan(param.Name), text)
		if s.Description != "" {
			fmt.Fprintln(w, wrap(sink.Escape(strings.TrimSpace(s.Description)), 78, "      "))
		}
	}
}
