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

// excluded tells of a step that has several commands, at the second; of three it
// is called twice, and equal diagnostics count once.
func (s *structure) excluded(v schema.Violation) {
	pointer := v.Pointer[:len(v.Pointer)-1]
	_, step := descend(s.root, pointer)
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
