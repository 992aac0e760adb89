package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// quickJSON is the length of a text that is decoded as a whole: what it can
// become is small.
const quickJSON = 4 << 10

// fromJSON reads JSON within the bounds of the evaluation. A text can be a
// hundred times smaller than what it becomes, so it is read piece by piece.
func (m *machine) fromJSON(text string) (any, error) {
	if err := m.tick(len(text) / 16); err != nil {
		return nil, err
	}
	if len(text) <= quickJSON {
		if err := m.allocate(16 * len(text)); err != nil {
			return nil, err
		}
		v, err := DecodeJSON([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("fromJSON: %w", err)
		}
		return v, nil
	}
	d := &jsonReader{m: m, d: json.NewDecoder(strings.NewReader(text))}
	d.d.UseNumber()
	v, err := d.value(0)
	if err == nil {
		if _, e := d.d.Token(); e != io.EOF {
			err = fmt.Errorf("something follows the JSON text")
		}
	}
	if _, limit := err.(*limitError); limit || err == nil {
		return v, err
	}
	return nil, fmt.Errorf("fromJSON: %w", jsonError(err))
}

type jsonReader struct {
	m *machine
	d *json.Decoder
}

// use counts a value of n bytes. Unlike other values what JSON becomes may be
// larger than a result: it is the text of it that is bounded.
func (r *jsonReader) use(n int) error {
	if r.m.bytes += n; r.m.bytes > maxAllocation {
		return &limitError{fmt.Sprintf("the JSON text holds too many values: stopped after %d bytes", maxAllocation)}
	}
	return r.m.tick(4)
}

func (r *jsonReader) value(depth int) (any, error) {
	token, err := r.d.Token()
	if err != nil {
		if err == io.EOF && depth > 0 {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return r.rest(token, depth)
}

// rest reads what follows the first token of a value.
func (r *jsonReader) rest(token json.Token, depth int) (any, error) {
	if depth > maxNesting {
		return nil, &limitError{fmt.Sprintf("the JSON text is nested more than %d deep", maxNesting)}
	}
	switch t := token.(type) {
	case json.Number:
		if err := r.use(elementBytes); err != nil {
			return nil, err
		}
		return parseNumber(string(t))
	case string:
		return t, r.use(elementBytes + len(t))
	case json.Delim:
		if t == '[' {
			return r.list(depth)
		}
		return r.mapping(depth)
	}
	return token, r.use(elementBytes)
}

func (r *jsonReader) list(depth int) (any, error) {
	list := []any{}
	if err := r.use(2 * elementBytes); err != nil {
		return nil, err
	}
	for r.d.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := r.d.Token()
	return list, unexpected(err)
}

func (r *jsonReader) mapping(depth int) (any, error) {
	out := map[string]any{}
	if err := r.use(mapBytes); err != nil {
		return nil, err
	}
	for r.d.More() {
		token, err := r.d.Token()
		if err != nil {
			return nil, unexpected(err)
		}
		key, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("a key is not a string")
		}
		if err := r.use(entryBytes + len(key)); err != nil {
			return nil, err
		}
		if out[key], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := r.d.Token()
	return out, unexpected(err)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// toJSON writes JSON within the bounds of the evaluation.
func (m *machine) toJSON(v any) (any, error) {
	w := jsonWriter{m: m}
	if err := w.value(v, 0); err != nil {
		return nil, err
	}
	if err := m.allocate(len(w.out)); err != nil {
		return nil, err
	}
	if w.secret {
		return SecretText{string(w.out)}, nil
	}
	return string(w.out), nil
}
