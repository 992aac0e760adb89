package runbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudops-run/runbook/schema"
)

// structure turns violations into diagnostics.
type structure struct {
	*checker
	intended map[*node]string // unknown keys, and what each was meant to be
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
		if s.merged(v.Pointer) {
			continue // that a key merges is what is wrong
		}
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

// merged reports whether a place is behind a merge key, of which was told.
func (s *structure) merged(pointer []string) bool {
	i := slices.Index(pointer, "<<")
	if i < 0 {
		return false
	}
	key, _ := descend(s.root, pointer[:i+1])
	return key != nil && s.flagged[key]
}

func isStep(pointer []string) bool {
	return len(pointer) == 2 && slices.Contains(stepLists, pointer[0])
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
			s.badName(key, v.Pointer)
			if _, value := lookup(holder, name); value != nil {
				s.flagged[value] = true
			}
			continue
		}
		if name == "$ref" || name == "$defs" || name == "allOf" || name == "anyOf" || name == "oneOf" {
			s.at(key, ruleUnknownKey, "write out what the param may be", "params are declared in one piece, without %q", name)
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
	if with, _ := lookup(holder, "with"); with != nil && isStep(v.Pointer) && slices.Equal(v.Keys, []string{"uses"}) && hasAny(holder, commands) {
		s.at(with, ruleCommand, "remove it, or include a runbook with uses", `"with" has a meaning only in a step with uses`)
		return
	}
	if choice := lastChoice(v); choice != nil {
		if uses, _ := lookup(holder, "uses"); uses != nil && s.flagged[uses] {
			return
		}
		if !s.meantAs(holder, choice...) {
			s.at(holder, ruleCommand, "give it one of "+oneOf(choice), "%s has no %s", where, choiceNoun(choice))
		}
		return
	}
	if merge, _ := lookup(holder, "<<"); merge != nil && s.flagged[merge] {
		return // what is missing was meant to come from there
	}
	for _, name := range v.Keys {
		if ref, _ := lookup(holder, "$ref"); s.meantAs(holder, name) || ref != nil && s.flagged[ref] {
			continue
		}
		help := ""
		if key, err := schema.Explain(strings.Join(append(slices.Clone(v.Pointer), name), ".")); err == nil {
			help = fmt.Sprintf("add %s: %s", name, key.Title)
		}
		s.at(holder, ruleMissingKey, help, "%s has no %q", where, name)
	}
}

func hasAny(m *node, keys []string) bool {
	return slices.ContainsFunc(keys, func(name string) bool { key, _ := lookup(m, name); return key != nil })
}

// lastChoice is what one of must be there, where the schema names only the last.
func lastChoice(v schema.Violation) []string {
	if len(v.Keys) != 1 {
		return nil
	}
	switch v.Keys[0] {
	case "uses":
		if isStep(v.Pointer) {
			return append(slices.Clone(commands), "uses")
		}
	case "aws_cli":
		return commands
	case "expect":
		return append(slices.Clone(commands), "expect")
	case "exec":
		return sources
	case "matrix":
		return loops
	}
	return nil
}

func choiceNoun(choice []string) string {
	switch choice[0] {
	case "env":
		return "source"
	case "in":
		return "items"
	}
	return "command"
}

// badName tells of a key that is no name.
func (s *structure) badName(key *node, pointer []string) {
	name := key.Value
	if pointer[len(pointer)-1] == "env" {
		s.at(key, ruleEnv, "use letters, digits and _, and begin with no digit", "%q is no name for an environment variable", shorten(name))
		return
	}
	s.at(key, ruleValue, likeID(name, "_"), "a name in %s must be of lower-case letters, digits and _, beginning with a letter, at most 63 long, not %q", s.place(pointer), shorten(name))
}

// excluded tells of a step that has several commands, at the second; of three it
// is called twice, and equal diagnostics count once.
func (s *structure) excluded(v schema.Violation) {
	pointer, name := v.Pointer[:len(v.Pointer)-1], v.Pointer[len(v.Pointer)-1]
	_, holder := descend(s.root, pointer)
	choice := append(slices.Clone(commands), "uses")
	help := "keep one of them, and make a step of its own for each other"
	switch {
	case slices.Contains(loops, name):
		choice, help = loops, "keep one of them"
	case len(pointer) == 2 && pointer[0] == "secrets":
		choice, help = sources, "keep one of them"
	case !isStep(pointer):
		help = "keep one of them"
	}
	if !slices.Contains(choice, name) {
		key, _ := lookup(holder, name)
		s.at(key, ruleCommand, "remove it, or give it to the steps of the included runbook", "%q has no meaning in a step with uses", name)
		return
	}
	var keys []*node
	var names []string
	for i := 0; i+1 < len(holder.Content); i += 2 {
		if k := holder.Content[i]; slices.Contains(choice, k.Value) && !slices.Contains(names, strconv.Quote(k.Value)) {
			keys = append(keys, k)
			names = append(names, strconv.Quote(k.Value))
		}
	}
	if len(keys) < 2 {
		return
	}
	noun := choiceNoun(choice) + "s"
	if choice[0] == "in" {
		noun = "lists of items"
	}
	s.at(keys[1], ruleCommand, help, "%s has %d %s: %s", s.place(pointer), len(keys), noun, listed(names, "and"))
}

// literalOnly tells of an expression where the schema has no place for one.
func (s *structure) literalOnly(v schema.Violation, n *node) bool {
	if !isScalar(n) || expressionAt(n.Value) < 0 {
		return false
	}
	s.flagged[n] = true
	s.interpolated(n, "write the value out; a literal ${{ is written $${{", "%s takes no expressions: it must be %s", s.place(v.Pointer), wanted(v))
	return true
}

func wanted(v schema.Violation) string {
	if v.Keyword == schema.NotOneOf {
		return oneOf(v.Allowed)
	}
	return v.Want
}

func (s *structure) wrongType(v schema.Violation, key, value *node) {
	if s.literalOnly(v, value) {
		return
	}
	at := value
	if key != nil && isNull(value) && value.Value == "" {
		at = key // nothing is written that could be pointed at
	}
	s.flagged[value] = true
	s.at(at, ruleType, typeHelp(v, value), "%s must be %s, not %s", s.place(v.Pointer), v.Want, found(value))
}

func (s *structure) notOneOf(v schema.Violation, n *node) {
	if s.literalOnly(v, n) {
		return
	}
	help := didYouMean(meant(n.Value, v.Allowed))
	s.at(n, ruleValue, help, "%s must be %s, not %s", s.place(v.Pointer), oneOf(v.Allowed), found(n))
}

func (s *structure) wrongForm(v schema.Violation, key, n *node) {
	if s.literalOnly(v, n) {
		return
	}
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
