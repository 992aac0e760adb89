package runbook

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/cloudops-run/runbook/schema"
)

// checkStructure checks the tree against the schema and says what is wrong in
// plain words. It is false where there is no mapping to go on with.
func (c *checker) checkStructure() bool {
	if schema.Accepts(value{c.root}) {
		return true
	}
	s := structure{checker: c, intended: map[*node]string{}}
	s.violations(nil, schema.Check(c.outline()))
	// Steps are alike and may be many: one after the other they need not all be
	// in memory in another form.
	for _, list := range stepLists {
		_, steps := lookup(c.root, list)
		if !isList(steps) {
			continue
		}
		for i := 1; i < len(steps.Content) && !c.full(); i++ {
			if schema.AcceptsStep(value{steps.Content[i]}) {
				continue
			}
			if vs := schema.CheckStep(plain(steps.Content[i])); vs != nil {
				s.violations([]string{list, strconv.Itoa(i)}, vs)
			}
		}
	}
	c.intended = s.intended
	return isMapping(c.root)
}

// outline is the document as the validator wants it, with only the first step of
// each list.
func (c *checker) outline() any {
	if !isMapping(c.root) {
		return plain(c.root)
	}
	doc := make(map[string]any, len(c.root.Content)/2)
	for i := 0; i+1 < len(c.root.Content); i += 2 {
		k, v := c.root.Content[i], c.root.Content[i+1]
		if _, ok := doc[k.Value]; ok || !isScalar(k) {
			continue
		}
		if isList(v) && len(v.Content) > 1 && slices.Contains(stepLists, k.Value) {
			doc[k.Value] = []any{plain(v.Content[0])}
			continue
		}
		doc[k.Value] = plain(v)
	}
	return doc
}

// value is a node as the schema looks at it.
type value struct{ *node }

func (v value) Kind() schema.Kind {
	switch v.node.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(v.Content); i += 2 {
			if !isScalar(v.Content[i]) {
				return schema.Other
			}
		}
		return schema.Mapping
	case yaml.SequenceNode:
		return schema.List
	}
	switch v.Tag {
	case tagString:
		return schema.String
	case tagInt:
		return schema.Int
	case tagFloat:
		if !isNotFinite(v.Value) {
			return schema.Float
		}
	case tagBool:
		return schema.Bool
	case tagNull:
		return schema.Null
	}
	return schema.Other
}

func (v value) Text() string { return v.Value }

func (v value) Len() int {
	if v.node.Kind == yaml.MappingNode {
		return len(v.Content) / 2
	}
	return len(v.Content)
}

func (v value) Key(i int) string { return v.Content[2*i].Value }

func (v value) At(i int) schema.Value {
	if v.node.Kind == yaml.MappingNode {
		return value{v.Content[2*i+1]}
	}
	return value{v.Content[i]}
}

// plain is a node as encoding/json would have it. Of duplicate keys the first
// counts.
func plain(n *node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if _, ok := m[k.Value]; !ok && isScalar(k) {
				m[k.Value] = plain(n.Content[i+1])
			}
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			list[i] = plain(item)
		}
		return list
	}
	switch n.Tag {
	case tagInt:
		if i, err := wholeOf(n); err == nil {
			return int(i)
		}
	case tagFloat:
		if f, err := floatOf(n); err == nil && !isNotFinite(n.Value) {
			return f
		}
	case tagBool:
		return strings.EqualFold(n.Value, "true")
	case tagNull:
		return nil
	}
	return n.Value
}
