package event

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A value is the same before and after any number of round trips, whatever type
// of Go it came in.
func TestCanonical(t *testing.T) {
	type word string
	shared := []any{int64(1), "x"}
	for _, test := range []struct{ in, want any }{
		{nil, nil}, {true, true}, {"", ""}, {word("w"), "w"},
		{2_000_000, int64(2_000_000)}, {int8(-1), int64(-1)}, {uint16(7), int64(7)}, {uint64(math.MaxUint64), float64(math.MaxUint64)},
		{2e6, int64(2_000_000)}, {0.5, 0.5}, {float32(0.5), 0.5}, {1e300, 1e300}, {math.MaxInt64, int64(math.MaxInt64)},
		{float64(1 << 62), int64(1 << 62)}, {float64(1 << 63), float64(1 << 63)}, {math.Copysign(0, -1), int64(0)},
		{json.Number("12"), int64(12)}, {json.Number("1.0"), int64(1)}, {json.Number("9223372036854775808"), float64(1 << 63)},
		{shared, shared}, {[]any{}, []any{}}, {[]any{nil, 1, []int{2}}, []any{nil, int64(1), []any{int64(2)}}},
		{[]string{"a"}, []any{"a"}}, {[2]int{1, 2}, []any{int64(1), int64(2)}},
		{map[string]any{"a": 1.0, "b": nil}, map[string]any{"a": int64(1), "b": nil}},
		{map[word]int{"a": 1}, map[string]any{"a": int64(1)}},
		{map[string]any{"a": []any{map[string]any{"b": 3}}}, map[string]any{"a": []any{map[string]any{"b": int64(3)}}}},
	} {
		got, err := Canonical(test.in)
		if err != nil || !cmp.Equal(got, test.want) {
			t.Errorf("%#v became %#v (%v), want %#v", test.in, got, err, test.want)
			continue
		}
		text, err := json.Marshal(Event{Outputs: Values{"v": got}, Items: []Item{{Value: got}}})
		if err != nil {
			t.Fatal(err)
		}
		var back Event
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(back.Outputs["v"], got) || !cmp.Equal(back.Items[0].Value, got) {
			t.Errorf("%#v became %#v and %#v by way of %s", got, back.Outputs["v"], back.Items[0].Value, text)
		}
	}
	for _, bad := range []any{math.NaN(), math.Inf(-1), json.Number("1e999"), map[int]int{}, make(chan int), []any{math.Inf(1)}, map[string]any{"a": func() {}}} {
		if v, err := Canonical(bad); err == nil {
			t.Errorf("%T became %#v", bad, v)
		}
	}
}

// What is given is not changed: it may belong to somebody else.
func TestCanonicalCopies(t *testing.T) {
	list, in := []any{1}, map[string]any{"a": 1}
	if _, err := Canonical([]any{list, in}); err != nil {
		t.Fatal(err)
	}
	if list[0] != 1 || in["a"] != 1 {
		t.Errorf("changed: %#v %#v", list, in)
	}
}

// One value has one text, or a journal could not be compared.
func TestValuesInOrder(t *testing.T) {
	e := Event{Type: Completed, Outputs: Values{}}
	for _, name := range []string{"j", "a", "c", "b", "i", "d", "h", "e", "g", "f"} {
		e.Outputs[name] = map[string]any{"y": nil, "x": nil}
	}
	first := string(e.AppendJSON(nil))
	for range 50 {
		if again := string(e.AppendJSON(nil)); again != first {
			t.Fatalf("%s\nthen\n%s", first, again)
		}
	}
}
