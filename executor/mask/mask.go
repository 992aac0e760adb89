// Package mask keeps secrets out of what a step prints and of what is said
// about it.
//
// A [Masker] is made from the values of secrets and replaces them by [Stars],
// in text with [Masker.String] and in a stream with [Masker.Writer], which
// belongs right behind the process: what comes after it, logs, captures,
// outputs, events and errors, never sees a secret.
//
// A secret is found as a whole, and each of its lines that has at least
// [MinLength] bytes is found by itself, however the text is cut into writes,
//
//   - as it is;
//   - with the escapes of JSON, JSON within JSON, Go, C, Python, and of bash's
//     $'…', whichever bytes are escaped; of printf %q and double quotes;
//   - where the quotes in it are doubled, as SQL, YAML and CSV do, or put outside
//     of the single quotes of a shell;
//   - URL-escaped, with %20 or + for a space, whichever bytes are escaped;
//   - with the character references of XML and HTML, whichever characters are so;
//   - in hexadecimal, with or without spaces, colons or dashes between the bytes,
//     and in lines of at least 30 characters;
//   - in base64, of either alphabet, padded or not, URL-escaped or not, also
//     where the secret is only a part of what was encoded, and in lines of at
//     least 30 characters.
//
// A value of more than 128 bytes is looked for in pieces, so that the first half
// of it is found too.
//
// Masking is a net, not a proof. It does not see a secret that is compressed,
// encrypted, cut in parts, encoded in two ways, in base32, in a dump with addresses
// or between the characters of other text: a step that wants to tell one can print
// it backwards.
package mask

import (
	"fmt"
	"strings"
)

// Stars is what a secret is replaced by. Secrets that overlap or touch are
// replaced together.
const Stars = "***"

// MinLength is how many bytes a secret has at least, the white space around it
// not counted. Shorter ones would be found in everything.
const MinLength = 6

// A Secret is a value to be hidden. Formatting one with fmt shows its name only.
type Secret struct {
	Name  string // for messages
	Value string `json:"-"`
}

// Format implements [fmt.Formatter].
func (s Secret) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "%s=%s", s.Name, Stars) }

// A Masker knows what to hide. It does not change and may be used by several
// goroutines. Nil and the zero value know no secret and change nothing.
type Masker struct {
	secrets []Secret
	needles needles
	filter  filter
}

// New returns a Masker for the secrets. It refuses a value that is too short to
// be hidden, with an error that names the secret and does not show it.
func New(secrets []Secret) (*Masker, error) {
	m := &Masker{secrets: append([]Secret(nil), secrets...)}
	for i, s := range m.secrets {
		if len(strings.TrimSpace(s.Value)) < MinLength {
			return nil, fmt.Errorf("secret %q is shorter than %d bytes, white space around it not counted: it could not be told from ordinary output; make it longer, or pass it as a parameter if it is no secret", s.Name, MinLength)
		}
		m.needles.add(s.Value, i)
	}
	m.needles.sort()
	m.filter = newFilter(m.needles.list)
	return m, nil
}

// With returns a Masker that knows more secrets too. Writers made before go on
// with what they know.
func (m *Masker) With(more ...Secret) (*Masker, error) {
	if m == nil {
		return New(more)
	}
	return New(append(append([]Secret(nil), m.secrets...), more...))
}

// Format implements [fmt.Formatter], so that a Masker within something that is
// printed for debugging shows nothing.
func (m Masker) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "masker of %d secrets", m.size())
}

func (m *Masker) size() int {
	if m == nil {
		return 0
	}
	return len(m.secrets)
}

// String returns s with every secret in it replaced.
func (m *Masker) String(s string) string {
	if m.size() == 0 || len(s) < MinLength {
		return s
	}
	var out []byte
	found := false
	m.text(s, func(b []byte) { out = append(out, b...) }, func(int) { found = true })
	if !found {
		return s
	}
	return string(out)
}

// Find returns the name of the first secret in s, and whether there is one:
// whether [Masker.String] would change s.
func (m *Masker) Find(s string) (name string, ok bool) {
	if m.size() == 0 || len(s) < MinLength {
		return "", false
	}
	m.text(s, func([]byte) {}, func(secret int) {
		if !ok {
			name, ok = m.secrets[secret].Name, true
		}
	})
	return name, ok
}

// text masks a text that is there as a whole.
func (m *Masker) text(s string, next func([]byte), seen func(secret int)) {
	w := Writer{m: m, next: next, seen: seen}
	w.work([]byte(s), w.scan, true)
}
