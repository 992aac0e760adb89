package state

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// An AmbiguousError says that several runs are meant.
type AmbiguousError struct {
	Ref        string
	Candidates []uuid.UUID // the newest first
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q is the beginning of %d runs' ids: write more of it", e.Ref, len(e.Candidates))
}

// Find returns the run that a person means: "last", an id or the beginning of
// one, or the name of a runbook, whose newest run it then is. The error is an
// [*AmbiguousError], or [ErrNotFound].
func (f *Folder) Find(ref string) (*Run, error) {
	ids, _, err := f.ids()
	if err != nil {
		return nil, err
	}
	if ref == "last" {
		if len(ids) == 0 {
			return nil, fmt.Errorf("%w: none is in the state folder %q", ErrNotFound, f.path)
		}
		return f.Run(ids[0])
	}
	switch found := beginning(ids, ref); len(found) {
	case 0:
	case 1:
		return f.Run(found[0])
	default:
		return nil, &AmbiguousError{ref, found}
	}
	if ref == "" {
		return nil, fmt.Errorf("%w: its name is empty", ErrNotFound)
	}
	named, _, err := f.List(Filter{Name: ref, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(named) == 0 && len(ref) < leastID && isHex(ref) {
		return nil, fmt.Errorf("%w: no runbook of the name %q was run, and of an id %d characters are needed", ErrNotFound, ref, leastID)
	}
	if len(named) == 0 {
		return nil, fmt.Errorf("%w: no id in the state folder %q begins with %q, and no runbook of that name was run", ErrNotFound, f.path, ref)
	}
	return named[0].Run, nil
}

// leastID is how much of an id must be there for it to be one.
const leastID = 4

// isHex reports whether a text may be the beginning of an id.
func isHex(ref string) bool { return strings.Trim(strings.ToLower(ref), "0123456789abcdef") == "" }

func beginning(ids []uuid.UUID, ref string) (found []uuid.UUID) {
	ref = strings.ToLower(ref)
	if len(ref) < leastID {
		return nil
	}
	for _, id := range ids {
		if strings.HasPrefix(id.String(), ref) {
			found = append(found, id)
		}
	}
	return found
}
