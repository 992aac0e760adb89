package runbook

import (
	"fmt"
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
	s := structure{checker: c, intended: map[*node]string{}, double: map[*node]bool{}}
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

// structure turns violations into diagnostics.
type structure struct {
	*checker
	intended map[*node]string // unknown keys, and what each was meant to be
	double   map[*node]bool   // steps that were told to have two commands
}

func (s *structure) violations(prefix []string, vs []schema.Violation) {
	for i := range vs {
		if len(prefix) > 0 {
			vs[i].Pointer = append(slices.Clone(prefix), vs[i].Pointer...)
		}
	}
	// Unknown keys first: they explain missing ones.
	for _, v := range vs {
		if v.Keyword == schema.Unknown {
			s.unknown(v)
		}
	}
	for _, v := range vs {
		key, value := descend(s.root, v.Pointer)
		if value == nil || s.flagged[value] && v.Keyword != schema.Missing {
			continue
		}
		switch v.Keyword {
		case schema.Unknown:
		case schema.Missing:
			s.missing(v, value)
		case schema.Excluded:
			s.excluded(v)
		case schema.WrongType:
			s.wrongType(v, key, value)
		case schema.NotOneOf:
			s.notOneOf(v, value)
		default:
			s.wrongForm(v, key, value)
		}
	}
}

func isStep(pointer []string) bool {
	return len(pointer) == 2 && slices.Contains(stepLists, pointer[0])
}

// owner is the key of later for a mapping.
func owner(pointer []string) string {
	switch {
	case isStep(pointer):
		return "step"
	case len(pointer) > 0:
		return pointer[len(pointer)-1]
	}
	return ""
}

func (s *structure) unknown(v schema.Violation) {
	_, holder := descend(s.root, v.Pointer)
	for _, name := range v.Keys {
		key, _ := lookup(holder, name)
		if key == nil || s.flagged[key] {
			continue
		}
		where := s.place(v.Pointer)
		if len(v.Allowed) == 0 {
			s.at(key, ruleEnv, "use letters, digits and _, and begin with no digit", "%q is no name for an environment variable", shorten(name))
			continue
		}
		if slices.Contains(later[owner(v.Pointer)], name) {
			s.intended[key] = name
			s.at(key, ruleUnknownKey, "remove it; see runbook explain for the keys there are", "the key %q is not supported by this version", name)
			continue
		}
		help := "its keys are " + strings.Join(v.Allowed, ", ")
		if word := meant(name, v.Allowed); word != "" {
			s.intended[key] = word
			help = didYouMean(word)
		}
		s.at(key, ruleUnknownKey, help, "unknown key %q in %s", shorten(name), where)
	}
}

// meantAs reports whether a mapping has an unknown key that was meant to be name.
func (s *structure) meantAs(holder *node, names ...string) bool {
	for i := 0; i+1 < len(holder.Content); i += 2 {
		if word := s.intended[holder.Content[i]]; word != "" && slices.Contains(names, word) {
			return true
		}
	}
	return false
}

func (s *structure) missing(v schema.Violation, holder *node) {
	where := s.place(v.Pointer)
	if isStep(v.Pointer) && slices.Equal(v.Keys, []string{"aws_cli"}) {
		// The last branch of the schema's choice of commands: there is none.
		if !s.meantAs(holder, append(commands, "uses")...) {
			s.at(holder, ruleCommand, "give it one of "+oneOf(commands), "%s has no command", where)
		}
		return
	}
	if merge, _ := lookup(holder, "<<"); merge != nil && s.flagged[merge] {
		return // what is missing was meant to come from there
	}
	for _, name := range v.Keys {
		if s.meantAs(holder, name) {
			continue
		}
		help := ""
		if key, err := schema.Explain(strings.Join(append(slices.Clone(v.Pointer), name), ".")); err == nil {
			help = fmt.Sprintf("add %s: %s", name, key.Title)
		}
		s.at(holder, ruleMissingKey, help, "%s has no %q", where, name)
	}
}

// excluded tells once of a step that has several commands, at the second.
func (s *structure) excluded(v schema.Violation) {
	pointer := v.Pointer[:len(v.Pointer)-1]
	_, step := descend(s.root, pointer)
	if step == nil || s.double[step] {
		return
	}
	s.double[step] = true
	var keys []*node
	var names []string
	for i := 0; i+1 < len(step.Content); i += 2 {
		if k := step.Content[i]; slices.Contains(commands, k.Value) && !slices.Contains(names, strconv.Quote(k.Value)) {
			keys = append(keys, k)
			names = append(names, strconv.Quote(k.Value))
		}
	}
	if len(keys) < 2 {
		return
	}
	s.at(keys[1], ruleCommand, "keep one of them, and make a step of its own for each other",
		"%s has %d commands: %s", s.place(pointer), len(keys), listed(names, "and"))
}

func (s *structure) wrongType(v schema.Violation, key, value *node) {
	at := value
	if key != nil && isNull(value) && value.Value == "" {
		at = key // nothing is written that could be pointed at
	}
	s.flagged[value] = true
	s.at(at, ruleType, typeHelp(v, value), "%s must be %s, not %s", s.place(v.Pointer), v.Want, found(value))
}

// typeHelp is what to write where a value of another type is expected.
func typeHelp(v schema.Violation, n *node) string {
	name := ""
	if len(v.Pointer) > 0 {
		name = v.Pointer[len(v.Pointer)-1]
	}
	scalar := isScalar(n) && n.Value != "" && !isNull(n)
	quotes := isText(n) && !isPlain(n)
	switch {
	case isNull(n):
		return "give it a value, or remove the key"
	case strings.HasPrefix(v.Want, "a duration") && n.Tag == tagInt:
		return fmt.Sprintf("add a unit: %ss", n.Value)
	case name == "exec" && scalar:
		return "write exec: [" + strings.Join(strings.Fields(n.Value), ", ") + "], or use shell"
	case strings.HasPrefix(v.Want, "a list") && scalar && len(n.Value) < 60:
		return fmt.Sprintf("write %s: [%s]", name, n.Value)
	case strings.Contains(v.Want, "number") && quotes && wholeNumber.MatchString(n.Value):
		return "remove the quotes: " + n.Value
	case v.Want == "true or false" && quotes && (n.Value == "true" || n.Value == "false"):
		return "remove the quotes: " + n.Value
	case isPlain(n) && n.Tag != tagString && !strings.HasPrefix(v.Want, "a mapping") && !strings.HasPrefix(v.Want, "a list") && v.Want != "true or false":
		return fmt.Sprintf("quote it: %q", n.Value)
	}
	return ""
}

func (s *structure) notOneOf(v schema.Violation, n *node) {
	help := didYouMean(schema.Closest(n.Value, v.Allowed))
	s.at(n, ruleValue, help, "%s must be %s, not %s", s.place(v.Pointer), oneOf(v.Allowed), found(n))
}

func (s *structure) wrongForm(v schema.Violation, key, n *node) {
	at := n
	if key != nil && len(n.Content) == 0 && isList(n) {
		at = key
	}
	s.flagged[n] = true
	s.at(at, ruleValue, formHelp(v, n), "%s must be %s, not %s", s.place(v.Pointer), v.Want, emptyOr(n))
}

func emptyOr(n *node) string {
	if isList(n) && len(n.Content) == 0 {
		return "an empty list"
	}
	return found(n)
}

func formHelp(v schema.Violation, n *node) string {
	if isScalar(n) && n.Value != "" {
		switch {
		case strings.HasPrefix(v.Want, "a duration"):
			return durationHelp(n.Value)
		case strings.HasPrefix(v.Want, "an id"):
			return likeID(n.Value, "_")
		case strings.HasPrefix(v.Want, "a name"):
			return likeID(n.Value, "-")
		case strings.HasPrefix(v.Want, "a program") && strings.Contains(v.Want, "list"):
			return "write a list: [" + strings.Join(strings.Fields(n.Value), ", ") + "]"
		case v.Want == "the number 1":
			return "this program knows version 1 of the language"
		}
	}
	return ""
}

// durationHelp rewrites the units that people try.
func durationHelp(s string) string {
	digits := strings.TrimLeft(s, "0123456789")
	number, err := strconv.Atoi(s[:len(s)-len(digits)])
	if err != nil || number > 1_000_000 {
		return ""
	}
	switch strings.ToLower(strings.TrimSpace(digits)) {
	case "":
		return fmt.Sprintf("add a unit: %ds", number)
	case "d", "day", "days":
		return fmt.Sprintf("write %dh", number*24)
	case "ms", "msec", "millis", "millisecond", "milliseconds":
		return fmt.Sprintf("write %dms", number)
	case "s", "sec", "secs", "second", "seconds":
		return fmt.Sprintf("write %ds", number)
	case "m", "min", "mins", "minute", "minutes":
		return fmt.Sprintf("write %dm", number)
	case "h", "hr", "hrs", "hour", "hours":
		return fmt.Sprintf("write %dh", number)
	}
	return ""
}

// likeID offers the nearest text that is an id.
func likeID(s, joint string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z' || b.Len() > 0 && (r >= '0' && r <= '9' || r == '_' || joint == "-" && r == '-'):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), joint):
			b.WriteString(joint)
		}
	}
	word := strings.TrimRight(b.String(), joint)
	if word == "" {
		return ""
	}
	return "write " + word[:min(len(word), 63)]
}
