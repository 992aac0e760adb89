package mask

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestShortSecretsAreRefused(t *testing.T) {
	for _, value := range []string{"", "short", " \n12345\t \n", strings.Repeat(" ", 50)} {
		m, err := New([]Secret{{"fine", "long enough"}, {"pin", value}})
		if err == nil {
			t.Errorf("%q: taken", value)
			continue
		}
		if m != nil || !strings.Contains(err.Error(), `secret "pin" is shorter than 6 bytes`) || strings.Contains(err.Error(), "1234") {
			t.Errorf("%q: got %v, %q", value, m, err)
		}
	}
	if _, err := masker(t, token).With(Secret{"pin", "1234"}); err == nil {
		t.Error("With takes it")
	}
}

func TestWithoutSecrets(t *testing.T) {
	empty, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*Masker{nil, {}, empty} {
		if got := m.String(token); got != token {
			t.Errorf("got %q", got)
		}
		if name, ok := m.Find(token); ok {
			t.Errorf("found %q", name)
		}
		calls := 0
		text := []byte(token)
		w := m.Writer(func(p []byte) {
			if calls++; &p[0] != &text[0] {
				t.Error("the text was copied")
			}
		})
		if n, err := w.Write(text); n != len(token) || err != nil || calls != 1 {
			t.Errorf("got %d, %v after %d calls", n, err, calls)
		}
		_, _ = w.Write(nil)
		w.FlushIdle()
		w.FlushCut()
		w.Flush()
		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
		more, err := m.With(Secret{"a", token})
		if err != nil || more.String(token) != Stars {
			t.Errorf("With: %v", err)
		}
	}
}

func TestSecretsOfARun(t *testing.T) {
	m := masker(t, "first secret")
	more, err := m.With(Secret{"output", "second secret"})
	if err != nil {
		t.Fatal(err)
	}
	const text = "second secret, first secret"
	if got := m.String(text); got != "second secret, ***" {
		t.Errorf("before: %q", got)
	}
	if got := more.String(text); got != "***, ***" {
		t.Errorf("after: %q", got)
	}
	if name, ok := more.Find(text); !ok || name != "output" {
		t.Errorf("Find: %q, %v", name, ok)
	}
}

func TestOverlaps(t *testing.T) {
	for _, tt := range []struct {
		secrets    []string
		text, want string
	}{
		{[]string{"abcdef", "abcdefgh"}, "abcdefgh abcdefg", "*** ***g"},
		{[]string{"cdefgh", "abcdefghij"}, "abcdefghij abcdefgh", "*** ab***"},
		{[]string{"abcdef", "defghi"}, "<abcdefghi>", "<***>"},
		{[]string{"abcdef", "defghi", "hijklm"}, "<abcdefghijklm>", "<***>"},
		{[]string{"abcdef", "ghijkl"}, "<abcdefghijkl>", "<***>"},
		{[]string{"aaaaaa"}, "aaaaaaaaaaaaaaaa aaaaa", "*** aaaaa"},
		{[]string{"aaaaab"}, "aaaaaaaaaaaaaab", "aaaaaaaaa***"},
	} {
		m := masker(t, tt.secrets...)
		for size := range len(tt.text) {
			if got := stream(m, cutEvery(tt.text, size+1)); got != tt.want {
				t.Errorf("%q in writes of %d: got %q, want %q", tt.text, size+1, got, tt.want)
			}
		}
	}
}

// What is printed of a Masker or a Secret in passing must not be the value.
func TestNothingIsShownInPassing(t *testing.T) {
	m := masker(t, token)
	shown, err := json.Marshal(m.secrets)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(m, *m, m.secrets), fmt.Sprintf("%+v %#v %q %x", m, m, m.secrets, m.secrets), string(shown)} {
		if strings.Contains(s, "s3cr3t") || strings.Contains(s, "733363") {
			t.Errorf("got %q", s)
		}
	}
}

// passed is what a Writer has passed on, by write.
type passed struct {
	mu   sync.Mutex // a timer may add to it
	text []string
}

func (p *passed) add(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text[len(p.text)-1] += string(b)
}

func (p *passed) write(w *Writer, s string) {
	p.mu.Lock()
	p.text = append(p.text, "")
	p.mu.Unlock()
	_, _ = w.Write([]byte(s))
}

func (p *passed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.text, "|")
}

func TestOnlyWhatMayBecomeASecretIsHeldBack(t *testing.T) {
	m := masker(t, "Kq3-secret-Zw")
	path := "/var/lib/some/where/in/the/tree"
	for _, tt := range []struct {
		writes []string
		want   string // what was passed on, by write
	}{
		{[]string{"a line\n", "Password: ", "[y/N] ", "45%..."}, "a line\n|Password: |[y/N] |45%..."},
		{[]string{"x abc", "!"}, "x abc|!"},
		{[]string{"x S3EzLXNlY3Jl", "A", "!"}, "x |S3EzLXNlY3JlA|!"},
		{[]string{"x 4b7133", "ff", "!"}, "x |4b7133ff|!"},
		{[]string{"x Kq", "3-secret", "-Zw!"}, "x ||***!"},
		{[]string{"x Kq3-sec", "ond\n"}, "x |Kq3-second\n"},
		{[]string{"x Kq3-secret-Zw", "!"}, "x ***|!"},
		{[]string{"x S3Ez", "LXNl", "Y3JldC1adw", "="}, "x ||***|"},
		{[]string{"x S3EzLXNlY3JldC1adw", "=", "=", "="}, "x ***|||="},
		// A line that could be base64 is one of 30 symbols at least.
		{[]string{"took 5S\n", "3EzLXNl."}, "took 5S\n|3EzLXNl."},
		{[]string{path + "/S\n", "!"}, path + "/|S\n!"},
		{[]string{path + "/S\n", "3EzLXNlY3JldC1adw"}, path + "/|***"},
	} {
		var got passed
		w := m.Writer(got.add)
		for _, s := range tt.writes {
			got.write(w, s)
		}
		if got.String() != tt.want {
			t.Errorf("%q: got %q, want %q", tt.writes, &got, tt.want)
		}
		w.Flush()
	}
}

// A stream that falls silent shows what it held back, but not more than a few
// bytes of what may yet be a secret.
func TestSilence(t *testing.T) {
	m := masker(t, "Kq3-secret-Zw", "password: hunter2", "S3Ez-is-the-first-in-base64")
	for _, tt := range []struct {
		writes []string // with a silence behind each
		want   string
	}{
		{[]string{"x K", "q", "3", "-"}, "x K|q|3|"},
		{[]string{"x K", "q", "3", "-", "sec", "ret-Zw", "!"}, "x K|q|3|||***|!"},
		{[]string{"x K", "q", "3", "-", "sec", "ond"}, "x K|q|3|||-second"},
		{[]string{"K", "q3-secret-Zw!"}, "K|***!"},
		{[]string{"Kq3-secret-ZwKq", "3-secret-Zw!"}, "***|!"},
		{[]string{"password: ", "x"}, "|password: x"}, // a prompt that begins as a secret does is not seen
		{[]string{"x S3E", "zLXNlY3JldC1adw"}, "x S3E|***"},
		{[]string{"x S3Ez", "-is-the-first-in-base64"}, "x |***"},
		{[]string{"x eEtxM", "y1zZWNyZXQtWnc="}, "x eEtxM|***"},
		{[]string{"x eEtxMy1", "zZWNyZXQtWnc="}, "x e|***"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var got passed
			w := m.Writer(got.add)
			for _, s := range tt.writes {
				got.write(w, s)
				before := got.String()
				time.Sleep(Idle - time.Millisecond)
				synctest.Wait()
				if now := got.String(); now != before {
					t.Errorf("%q: %q was shown too soon", tt.writes, now)
				}
				time.Sleep(time.Millisecond)
				synctest.Wait()
			}
			if got.String() != tt.want {
				t.Errorf("%q: got %q, want %q", tt.writes, &got, tt.want)
			}
		})
	}
}

// The silence begins with the last write, and the timer ends with the stream.
func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got passed
		w := masker(t, "Kq3-secret-Zw").Writer(got.add)
		start := time.Now()
		got.write(w, "K")
		time.Sleep(Idle / 2)
		got.write(w, "q")
		time.Sleep(Idle - time.Millisecond)
		synctest.Wait()
		if got.String() != "|" {
			t.Errorf("%q after %v", &got, time.Since(start))
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got.String() != "|Kq" {
			t.Errorf("got %q", &got)
		}
		got.write(w, "!K")
		w.Flush()
		time.Sleep(2 * Idle)
		synctest.Wait()
		if got.String() != "|Kq|!K" {
			t.Errorf("got %q", &got)
		}
	})
}

func TestEndOfAStream(t *testing.T) {
	m := masker(t, "Kq3-secret-Zw")
	for _, tt := range []struct{ text, flushed, cut string }{
		{"x Kq3-secret-Z", "x Kq3-secret-Z", "x ***"},
		{"x Kq3-", "x Kq3-", "x ***"},
		{"x Kq3", "x Kq3", "x Kq3"},
		{"x Kq3-secret-Zw", "x ***", "x ***"},
		{"x S3EzLXNl", "x S3EzLXNl", "x ***"},
		{"Kq3-secret-ZwKq3-", "***Kq3-", "***"},
	} {
		for _, end := range []struct {
			call func(*Writer)
			want string
		}{{(*Writer).Flush, tt.flushed}, {(*Writer).FlushCut, tt.cut}} {
			got := ""
			w := m.Writer(func(p []byte) { got += string(p) })
			_, _ = w.Write([]byte(tt.text))
			end.call(w)
			if got != end.want {
				t.Errorf("%q: got %q, want %q", tt.text, got, end.want)
			}
			// What follows is another stream.
			got = ""
			_, _ = w.Write([]byte("w and Kq3-secret-Zw"))
			w.Flush()
			if got != "w and ***" {
				t.Errorf("after %q: got %q", tt.text, got)
			}
		}
	}
}

// A large write is masked in parts, and nothing of it is kept.
func TestLargeWrites(t *testing.T) {
	m := masker(t, token)
	text := strings.Repeat("0123456789"+token, 3*addMax/20)
	var got strings.Builder
	w := m.Writer(func(p []byte) { got.Write(p) })
	if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if cap(w.held) > 4*context {
		t.Errorf("%d bytes are kept", cap(w.held))
	}
	w.Flush()
	if want := strings.ReplaceAll(text, token, Stars); got.String() != want {
		t.Error("it is not masked as in one")
	}
}
