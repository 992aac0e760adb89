package mask

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// cutAnywhere fails unless text becomes want however it is cut in two.
func cutAnywhere(t *testing.T, m *Masker, text, want string) {
	t.Helper()
	for at := range text {
		if got := stream(m, []string{text[:at], text[at:]}); got != want {
			t.Fatalf("of %q, cut at %d, is left %q, want %q", text, at, got, want)
		}
	}
}

// Whatever a secret begins with is found in every way to write it.
func TestFirstBytes(t *testing.T) {
	for c := rune(0); c < 128; c++ {
		if unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsSpace(c) {
			continue
		}
		checkFirst(t, string(c), unit(c)...)
		if ' ' < c {
			checkFirst(t, string(c), `\`+string(c))
		}
	}
	// Some escape letters and digits too.
	for _, c := range "a7Z" {
		for _, format := range []string{`\u%04x`, `\U%08x`, `\%03o`, `\\u%04x`, `\\%03o`, "%%%02x", "%%%02X", "&#%d;", "&#x%X;", "&#0%d;"} {
			way := func(text string) (all string) {
				for _, c := range text {
					all += fmt.Sprintf(format, c)
				}
				return all
			}
			cutAnywhere(t, masker(t, string(c)+"aBcdef"), "["+way(string(c))+"aBcdef]", "[***]")
			if !strings.HasPrefix(format, "%") { // that is read as hexadecimal, and the first % is left
				cutAnywhere(t, masker(t, string(c)+"aBcdef"), "["+way(string(c)+"aBcdef")+"]", "[***]")
			}
		}
	}
	for c, way := range map[string]string{"\a": `\a`, "\b": `\b`, "\x1b": `\e`, `"`: `""`, "'": `''`, "&": "&amp;", "<": "&lt;", ">": "&gt;", "\x00": `\0`} {
		checkFirst(t, c, way)
	}
	checkFirst(t, "\x1b", `\E`)
	checkFirst(t, `'`, `'\''`, `'"'"'`, "&apos;")
	checkFirst(t, `"`, "&quot;")
	for _, c := range "é€漢𝄞" {
		ways := []string{fmt.Sprintf(`\U%08x`, c), fmt.Sprintf(`\U%08X`, c), fmt.Sprintf("&#%d;", c), fmt.Sprintf("&#x%x;", c), fmt.Sprintf("&#x%X;", c)}
		for _, format := range []string{`\u%04x`, `\u%04X`} {
			way := ""
			for _, u := range utf16.Encode([]rune{c}) {
				way += fmt.Sprintf(format, u)
			}
			ways = append(ways, way)
		}
		for _, format := range []string{`\x%02x`, `\x%02X`, `\%03o`, "%%%02x", "%%%02X"} {
			way := ""
			for _, b := range []byte(string(c)) {
				way += fmt.Sprintf(format, b)
			}
			ways = append(ways, way)
		}
		checkFirst(t, string(c), ways...)
	}
	checkFirst(t, "\"\x01", `\"\u0001`, `\"\x01`, `\"\001`)
	// Behind a letter too, white space included.
	for _, c := range "\t \n\"\\%&+" {
		for _, way := range unit(c) {
			cutAnywhere(t, masker(t, "a"+string(c)+"bcdef"), "[a"+way+"bcdef]", "[***]")
		}
	}
}

// unit returns ways to write a byte with a number.
func unit(c rune) (ways []string) {
	for _, format := range []string{`\u%04x`, `\u%04X`, `\x%02x`, `\x%02X`, `\%03o`, "%%%02x", "%%%02X", "&#%d;", "&#0%d;", "&#x%x;", "&#x%X;", "&#X%X;", "&#x0%x;", "&#x00%X;"} {
		ways = append(ways, fmt.Sprintf(format, c))
	}
	return ways
}

func checkFirst(t *testing.T, c string, ways ...string) {
	t.Helper()
	once, twice := masker(t, c+"aBcdef"), masker(t, c+c+"aBcdef")
	for _, way := range ways {
		cutAnywhere(t, once, "["+way+"aBcdef]", "[***]")
		cutAnywhere(t, twice, "["+way+way+"aBcdef]", "[***]")
	}
}

// Base64 is found wherever a line of it ends, and at all shifts.
func TestLineBreaks(t *testing.T) {
	const secret = "Kq3-secret-Zw"
	m := masker(t, secret, `\nis this a line break?`, "\\Kq3 neither")
	for before := range 3 {
		for _, end := range breaks {
			for width := 48 - len(secret); width < 74; width++ {
				plain := strings.Repeat("x", 33+before) + secret
				code := base64.RawStdEncoding.EncodeToString([]byte(plain))
				kept := wrap(code, width, end)[:8*(33+before)/6]
				if width <= len(kept) {
					kept = code[:width] + end + code[width:len(kept)]
				}
				cutAnywhere(t, m, wrap(code, width, end), kept+Stars)
			}
		}
	}
}

func TestRowsOfHex(t *testing.T) {
	const secret = "Kq3-secret-Zw"
	m := masker(t, secret)
	for before := 0; before < 16; before++ {
		text := strings.Repeat("?", before) + secret
		od := ""
		for row := text; row != ""; row = row[min(16, len(row)):] {
			od += fmt.Sprintf(" % x\n", row[:min(16, len(row))])
		}
		cutAnywhere(t, m, od, " "+strings.Repeat("3f ", before)+"***\n")
	}
	for before := 0; before < 35; before++ {
		xxd := wrap(fmt.Sprintf("%x", strings.Repeat("?", before)+secret), 60, "\n")
		want := strings.Repeat("3f", before) + Stars
		if before > 30 {
			want = want[:60] + "\n" + want[60:]
		}
		if before == 30 {
			want = want[:60] + "\n" + Stars
		}
		cutAnywhere(t, m, xxd, want)
	}
}

// Every symbol of base64 is found at the beginning of a secret, escaped or not.
func TestSymbols(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	spell := []*strings.Replacer{
		strings.NewReplacer(),
		strings.NewReplacer("+", "-", "/", "_"),
		strings.NewReplacer("+", "%2B", "/", "%2F"),
		strings.NewReplacer("+", "%2b", "/", "%2f"),
		strings.NewReplacer("/", `\/`),
	}
	for range 300 {
		secret := make([]byte, 12)
		for i := range secret {
			if secret[i] = byte(r.Uint32()); r.IntN(2) == 0 {
				secret[i] |= 0xfb // more of + and /
			}
		}
		if len(strings.TrimSpace(string(secret))) != len(secret) {
			continue
		}
		m := masker(t, string(secret))
		before := make([]byte, r.IntN(3))
		for i := range before {
			before[i] = byte(r.Uint32())
		}
		code := base64.RawStdEncoding.EncodeToString(append(before, secret...))
		kept := 8 * len(before) / 6
		for _, s := range spell {
			cutAnywhere(t, m, s.Replace(code)+"%3D!", s.Replace(code[:kept])+"***%3D!")
		}
	}
}

// Padding belongs to the secret, but no = that cannot be padding.
func TestPadding(t *testing.T) {
	for secret, left := range map[string]string{"abcdef": "===", "abcdefg": "=", "abcdefgh": "=="} {
		text := base64.RawStdEncoding.EncodeToString([]byte(secret)) + "==="
		cutAnywhere(t, masker(t, secret), text, Stars+left)
	}
}

// drawLines returns a value made of parts with white space between them.
func drawLines(t *rapid.T, letters string, spaces ...string) string {
	var b strings.Builder
	for range rapid.IntRange(1, 12).Draw(t, "parts") {
		n := rapid.IntRange(6, 90).Draw(t, "length")
		b.WriteString(string([]rune(strings.Repeat(letters, n))[:n]))
		b.WriteString(rapid.SampledFrom(spaces).Draw(t, "space"))
	}
	return strings.TrimSpace(b.String())
}

// The pieces of a value are together all of it.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := drawLines(t, "aä€b𝄞", "", "\n", " \n\n", strings.Repeat(" ", 70))
		var n needles
		n.addPieces(value, 0)
		all := ""
		for _, x := range n.list {
			if len(x.text) > pieceMax || !utf8.ValidString(x.text) || strings.TrimLeft(x.text, " \n") != x.text {
				t.Fatalf("piece %q", x.text)
			}
			all += x.text
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squeeze(all) != squeeze(value) {
			t.Fatalf("got %q, want %q", all, value)
		}
	})
	for n := 10; n < 300; n++ { // a line break may be just where a piece ends
		value := strings.Repeat("a", n) + "\n" + strings.Repeat("b", n)
		if got := masker(t, value).String("[" + value + "]"); got != "[***]" {
			t.Fatalf("of two lines of %d is left %q", n, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		value := drawLines(t, "abcdefg", "", "\n")
		if got := masker(t, value).String("[" + value + "]"); got != "[***]" {
			t.Fatalf("of %q is left %q", value, got)
		}
	})
}
