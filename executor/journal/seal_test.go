package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A journal that was closed is known to go so far: one that is cut, wherever, or
// whose last record is another one is damaged. What was appended later changes
// nothing about that.
func TestSeal(t *testing.T) {
	events := sample(6)
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events[:4] {
		if err := f.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	seal := f.Seal()
	data := encoded(events)
	if want := int64(len(encoded(events[:4]))); seal.Bytes != want {
		t.Fatalf("sealed at %d, want %d", seal.Bytes, want)
	}
	for _, whole := range [][]byte{data[:seal.Bytes], data, data[:len(data)-3]} {
		if err := reads(t, whole, seal); err != nil {
			t.Errorf("%d bytes of %d: %v", len(whole), seal.Bytes, err)
		}
	}
	for cut := range seal.Bytes {
		if err := reads(t, data[:cut], seal); err == nil {
			t.Fatalf("cut at %d: it is taken for whole", cut)
		}
	}
	other := sample(4)
	other[3].StepID = "changed"
	if err := reads(t, encoded(other), seal); err == nil {
		t.Error("another last record is taken for the one that was there")
	}
	flipped := bytes.Clone(data)
	flipped[seal.Bytes/2] ^= 1
	if err := reads(t, flipped, Seal{}); err == nil {
		t.Error("a changed byte is not seen without a seal")
	}
}

// reads reads a journal in each way there is, which must all say the same.
func reads(t *testing.T, data []byte, s Seal) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	end, checked := Check(path, s, func([]byte) { n++ })
	follower, err := Follow(path, s)
	if err != nil {
		t.Fatal(err)
	}
	defer follower.Close()
	events, followed := follower.Next()
	if len(events) != n || checked == nil && end != int64(len(data))-follower.Rest() {
		t.Errorf("%d records up to %d, want %d up to %d", n, end, len(events), int64(len(data))-follower.Rest())
	}
	f, _, opened := Open(path, s)
	if opened == nil {
		opened = f.Close()
	}
	var damage *DamageError
	for _, err := range []error{checked, followed, opened} {
		if (err == nil) != (checked == nil) || err != nil && !errors.As(err, &damage) {
			t.Fatalf("Check: %v; Follow: %v; Open: %v", checked, followed, opened)
		}
	}
	return checked
}
