package sink

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	plain := cleaner{}
	tty := cleaner{tty: true}
	color := cleaner{tty: true, color: true}
	log := cleaner{color: true} // FORCE_COLOR in a CI log
	for _, test := range []struct {
		name string
		c    cleaner
		in   string
		want string
	}{
		{"text", plain, "all good: 100% \tdone ~", "all good: 100% \tdone ~"},
		{"long text", plain, strings.Repeat("0123456789", 20) + "\x07", strings.Repeat("0123456789", 20) + `\x07`},
		{"other alphabets", plain, "Grüße, 世界 👍", "Grüße, 世界 👍"},
		{"bell, backspace, NUL, DEL", plain, "a\x07b\bc\x00d\x7f", `a\x07b\x08c\x00d\x7f`},
		{"newline of a message", plain, "a\nb", `a\nb`},
		{"carriage return", plain, "10%\r20%\r", `10%\r20%\r`},
		{"colour to a pipe", plain, "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"colour to a log that wants it", log, "\x1b[31mred", "\x1b[31mred\x1b[0m"},
		{"cursor to a log that wants colour", log, "\x1b[2Jx", `\x1b[2Jx`},
		{"colour to a terminal", color, "\x1b[1;38;5;208mhot\x1b[m", "\x1b[1;38;5;208mhot\x1b[m\x1b[0m"},
		{"true colour with colons", color, "\x1b[38:2:1:2:3mx", "\x1b[38:2:1:2:3mx\x1b[0m"},
		{"colour to a terminal without", tty, "\x1b[31mred\x1b[0m", "red"},
		{"concealed", color, "\x1b[8mhidden", "hidden"},
		{"concealed behind a colour", color, "\x1b[38;5;1;8mhidden", "hidden"},
		{"the colour that is named like concealed", color, "\x1b[48;5;8mx", "\x1b[48;5;8mx\x1b[0m"},
		{"concealed behind no colour", color, "\x1b[38;9;8mhidden", "hidden"},
		{"blinking among others", color, "\x1b[1;5mx", "x"},
		{"clear screen", color, "\x1b[2J\x1b[Hgone?", "gone?"},
		{"window title", color, "\x1b]0;pwn\x07x", "x"},
		{"title ended by ST", color, "\x1b]0;pwn\x1b\\x", "x"},
		{"hyperlink", color, "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "click"},
		{"terminal query", color, "\x1bP$q\"p\x1b\\\x1b[6nx", "x"},
		{"unfinished title", color, "\x1b]0;pwn", `\x1b]0;pwn`},
		{"unfinished sequence", color, "x\x1b[31", `x\x1b[31`},
		{"lone escape", color, "x\x1b", `x\x1b`},
		{"charset switch", color, "\x1b(0x", "x"},
		{"reset", color, "\x1bcx", "x"},
		{"C1 as UTF-8", color, "\u009b31mx", `\u009b31mx`},
		{"C1 as a byte", color, "\x9b31mx", `\x9b31mx`},
		{"not UTF-8", plain, "caf\xe9", `caf\xe9`},
		{"direction", color, "a\u202eb\u2066c\u200fd", `a\u202eb\u2066c\u200fd`},
		{"line separators", plain, "a\u2028b", `a\u2028b`},
		{"a progress bar", tty, "10%\r50%\r100%", "100%"},
		{"a progress bar that returns at its end", tty, "10%\r100%\r", "100%"},
		{"a Windows line", tty, "text\r", "text"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(test.c.append(nil, test.in)); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// plainPrefix looks at eight bytes at a time: every byte at every place must be
// judged as if it stood alone.
func TestPlainPrefixAtEveryPlace(t *testing.T) {
	for b := range 256 {
		good := b == '\t' || b >= 0x20 && b <= 0x7e
		for at := range 20 {
			for _, around := range []byte{' ', '~', '\t', 'A'} {
				text := []byte(strings.Repeat(string(around), 20))
				text[at] = byte(b)
				want := 20
				if !good {
					want = at
				}
				if got := plainPrefix(string(text)); got != want {
					t.Fatalf("byte %#x at %d among %q: got %d, want %d", b, at, around, got, want)
				}
			}
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"\x1b[31mx", "\x1b]0;a\x07", "a\rb\r", "\u202e", "\x9b", "\x1b[38;5;1;8m"} {
		f.Add(s, true, true)
	}
	f.Fuzz(func(t *testing.T, s string, color, tty bool) {
		out := string(cleaner{color: color, tty: tty}.append(nil, s))
		if !utf8.ValidString(out) {
			t.Fatalf("%q became %q, which is not UTF-8", s, out)
		}
		for i, r := range out {
			switch {
			case r == 0x1b:
				n := sequenceLen(out[i:])
				if !color || n == 0 || !isColor(out[i:i+n]) {
					t.Fatalf("%q became %q: a sequence that is no colour", s, out)
				}
			case r < 0x20 && r != '\t', r == 0x7f, deceives(r):
				t.Fatalf("%q became %q: %U passed", s, out, r)
			}
		}
	})
}
