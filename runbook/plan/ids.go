package plan

import "strings"

// PlainID is the id of a step as the runbooks have it: without the keys of loops.
func PlainID(id string) string {
	for {
		before, rest, found := strings.Cut(id, "[")
		if !found {
			return id
		}
		_, after, _ := strings.Cut(rest, "]/")
		if after == "" {
			return before
		}
		id = before + "/" + after
	}
}

// Inside reports whether an id is that of something inside of another step:
// outer[key], outer/inner.
func Inside(id, outer string) bool {
	rest, ok := strings.CutPrefix(id, outer)
	return ok && rest != "" && (rest[0] == '[' || rest[0] == '/')
}

// Covers reports whether a name that somebody gives, with the keys of loops or
// without, means the step with this id: it, or what it is inside of.
func Covers(name, id string) bool {
	plain := PlainID(id)
	return name == id || name == plain || Inside(id, name) || Inside(plain, name)
}
