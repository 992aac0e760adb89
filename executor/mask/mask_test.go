package mask

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const (
	token  = "s3cr3t-Tok/en+42"
	quoted = `it's "a\b" $x & <y>`
	lines  = "-----BEGIN KEY-----\nMIIEvQIBADANBg\r\nxy\n  kqhkiG9w0BAQEF\n-----END KEY-----\n"
	accent = "pässwörd€𝄞"
)

// manyLines is what a key looks like.
var manyLines = wrap(randomText(rand.New(rand.NewPCG(7, 8)), 1001), 64, "\n")

func masker(t interface{ Fatal(...any) }, values ...string) *Masker {
	var secrets []Secret
	for i, v := range values {
		secrets = append(secrets, Secret{fmt.Sprintf("secret_%d", i), v})
	}
	m, err := New(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wrap cuts text into lines.
func wrap(s string, width int, end string) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width] + end)
		s = s[width:]
	}
	return b.String() + s
}

func TestForms(t *testing.T) {
	std, url := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	long := strings.Repeat("x", 40)
	tests := []struct{ name, secret, text, want string }{
		{"whole", token, "a " + token + " b", "a *** b"},
		{"alone", token, token, "***"},
		{"nothing", token, "s3cr3t-Tok/en+4", "s3cr3t-Tok/en+4"},
		{"twice", token, token + " " + token, "*** ***"},
		{"touching", token, token + token, "***"},
		{"six bytes", "abcdef", "xabcdefx", "x***x"},
		{"overlapping itself", "abcabcabc", "abcabcabcabc!", "***!"},
		{"white space around is not needed", "  abcdef\t", "<abcdef>", "<***>"},

		{"line", lines, "MIIEvQIBADANBg", "***"},
		{"line, indented otherwise", lines, "\tkqhkiG9w0BAQEF.", "\t***."},
		{"short line", lines, "xy", "xy"},
		{"all lines", lines, "[" + lines + "]", "[***\n]"},
		{"many lines", manyLines, "[" + manyLines + "]", "[***]"},
		{"one long line", strings.ReplaceAll(manyLines, "\n", ""), "[" + strings.ReplaceAll(manyLines, "\n", "") + "]", "[***]"},
		{"lines in JSON", lines, `"` + strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(lines) + `"`, `"***\n"`},
		{"every line by itself", lines, strings.ReplaceAll(lines, "\n", "\n>"), "***\n>***\r\n>xy\n>  ***\n>***\n>"},

		{"JSON", quoted, `"it's \"a\\b\" $x & <y>"`, `"***"`},
		{"JSON for HTML", quoted, `"it's \"a\\b\" $x \u0026 \u003cy\u003e"`, `"***"`},
		{"JSON, upper hex", quoted, `"it\u0027s \u0022a\u005Cb\u0022 $x \u0026 \u003Cy\u003E"`, `"***"`},
		{"JSON, slash escaped", token, `"s3cr3t-Tok\/en+42"`, `"***"`},
		{"JSON in ASCII", accent, `"p\u00e4ssw\u00f6rd\u20ac\ud834\udd1e"`, `"***"`},
		{"JSON in ASCII, upper", accent, `"p\u00E4ssw\u00F6rd\u20AC\uD834\uDD1E"`, `"***"`},
		{"JSON in JSON", quoted + "\n/\x01", `"{\"a\":\"it's \\\"a\\\\b\\\" $x \\u0026 \u003cy\u003e\\n\\/\\u0001\"}"`, `"{\"a\":\"***\"}"`},
		{"Go, control", "tab\tbell\a\x01end", `"tab\tbell\a\x01end"`, `"***"`},
		{"Go, wide character", accent, `p\u00e4ssw\u00f6rd\u20ac\U0001d11e`, "***"},
		{"Python bytes", accent, `b'p\xc3\xa4ssw\xc3\xb6rd\xe2\x82\xac\xf0\x9d\x84\x9e'`, "b'***'"},
		{"bash dollar quotes, octal", "\x01\x1bnew\nline€", `$'\001\Enew\nline\342\202\254'`, "$'***'"},

		{"single quotes", quoted, `'it'\''s "a\b" $x & <y>'`, "'***'"},
		{"single quotes of dash", quoted, `'it'"'"'s "a\b" $x & <y>'`, "'***'"},
		{"single quotes of SQL", quoted, `'it''s "a\b" $x & <y>'`, "'***'"},
		{"CSV", quoted, `x,"it's ""a\b"" $x & <y>",y`, `x,"***",y`},
		{"double quotes", quoted, `"it's \"a\b\" \$x & <y>"`, `"***"`},
		{"printf %q", quoted, `it\'s\ \"a\\b\"\ \$x\ \&\ \<y\>`, "***"},

		{"query", quoted, "?q=it%27s+%22a%5Cb%22+%24x+%26+%3Cy%3E&", "?q=***&"},
		{"query, lower hex", quoted, "?q=it%27s+%22a%5cb%22+%24x+%26+%3cy%3e&", "?q=***&"},
		{"path", quoted, "/it's%20%22a%5Cb%22%20$x%20&%20%3Cy%3E/", "/***/"},
		{"path with plus", token, "/s3cr3t-Tok%2Fen+42/", "/***/"},
		{"query with plus", token, "s3cr3t-Tok%2Fen%2B42", "***"},
		{"first byte escaped", "%&/%$+", "=%25%26%2F%25%24%2B.", "=***."},

		{"XML", quoted, "<a>it&apos;s &quot;a\\b&quot; $x &amp; &lt;y&gt;</a>", "<a>***</a>"},
		{"HTML", quoted, "it&#39;s &#34;a\\b&#34; $x &amp; &lt;y&gt;", "***"},
		{"HTML of PHP", quoted, "it&#039;s &quot;a\\b&quot; $x &amp; &lt;y&gt;", "***"},
		{"hexadecimal references", quoted, "it&#x27;s &#x22;a\\b&#x22; $x &#x26; &#x3C;y&#x3e;", "***"},

		{"hex", token, fmt.Sprintf("x%xy", token), "x***y"},
		{"hex, upper", token, fmt.Sprintf("%X", token), "***"},
		{"hex, spaces", token, fmt.Sprintf("% x", token), "***"},
		{"hex, colons", token, strings.ReplaceAll(fmt.Sprintf("% X", token), " ", ":"), "***"},
		{"hex, pairs", "abcdefgh", "6162 6364 6566 6768", "***"},
		{"all bytes, backslashes", "abcdef", `"\x61\x62\x63\x64\x65\x66"`, `"***"`},
		{"all bytes, percent", "abcdef", "%61%62%63%64%65%66", "***"},
		{"hex, in lines", token, wrap(fmt.Sprintf("%x%x", long, token), 60, "\n"), strings.Repeat("78", 30) + "\n" + strings.Repeat("78", 10) + "***"},
		{"hex, broken at the first byte", token, wrap(fmt.Sprintf("%x%x", long[:29], token), 60, "\n"), strings.Repeat("78", 29) + "***"},

		{"base64", token, std([]byte(token)), "***"},
		{"base64, more behind", token, std([]byte(token + "....")), "***4uLi4="},
		{"base64, one before", token, std([]byte("u" + token)), "d***"},
		{"base64, two before", token, std([]byte("u:" + token)), "dT***"},
		{"base64, three before", token, std([]byte("us:" + token)), "dXM6***"},
		{"base64 of a URL, no padding", token, url([]byte("u:" + token + "???")), "dT***Pz8_"},
		{"base64, escaped", "\xfb\xff\xbf\xfb\xff\xbf", "=%2B%2F%2B%2f%2B/%2B/%3D", "=***%3D"},
		{"base64, escaped in JSON", "\xff\xff\xff\xff\xff\xff", `"\/\/\/\/\/\/\/\/"`, `"***"`},
		{"base64, not the last bits", "abcdefg", std([]byte("abcdefd")), std([]byte("abcdefd"))},
		{"base64, in lines", token, wrap(std([]byte(long+token)), 56, "\n"), std([]byte(long))[:53] + "***"},
		{"base64, in lines of Windows", token, wrap(std([]byte(long+token)), 56, "\r\n"), std([]byte(long))[:53] + "***"},
		{"base64, in lines in JSON", token, wrap(std([]byte(long+token)), 56, `\n`), std([]byte(long))[:53] + "***"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := masker(t, tt.secret)
			if got := m.String(tt.text); got != tt.want {
				t.Errorf("of  %q\ngot  %q\nwant %q", tt.text, got, tt.want)
			}
			name, ok := m.Find(tt.text)
			if wanted := tt.text != tt.want; ok != wanted || ok && name != "secret_0" {
				t.Errorf("Find: got %q, %v", name, ok)
			}
			for size := range 7 {
				if got := stream(m, cutEvery(tt.text, size+1)); got != tt.want {
					t.Errorf("in writes of %d: got %q, want %q", size+1, got, tt.want)
				}
			}
		})
	}
}

// Of a long secret that is printed in part, less than a piece is seen.
func TestPartsOfALongSecret(t *testing.T) {
	secret := strings.ReplaceAll(manyLines, "\n", "")
	m := masker(t, secret)
	for at := 300; at < len(secret); at += 37 {
		got := m.String("[" + secret[:at] + "]")
		left, ok := strings.CutPrefix(got, "[***")
		if !ok || len(left) > pieceMax {
			t.Errorf("of %d bytes is left %q", at, got)
		}
	}
}

// stream returns what comes through a Writer.
func stream(m *Masker, writes []string) string {
	var b strings.Builder
	w := m.Writer(func(p []byte) { b.Write(p) })
	for _, s := range writes {
		_, _ = w.Write([]byte(s))
	}
	w.Flush()
	return b.String()
}

func cutEvery(s string, size int) (pieces []string) {
	for len(s) > size {
		pieces, s = append(pieces, s[:size]), s[size:]
	}
	return append(pieces, s)
}
