package output

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// join writes the pieces and returns what came out: the bytes, and one string
// for each batch.
func join(pieces ...string) (all string, batches []string) {
	var b strings.Builder
	l := NewLines(func(x Batch) {
		b.Write(x.Data)
		s := string(x.Data)
		if x.Partial {
			s += "…"
		}
		batches = append(batches, s)
	})
	for _, p := range pieces {
		l.Write([]byte(p))
	}
	l.Flush()
	return b.String(), batches
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", MaxLine)
	tests := []struct {
		name string
		in   []string
		want []string
	}{
		{"nothing", nil, nil},
		{"one line", []string{"a\n"}, []string{"a\n"}},
		{"whole lines stay together", []string{"a\nb\n"}, []string{"a\nb\n"}},
		{"no newline at the end", []string{"a\nb"}, []string{"a\n", "b"}},
		{"a line in pieces", []string{"a", "b", "c\nd\ne"}, []string{"abc\n", "d\n", "e"}},
		{"empty lines", []string{"\n", "\n\n"}, []string{"\n", "\n\n"}},
		{"longest whole line", []string{long + "\n"}, []string{long + "\n"}},
		{"longest whole line in pieces", []string{long[:9], long[9:], "\n"}, []string{long + "\n"}},
		{"longest line without newline", []string{long}, []string{long}},
		{"one byte over", []string{long, "y\n"}, []string{long + "…", "y\n"}},
		{"one byte over at once", []string{long + "y\n"}, []string{long + "…", "y\n"}},
		{"short lines before a long one", []string{"a\n" + long + "y\nb"}, []string{"a\n", long + "…", "y\n", "b"}},
		{"a character is not split", []string{long[1:] + "é\n"}, []string{long[1:] + "…", "é\n"}},
		{"bytes that are no characters", []string{strings.Repeat("\xff", MaxLine+1)}, []string{strings.Repeat("\xff", MaxLine) + "…", "\xff"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all, got := join(tt.in...)
			if want := strings.Join(tt.in, ""); all != want {
				t.Errorf("the bytes changed: got %d, want %d", len(all), len(want))
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %d batches, want %d", len(got), len(tt.want))
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("batch %d: got %d bytes %.20q, want %d bytes %.20q", i, len(got[i]), got[i], len(tt.want[i]), tt.want[i])
				}
			}
		})
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb"), uint16(1), uint16(3))
	f.Add(bytes.Repeat([]byte("é"), MaxLine), uint16(7), uint16(60000))
	f.Add(append(bytes.Repeat([]byte("x"), 2*MaxLine+3), '\n', 'y'), uint16(0), uint16(65535))
	f.Fuzz(func(t *testing.T, data []byte, a, b uint16) {
		valid := utf8.Valid(data)
		for range 3 { // long lines are rare in random bytes
			data = append(data, data...)
		}
		i, j := min(int(a), len(data)), min(int(a)+int(b), len(data))
		var got bytes.Buffer
		open := false
		l := NewLines(func(x Batch) {
			got.Write(x.Data)
			if len(x.Data) == 0 {
				t.Error("an empty batch")
			}
			for line := range bytes.SplitAfterSeq(x.Data, []byte("\n")) {
				if len(bytes.TrimSuffix(line, []byte("\n"))) > MaxLine {
					t.Errorf("a line of %d bytes", len(line))
				}
			}
			if valid && !utf8.Valid(x.Data) {
				t.Error("a character was split")
			}
			if x.Partial && bytes.IndexByte(x.Data, '\n') >= 0 {
				t.Error("a part that holds a newline")
			}
			open = x.Partial
		})
		for _, p := range [][]byte{data[:i], data[i:j], data[j:]} {
			l.Write(p)
		}
		l.Flush()
		if !bytes.Equal(got.Bytes(), data) {
			t.Error("the bytes changed")
		}
		if open {
			t.Error("the last batch says that its line goes on")
		}
	})
}

func TestCapture(t *testing.T) {
	for _, size := range []int{0, 1, captureHalf - 1, captureHalf, CaptureBytes - 1, CaptureBytes, CaptureBytes + 1, 3*CaptureBytes + 77} {
		for _, piece := range []int{999, 65536, CaptureBytes, 2 * CaptureBytes} {
			t.Run(fmt.Sprintf("%d by %d", size, piece), func(t *testing.T) {
				var in bytes.Buffer
				for i := 0; in.Len() < size; i++ {
					fmt.Fprintf(&in, "%d ", i)
				}
				in.Truncate(size)
				var c Capture
				for p := in.Bytes(); len(p) > 0; {
					n := min(piece, len(p))
					c.Write(p[:n])
					p = p[n:]
				}
				want := in.String()
				if size > CaptureBytes {
					want = want[:captureHalf] + want[size-captureHalf:]
				}
				if c.Truncated() != (size > CaptureBytes) {
					t.Errorf("Truncated() = %v", c.Truncated())
				}
				if c.String() != want {
					t.Errorf("got %d bytes, want %d, or others", len(c.String()), len(want))
				}
			})
		}
	}
}

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "x.log")
	l := NewLog(path)
	if _, err := os.Stat(path); err == nil || l.Path() != "" {
		t.Error("there is a file before there is output")
	}
	offsets := []int64{
		l.Append("stdout", []byte("one\n")),
		l.Append("stdout", []byte("half")),
		l.Append("stdout", []byte(" and half")),
		l.Append("stderr", []byte("two\n")),
		l.Append("stdout", []byte("three")),
	}
	if _, err := l.Close(); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(path)
	if want := "one\nhalf and half\ntwo\nthree"; string(got) != want || l.Path() != path {
		t.Errorf("log = %q, want %q", got, want)
	}
	if want := "[0 4 8 18 22]"; fmt.Sprint(offsets) != want {
		t.Errorf("offsets = %v, want %v", offsets, want)
	}
	if text, err := l.ReadAt(8, 9); text != " and half" || err != nil {
		t.Errorf("ReadAt = %q, %v", text, err)
	}
	info, _ := os.Stat(path)
	dir, _ := os.Stat(filepath.Dir(path))
	if info.Mode().Perm() != 0o600 || dir.Mode().Perm() != 0o700 {
		t.Errorf("modes %v, %v", info.Mode(), dir.Mode())
	}
	if at := l.Append("stdout", []byte("late")); at != -1 {
		t.Errorf("written at %d after Close", at)
	}
}

// A log never goes into something that is there already, a link least of all.
func TestLogIsNew(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	for name, plant := range map[string]func(path string) error{
		"file":     func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"link":     func(path string) error { os.WriteFile(target, nil, 0o600); return os.Symlink(target, path) },
		"dangling": func(path string) error { return os.Symlink(filepath.Join(dir, "no"), path) },
		"folder":   func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			if err := plant(path); err != nil {
				t.Fatal(err)
			}
			l := NewLog(path)
			if at := l.Append("stdout", []byte("secret")); at != -1 {
				t.Errorf("written at %d", at)
			}
			if lost, err := l.Close(); lost != 6 || err == nil {
				t.Errorf("Close = %d, %v", lost, err)
			}
		})
	}
	if data, _ := os.ReadFile(target); len(data) > 0 {
		t.Error("the target of the link was written")
	}
}

// Want of descriptors makes a log late, not incomplete.
func TestLogWaitsForDescriptors(t *testing.T) {
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := old
	low.Cur = 3 // whatever is open stays open; nothing new can be
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	l := NewLog(filepath.Join(t.TempDir(), "x.log"))
	done := make(chan int64)
	go func() { done <- l.Append("stdout", []byte("line\n")) }()
	select {
	case at := <-done:
		t.Errorf("written at %d without a descriptor", at)
	case <-time.After(2 * shortagePause):
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if at := <-done; at != 0 {
		t.Errorf("written at %d", at)
	}
	if lost, err := l.Close(); lost != 0 || err != nil {
		t.Errorf("Close = %d, %v", lost, err)
	}
}

// A log that has reserved its descriptor gives it back, whether it needed it or
// not.
func TestLogReserves(t *testing.T) {
	for _, use := range []func(l *Log){
		func(l *Log) {},
		func(l *Log) { l.Release() },
		func(l *Log) { l.Append("stdout", []byte("x\n")) },
	} {
		l := NewLog(filepath.Join(t.TempDir(), "log"))
		for range 2 {
			if err := l.Reserve(); err != nil {
				t.Fatal(err)
			}
		}
		use(l)
		if _, err := l.Close(); err != nil {
			t.Error(err)
		}
		if l.room >= 0 || l.fd >= 0 {
			t.Errorf("descriptors %d and %d are left", l.room, l.fd)
		}
	}
}
