package mask

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzWriter looks for text in which the cuts matter, or a secret remains.
func FuzzWriter(f *testing.F) {
	f.Add("abcabcabc", "cabca\nbcabca", []byte("abcabcabca\nbcabcabcabc"), []byte{1, 5})
	f.Add(token, quoted, []byte(`czNjcjN0LVRvay9lbis0Mg== it'\''s "a\b" $x & <y>`), []byte{7})
	f.Add("%&/%$+", `"\"\"\`, []byte(`%25%26%2F%25%24%2B %2526 \"\\\"\\\"\\ "\"\"\ &quot;&#92;&quot;&#92;&quot;&#92; "\""\`), []byte{0, 3})
	f.Add("jhunter2", "pässword", []byte(`j%68unt%65r2 p\u00e4\x73sword jhunte\162\62 p&#xe4;ss&#119;ord j\\u0068unter2`), []byte{2, 0})
	f.Add(lines, accent, []byte("p\\u00e4ssw\\u00f6rd\\u20ac\\ud834\\udd1e"+lines), []byte{30})
	long := strings.Repeat("eHh4", 9)
	f.Add(token, "xxxxxx", []byte(long+"czNj\ncjN0LVRvay9l\r\nbis0Mg=="+long+`\n`), []byte{2})
	f.Add("\xff\xfe\xfd\xfc\xfb\xfa", "\x00\x01\x02\x03\x04\x05", []byte("\xff\xfe\xfd\xfc\xfb\xfa//79/Pv6 ff:fe:fd:fc:fb:fa"), []byte{1})
	f.Fuzz(func(t *testing.T, one, two string, text, sizes []byte) {
		m, err := New([]Secret{{"one", one}, {"two", two}})
		if err != nil || len(one)+len(two) > 4000 {
			t.Skip()
		}
		whole := m.String(string(text))
		var got, slow bytes.Buffer
		w := m.Writer(func(p []byte) { got.Write(p) })
		idle := m.Writer(func(p []byte) { slow.Write(p) })
		for i, rest := 0, text; len(rest) > 0; i++ {
			n := 1
			if len(sizes) > 0 {
				n += int(sizes[i%len(sizes)])
			}
			n = min(n, len(rest))
			_, _ = w.Write(rest[:n])
			_, _ = idle.Write(rest[:n])
			idle.FlushIdle()
			rest = rest[n:]
		}
		w.Flush()
		idle.Flush()
		if got.String() != whole {
			t.Fatalf("of   %q\ngot  %q\nwant %q", text, got.String(), whole)
		}
		for _, secret := range []string{one, two} {
			hidden(t, whole, secret)
			hidden(t, slow.String(), secret)
		}
	})
}

// FuzzPass looks for text that is changed though it holds no secret.
func FuzzPass(f *testing.F) {
	m, err := New(append(manySecrets(100, 30), pems(3)[1:]...))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("2026-01-02T03:04:05.678Z level=info msg=\"request served\" 45%\n"))
	f.Add([]byte("\x00\xff\\u00%2&#x\r\n=="))
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Contains(text, []byte("-----")) {
			t.Skip() // the first line of a key is a line of a secret
		}
		if got := m.String(string(text)); got != string(text) {
			t.Errorf("got  %q\nwant %q", got, text)
		}
	})
}
