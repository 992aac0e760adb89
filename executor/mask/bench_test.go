package mask

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const letters64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// randomText returns n letters of base64.
func randomText(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters64[r.IntN(64)]
	}
	return string(b)
}

func manySecrets(n, size int) []Secret {
	r := rand.New(rand.NewPCG(1, 2))
	var all []Secret
	for i := range n {
		all = append(all, Secret{fmt.Sprint("s", i), randomText(r, size)})
	}
	return all
}

// pems returns secrets of many lines each, of about 4 KiB.
func pems(n int) []Secret {
	r := rand.New(rand.NewPCG(3, 4))
	var all []Secret
	for i := range n {
		key := "-----BEGIN PRIVATE KEY-----\n" + wrap(randomText(r, 4000), 64, "\n") + "\n-----END PRIVATE KEY-----\n"
		all = append(all, Secret{fmt.Sprint("s", i), key})
	}
	return all
}

// output returns some MiB of output of a kind.
func output(kind string) []byte {
	r := rand.New(rand.NewPCG(5, 6))
	var b bytes.Buffer
	for b.Len() < 4<<20 {
		switch kind {
		case "lines":
			line := fmt.Sprintf("2026-01-02T03:04:05.%03dZ level=info msg=%q method=GET path=/api/v1/users/%d status=200 ms=%.4f", r.IntN(1000), "request served", r.IntN(1e6), r.Float64()*100)
			b.WriteString((line + strings.Repeat(" ", 99))[:99] + "\n")
		case "base64":
			b.WriteString(randomText(r, 76) + "\n")
		case "binary":
			for range 8 {
				fmt.Fprintf(&b, "%c", r.Uint32())
				x := r.Uint64()
				b.Write([]byte{byte(x), byte(x >> 8), byte(x >> 16), byte(x >> 24), byte(x >> 32), byte(x >> 40), byte(x >> 48), byte(x >> 56)})
			}
		}
	}
	return b.Bytes()
}

// cpuTime is what this program has used, which other programs do not change as
// they do the time on the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkWriter(b *testing.B) {
	for _, kind := range []string{"lines", "binary", "base64"} {
		text := output(kind)
		for _, n := range []int{0, 1, 100, -100} {
			name, secrets := fmt.Sprintf("%s/%d", kind, n), []Secret(nil)
			if n < 0 {
				name, secrets = fmt.Sprintf("%s/%d-keys", kind, -n), pems(-n)
			} else {
				secrets = manySecrets(n, 30)
			}
			m, err := New(secrets)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				before := cpuTime()
				defer func() {
					b.ReportMetric(float64(b.N)*float64(len(text))/1e6/(cpuTime()-before).Seconds(), "MB/CPU-s")
				}()
				for range b.N {
					w := m.Writer(func([]byte) {})
					for at := 0; at < len(text); at += 64 << 10 {
						_, _ = w.Write(text[at:min(len(text), at+64<<10)])
					}
					w.Flush()
				}
			})
		}
	}
}

// BenchmarkSecrets is output that consists of little else.
func BenchmarkSecrets(b *testing.B) {
	secrets := manySecrets(100, 30)
	m, err := New(secrets)
	if err != nil {
		b.Fatal(err)
	}
	var text []byte
	for _, s := range secrets {
		text = append(text, s.Value+" "+base64.StdEncoding.EncodeToString([]byte(s.Value))+"\n"...)
	}
	b.SetBytes(int64(len(text)))
	w := m.Writer(func([]byte) {})
	b.ResetTimer()
	for range b.N {
		_, _ = w.Write(text)
	}
}

// BenchmarkOneLetter is the worst that a secret can be: every place of the
// output may be its beginning.
func BenchmarkOneLetter(b *testing.B) {
	for _, n := range []int{6, 30, 4000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m, err := New([]Secret{{"zeros", strings.Repeat("0", n) + "1"}})
			if err != nil {
				b.Fatal(err)
			}
			text := bytes.Repeat([]byte("0"), 64<<10)
			w := m.Writer(func([]byte) {})
			b.SetBytes(int64(len(text)))
			b.ResetTimer()
			for range b.N {
				_, _ = w.Write(text)
			}
		})
	}
}

// BenchmarkLines writes line by line.
func BenchmarkLines(b *testing.B) {
	m, err := New(manySecrets(100, 30))
	if err != nil {
		b.Fatal(err)
	}
	text := output("lines")[:100]
	w := m.Writer(func([]byte) {})
	b.SetBytes(100)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		_, _ = w.Write(text)
	}
}

func BenchmarkNew(b *testing.B) {
	for _, set := range []struct {
		name    string
		secrets []Secret
	}{{"1", manySecrets(1, 30)}, {"100", manySecrets(100, 30)}, {"100-keys", pems(100)}} {
		b.Run(set.name, func(b *testing.B) {
			b.ReportAllocs()
			var m *Masker
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			m, _ = New(set.secrets)
			runtime.GC()
			runtime.ReadMemStats(&after)
			for range b.N {
				m, _ = New(set.secrets)
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1024, "KiB-kept")
			runtime.KeepAlive(m)
		})
	}
}
