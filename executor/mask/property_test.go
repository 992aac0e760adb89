package mask

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// encoders are ways to write a text that are not this package's own.
var encoders = map[string]func(string) string{
	"plain": func(s string) string { return s },
	"json": func(s string) string {
		b, _ := json.Marshal(s)
		return string(b)
	},
	"json, not for HTML": func(s string) string {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(s)
		return b.String()
	},
	"json in json": func(s string) string {
		inner, _ := json.Marshal(s)
		b, _ := json.Marshal(string(inner))
		return string(b)
	},
	"quote":          strconv.Quote,
	"quote to ASCII": strconv.QuoteToASCII,
	"query":          url.QueryEscape,
	"path":           url.PathEscape,
	"query, lower": func(s string) string {
		return lowerEscapes(url.QueryEscape(s))
	},
	"html": html.EscapeString,
	"xml": func(s string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(s))
		return b.String()
	},
	"shell":       func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" },
	"csv":         func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` },
	"hex":         func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":         func(s string) string { return fmt.Sprintf("%X", s) },
	"hex, spaced": func(s string) string { return fmt.Sprintf("% x", s) },
	"xxd -p": func(s string) string {
		return wrap(hex.EncodeToString([]byte(s)), 60, "\n") + "\n"
	},
	"base64":           func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64, URL":      func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"base64, lines":    func(s string) string { return wrap(base64.StdEncoding.EncodeToString([]byte(s)), 76, "\n") },
	"base64, odd line": func(s string) string { return wrap(base64.StdEncoding.EncodeToString([]byte(s)), 41, "\r\n") },
	"base64 in a URL":  func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) },
}

func lowerEscapes(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c == '%' {
			copy(b[i:], strings.ToLower(s[i:i+3]))
		}
	}
	return string(b)
}

var encoderNames = func() (names []string) {
	for name := range encoders {
		names = append(names, name)
	}
	return names
}()

// secretValue draws values of all kinds: few letters, so that they overlap
// themselves and each other, everything that has to be escaped somewhere, text.
func secretValue() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[ab]{6,20}`),
		rapid.StringMatching(`[A-Za-z0-9+/_-]{6,300}`),
		rapid.StringMatching(`[!-~]([ -~]{4,60})[!-~]`),
		rapid.StringMatching(`[%+&'"\\/ab]{6,12}`),
		rapid.StringMatching(`[äöü€𝄞a-c]{6,90}`),
		rapid.StringMatching(`[a-z]{6,9}(\n[a-z]{0,80}){1,6}\n[a-z]{6,9}`),
	)
}

// hidden fails if a part of the secret that should not be seen is in text. One
// with a star may come about where stars are put in.
func hidden(t interface{ Fatalf(string, ...any) }, text, secret string) {
	for _, line := range append(strings.Split(secret, "\n"), secret) {
		if line = strings.TrimSpace(line); len(line) >= MinLength && !strings.Contains(line, "*") && strings.Contains(text, line) {
			t.Fatalf("%q is in %q", line, text)
		}
	}
}

// Encoded by others, with anything before and behind it, a secret is not seen.
func TestEncodersAreSeenThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := secretValue().Filter(func(s string) bool { return len(strings.TrimSpace(s)) == len(s) }).Draw(t, "secret")
		name := rapid.SampledFrom(encoderNames).Draw(t, "encoder")
		encode := encoders[name]
		m := masker(t, secret)
		before, kept := "", 0 // what is encoded with it, and what is left of that
		if strings.HasPrefix(name, "base64") || strings.HasPrefix(name, "xxd") {
			n := rapid.IntRange(0, 70).Draw(t, "before")
			before, kept = strings.Repeat("x", n), 8*n/6
			if name == "xxd -p" {
				kept = 2 * n
			}
		}
		text := encode(before + secret)
		got := stream(m, cuts(t, text))
		flat := strings.NewReplacer("\n", "", "\r", "", "=", "", "%3D", "", Stars, "")
		left, encoded := flat.Replace(got), flat.Replace(text)
		if kept > 0 {
			if left != encoded[:kept] {
				t.Fatalf("%s: of %q is left %q", name, text, got)
			}
			return
		}
		left = strings.Trim(left, `"'\ `)
		if len(secret) > pieceMax || strings.Contains(secret, "\n") {
			left = strings.Trim(left, `n0axA&#;% `) // line breaks between the parts
		}
		if left != "" {
			t.Fatalf("%s: of %q is left %q", name, text, got)
		}
	})
}

// cuts draws a way to cut text into writes.
func cuts(t *rapid.T, text string) (writes []string) {
	sizes := rapid.SliceOfN(rapid.IntRange(1, 40), 1, 8).Draw(t, "sizes")
	for i := 0; len(text) > 0; i++ {
		n := min(sizes[i%len(sizes)], len(text))
		writes, text = append(writes, text[:n]), text[n:]
	}
	return writes
}

// someText draws text with secrets, parts of them and other things.
func someText(t *rapid.T, secrets []string) string {
	var b strings.Builder
	for range rapid.IntRange(1, 8).Draw(t, "parts") {
		secret := rapid.SampledFrom(secrets).Draw(t, "secret")
		part := encoders[rapid.SampledFrom(encoderNames).Draw(t, "encoder")](secret)
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			b.WriteString(part)
		case 1:
			b.WriteString(part[:rapid.IntRange(0, len(part)).Draw(t, "end")])
		case 2:
			b.WriteString(part[rapid.IntRange(0, len(part)).Draw(t, "start"):])
		default:
			b.WriteString(rapid.StringMatching(`[ab%+&'"\\/A-Z0-9\n =]{0,50}`).Draw(t, "other"))
		}
	}
	return b.String()
}

// What comes out must not depend on the cuts, nor on silence but for a few
// bytes.
func TestCutsDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(secretValue(), 1, 4).Draw(t, "secrets")
		m := masker(t, secrets...)
		text := someText(t, secrets)
		whole := m.String(text)
		if got := stream(m, cuts(t, text)); got != whole {
			t.Fatalf("of   %q\ngot  %q\nwant %q", text, got, whole)
		}
		for _, s := range secrets {
			hidden(t, whole, s)
		}
		if _, found := m.Find(text); found != (whole != text) {
			t.Fatalf("Find says %v of %q, which becomes %q", found, text, whole)
		}
	})
}

// With a silence between any two writes no more than a few bytes of a secret
// are seen of it, and it takes no more memory.
func TestSilenceShowsLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(secretValue(), 1, 4).Draw(t, "secrets")
		m := masker(t, secrets...)
		text := someText(t, secrets)
		var got strings.Builder
		w := m.Writer(func(p []byte) { got.Write(p) })
		for _, s := range cuts(t, text) {
			_, _ = w.Write([]byte(s))
			w.FlushIdle()
			if len(w.held) > 14*pieceMax {
				t.Fatalf("%d bytes are held back", len(w.held))
			}
		}
		w.Flush()
		for _, s := range secrets {
			hidden(t, got.String(), s)
		}
	})
}

// Nor is more than three bytes seen of one that is printed slowly as a whole.
func TestSlowSecret(t *testing.T) {
	shows := map[string]int{"plain": 4, "hex": 8, "HEX": 8, "base64": 6, "query": 4, "shell": 5} // four bytes
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9]{12,300}`).Draw(t, "secret")
		name := rapid.SampledFrom([]string{"plain", "hex", "HEX", "base64", "query", "shell"}).Draw(t, "encoder")
		text := encoders[name](secret)
		var got strings.Builder
		w := masker(t, secret).Writer(func(p []byte) { got.Write(p) })
		for _, s := range append(cuts(t, "> "+text), " <") {
			_, _ = w.Write([]byte(s))
			w.FlushIdle()
		}
		w.Flush()
		if seen := text[:shows[name]]; strings.Contains(got.String(), seen) || strings.Trim(got.String()[min(2+shows[name], got.Len()):], "*'= <") != "" {
			t.Fatalf("of %q is left %q", text, got.String())
		}
	})
}

// Text that holds no secret is not changed.
func TestOtherTextPasses(t *testing.T) {
	m, err := New(manySecrets(100, 30))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := someText(t, []string{"another secret", "s3cr3t-Tok/en+42", quoted})
		if got := stream(m, cuts(t, text)); got != text {
			t.Fatalf("got  %q\nwant %q", got, text)
		}
	})
}
