package mask

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// printers print the secret, which is in $S, as programs really do.
var printers = []struct{ program, script string }{
	{"bash", `printf %s "$S"`},
	{"bash", `printf '%q' "$S"`},
	{"bash", `printf %s "${S@Q}"`},
	{"bash", `declare -p S`},
	{"bash", `set -x; : "$S"`},
	{"bash", `for ((i = 0; i < ${#S}; i++)); do printf %s "${S:i:1}"; done`},
	{"dash", `set -x; : "$S"`},
	{"base64", `printf %s "$S" | base64`},
	{"base64", `printf %s "$S" | base64 -w0`},
	{"base64", `printf %s "xuser:$S" | base64 -w 64`},
	{"base64", `printf %s "us:$S:x" | base64 -w 43`},
	{"od", `printf %s "$S" | od -An -v -tx1`},
	{"od", `printf %s "$S" | od -An -v -tx1 | tr -d ' \n'`},
	{"xxd", `printf %s "$S" | xxd -p`},
	{"xxd", `printf %s "$S" | xxd -u -p -c 40`},
	{"openssl", `printf %s "$S" | openssl base64`},
	{"openssl", `printf %s "$S" | openssl base64 -A`},
	{"jq", `jq -n '$ENV.S'`},
	{"jq", `jq -na '$ENV.S'`},
	{"jq", `jq -nr '$ENV.S | @sh'`},
	{"jq", `jq -nr '$ENV.S | @uri'`},
	{"jq", `jq -nr '$ENV.S | @html'`},
	{"jq", `jq -nr '[$ENV.S] | @csv'`},
	{"jq", `jq -nr '[$ENV.S] | @tsv'`},
	{"jq", `jq -nr '$ENV.S | @base64'`},
	{"python3", `python3 -c 'import os; print(repr(os.environ["S"]))'`},
	{"python3", `python3 -c 'import os; print(repr(os.environb[b"S"])[1:])'`},
	{"python3", `python3 -c 'import os, json; print(json.dumps(os.environ["S"]))'`},
	{"python3", `python3 -c 'import os, urllib.parse as u; print(u.quote(os.environ["S"]))'`},
	{"python3", `python3 -c 'import os, urllib.parse as u; print(u.quote_plus(os.environ["S"]))'`},
	{"python3", `python3 -c 'import os, shlex; print(shlex.quote(os.environ["S"]))'`},
	{"python3", `python3 -c 'import os, html; print(html.escape(os.environ["S"]))'`},
	{"python3", `python3 -c 'import os, base64; print(base64.urlsafe_b64encode(b"ab" + os.environb[b"S"]).decode())'`},
	{"python3", `python3 -c 'import os, base64; print(base64.encodebytes(os.environb[b"S"]).decode())'`},
	{"python3", `python3 -c 'import os; print(os.environb[b"S"].hex(":"))'`},
	{"perl", `perl -MData::Dumper -e '$Data::Dumper::Terse = 1; print Dumper $ENV{S}'`},
	{"perl", `perl -MMIME::Base64 -e 'print encode_base64 $ENV{S}'`},
}

const kinds = 5

// canaries are secrets of several kinds, in turns.
func canaries(r *rand.Rand) (all []Secret) {
	pick := func(alphabet string, n int) string {
		runes := []rune(alphabet)
		b := make([]rune, n)
		for i := range b {
			b[i] = runes[r.IntN(len(runes))]
		}
		return string(b)
	}
	const words = letters64
	ascii := ""
	for c := ' '; c <= '~'; c++ {
		ascii += string(c)
	}
	for i := range 20 {
		var v string
		switch i % kinds {
		case 0:
			v = pick(words, 6+r.IntN(40))
		case 1:
			v = "x" + pick(ascii, 8+r.IntN(60)) + "x"
		case 2:
			v = pick(words+"äöüßéñ€漢字𝄞", 8+r.IntN(30))
		case 3:
			v = "-----BEGIN PRIVATE KEY-----\n" + wrap(pick(words, 300+r.IntN(2000)), 64, "\n") + "\n-----END PRIVATE KEY-----"
		case 4:
			v = "{\n  \"user\": \"" + pick(words, 10) + "\",\n  \"password\": \"" + pick(ascii[3:], 20) + "\"\n}"
		}
		all = append(all, Secret{fmt.Sprint("canary_", i), v})
	}
	return all
}

func TestCanary(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	secrets := canaries(r)
	m, err := New(secrets)
	if err != nil {
		t.Fatal(err)
	}
	env := os.Environ()
	if python, err := exec.Command("python3", "-c", "import os, sys; print(os.path.dirname(sys.executable))").Output(); err == nil {
		// What is found in PATH may be a slow wrapper that looks for the real one.
		env = append(env, "PATH="+strings.TrimSpace(string(python))+":"+os.Getenv("PATH"))
	}
	for _, p := range printers {
		t.Run(p.script, func(t *testing.T) {
			if _, err := exec.LookPath(p.program); err != nil {
				t.Skipf("%s is not installed", p.program)
			}
			shell := "bash"
			if p.program == "dash" {
				shell = "dash"
			}
			for kind := range kinds {
				s := secrets[kind+kinds*r.IntN(len(secrets)/kinds)]
				cmd := exec.Command(shell, "-c", p.script)
				cmd.Env = append(env, "S="+s.Value, "LC_ALL=C.UTF-8", "PYTHONIOENCODING=utf-8")
				text, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				var got bytes.Buffer
				w := m.Writer(func(b []byte) { got.Write(b) })
				for rest := text; len(rest) > 0; {
					n := min(1+r.IntN(50), len(rest))
					_, _ = w.Write(rest[:n])
					rest = rest[n:]
				}
				w.Flush()
				checkCanary(t, s, string(text), got.String())
			}
		})
	}
}

// checkCanary fails where anything of a secret remains: a needle that is made
// here, or just too much.
func checkCanary(t *testing.T, s Secret, text, got string) {
	t.Helper()
	for _, line := range append(strings.Split(s.Value, "\n"), s.Value) {
		if len(strings.TrimSpace(line)) < MinLength {
			continue
		}
		line = strings.TrimSpace(line)
		needles := []string{line, hex.EncodeToString([]byte(line)), strings.ToUpper(hex.EncodeToString([]byte(line)))}
		for shift := range 3 {
			e := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + line))
			core := e[(8*shift+5)/6 : 8*(shift+len(line))/6]
			needles = append(needles, core, strings.NewReplacer("+", "-", "/", "_").Replace(core))
		}
		for _, needle := range needles {
			if strings.Contains(got, needle) {
				t.Errorf("%q is in %q", needle, got)
			}
		}
	}
	left := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\r\"'\\$*+:;{}=,%&n", r) {
			return -1
		}
		return r
	}, got)
	// A brace may be left of the fifth kind, encoded; and the name of the command.
	if most := 12; len(left) > most {
		t.Errorf("%s: of %q is left %q", s.Name, text, got)
	}
}
