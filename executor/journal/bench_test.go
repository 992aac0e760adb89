package journal

import (
	"path/filepath"
	"testing"
)

func BenchmarkAppend(b *testing.B) {
	f, err := Create(filepath.Join(b.TempDir(), "journal.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	events := sample(2)
	for b.Loop() {
		if err := f.Append(events[0]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCreate is what the file of a run costs that writes little.
func BenchmarkCreate(b *testing.B) {
	dir := b.TempDir()
	events := sample(6)
	for i := 0; b.Loop(); i++ {
		f, err := Create(filepath.Join(dir, string(rune('a'+i%26))+filepath.Base(b.TempDir())))
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range events {
			f.Append(e)
		}
		f.Close()
	}
}

func BenchmarkRead(b *testing.B) {
	data := encoded(sample(1000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if events, _, err := Read(data); err != nil || len(events) != 1000 {
			b.Fatal(err)
		}
	}
}
