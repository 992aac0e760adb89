package mask

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// escapers are ways to write one byte, or a character, as an encoder may that
// escapes whatever it likes. Those of a group are read by one decoder, so they may
// be mixed. Always are the bytes that cannot stand for themselves.
var escapers = map[string]struct {
	always string
	ways   []func(r rune) string
}{
	"percent": {"%+", []func(rune) string{
		func(r rune) string { return each("%%%02x", string(r)) },
		func(r rune) string { return each("%%%02X", string(r)) },
	}},
	"backslash": {`\`, []func(rune) string{
		utf16Escape,
		func(r rune) string { return strings.ReplaceAll(strings.ToUpper(utf16Escape(r)), "U", "u") },
		func(r rune) string { return fmt.Sprintf(`\U%08x`, r) },
		func(r rune) string { return each(`\x%02x`, string(r)) },
		func(r rune) string { return each(`\x%02X`, string(r)) },
		func(r rune) string { return each(`\%03o`, string(r)) },
	}},
	"characters": {`\`, []func(rune) string{
		func(r rune) string {
			if r > 0xff {
				return utf16Escape(r)
			}
			return fmt.Sprintf(`\x%02x`, r)
		},
		utf16Escape,
		func(r rune) string { return fmt.Sprintf(`\U%08x`, r) },
	}},
	"json in json": {`\"`, []func(rune) string{
		func(r rune) string { return strings.ReplaceAll(utf16Escape(r), `\`, `\\`) },
		func(r rune) string { return each(`\\x%02x`, string(r)) },
		func(r rune) string { return each(`\\%03o`, string(r)) },
	}},
	"reference": {"&", []func(rune) string{
		func(r rune) string { return fmt.Sprintf("&#%d;", r) },
		func(r rune) string { return fmt.Sprintf("&#x%x;", r) },
		func(r rune) string { return fmt.Sprintf("&#X%X;", r) },
		func(r rune) string { return fmt.Sprintf("&#%04d;", r) },
	}},
}

func each(format, s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func utf16Escape(r rune) string {
	if r < 0x10000 {
		return fmt.Sprintf(`\u%04x`, r)
	}
	r -= 0x10000
	return fmt.Sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
}

// An escape is seen wherever in a secret it stands.
func TestEscapesAnywhere(t *testing.T) {
	for _, secret := range []string{"jhunter2Z", "Kä€9%+&\\\"' x", "äx€ÿ9", "a\nb\tc d/e"} {
		runes := []rune(secret)
		m := masker(t, secret)
		for name, e := range escapers {
			for _, way := range e.ways {
				for set := range 1 << len(runes) {
					var b strings.Builder
					for i, r := range runes {
						if set>>i&1 != 0 || strings.ContainsRune(e.always, r) {
							b.WriteString(way(r))
						} else {
							b.WriteRune(r)
						}
					}
					if got := m.String("<" + b.String() + ">"); got != "<***>" {
						t.Fatalf("%s: of %q is left %q", name, b.String(), got)
					}
				}
			}
		}
	}
}

// So it is with several ways to escape in one secret, in any text around it, and
// in whatever writes it comes.
func TestMixedEscapes(t *testing.T) {
	names := []string{"characters", "percent", "backslash", "json in json", "reference"}
	rapid.Check(t, func(t *rapid.T) {
		secret := secretValue().Filter(func(s string) bool {
			return strings.TrimSpace(s) == s && len(s) <= pieceMax && !strings.Contains(s, "\n")
		}).Draw(t, "secret")
		e := escapers[rapid.SampledFrom(names).Draw(t, "kind")]
		var b strings.Builder
		for _, r := range secret {
			if strings.ContainsRune(e.always, r) || rapid.Bool().Draw(t, "escape") {
				b.WriteString(rapid.SampledFrom(e.ways).Draw(t, "way")(r))
			} else {
				b.WriteRune(r)
			}
		}
		m := masker(t, secret)
		if got := stream(m, cuts(t, "<"+b.String()+">")); got != "<***>" {
			t.Fatalf("of %q, which is %q, is left %q", b.String(), secret, got)
		}
	})
}
