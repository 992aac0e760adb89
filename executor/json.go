package executor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
)

// tagged is the JSON form of a closed union: an object whose "type" says which
// member it is, with the member's own fields beside it.
func tagged(kind string, member any) ([]byte, error) {
	fields, err := json.Marshal(member)
	if err != nil {
		return nil, err
	}
	b := append([]byte(`{"type":`), mustQuote(kind)...)
	if string(fields) != "{}" {
		b = append(b, ',')
	}
	return append(b, fields[1:]...), nil
}

func mustQuote(s string) []byte {
	b, _ := json.Marshal(s) // text always marshals
	return b
}

// untagged decodes the JSON form of a closed union with the decoder its "type"
// names; null is no member at all.
func untagged[U any](what string, b []byte, decoders map[string]func([]byte) (U, error)) (U, error) {
	var none U
	if string(bytes.TrimSpace(b)) == "null" {
		return none, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return none, fmt.Errorf("%s: want an object with a \"type\"", what)
	}
	var kind string
	if err := json.Unmarshal(fields["type"], &kind); err != nil {
		return none, fmt.Errorf("%s: the object has no \"type\"; want one of %s", what, words(decoders))
	}
	decode, ok := decoders[kind]
	if !ok {
		return none, fmt.Errorf("%s: type is %q, want one of %s", what, kind, words(decoders))
	}
	delete(fields, "type")
	rest, err := json.Marshal(fields)
	if err != nil {
		return none, err
	}
	member, err := decode(rest)
	if err != nil {
		return none, fmt.Errorf("%s of type %q: %w", what, kind, err)
	}
	return member, nil
}

// decodeAs decodes b into a member M of the union U.
func decodeAs[M any, U any](b []byte) (U, error) {
	var m M
	err := strictJSON(b, &m)
	return any(m).(U), err
}

// strictJSON decodes b and refuses fields that v does not have: a misspelt one
// would otherwise be lost without a word.
func strictJSON(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}

func words[V any](m map[string]V) string {
	quoted := make([]string, 0, len(m))
	for k := range m {
		quoted = append(quoted, fmt.Sprintf("%q", k))
	}
	sort.Strings(quoted)
	return strings.Join(quoted, ", ")
}
