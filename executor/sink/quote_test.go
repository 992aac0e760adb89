package sink

import (
	"os/exec"
	"testing"
)

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"plain-text_1.2/3:4=5@6,7%": "plain-text_1.2/3:4=5@6,7%",
		"":                          "''",
		"two words":                 "'two words'",
		"it's":                      `'it'\''s'`,
		"$(rm -rf /)":               "'$(rm -rf /)'",
		"~":                         "'~'",
		"a\nb\t'\\":                 `$'a\nb\t\'\\'`,
		"\x1b[2J":                   `$'\x1b[2J'`,
		"caf\xe9":                   `$'caf\xe9'`,
		"Grüße":                     "'Grüße'",
	} {
		if got := Quote(in); got != want {
			t.Errorf("Quote(%q) = %s, want %s", in, got, want)
		}
	}
}

// What is shown can be copied: bash reads it as the words it was made from.
func TestBashReadsWhatQuoteWrites(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal("this test needs bash: ", err)
	}
	var all []byte
	for c := 1; c < 256; c++ {
		all = append(all, byte(c))
	}
	for _, text := range []string{string(all), "a\nb 'c' \\d\\ $e `f` \"g\" !h ~", "", "'", "\\'", "ü\x80"} {
		out, err := exec.Command(bash, "-c", "printf %s "+Quote(text)).Output()
		if err != nil {
			t.Fatal(err)
		}
		if string(out) != text {
			t.Errorf("bash reads %s as %q, want %q", Quote(text), out, text)
		}
	}
}
