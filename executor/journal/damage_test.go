package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/executor/event"
)

// A journal cut at any byte reads up to the last whole record before the cut. Of
// every cut what lies behind the last whole record is read here, and all of the file
// where one of some records ends, or almost does; make soak reads all of it for
// every byte.
func TestCutAtEveryByte(t *testing.T) {
	want := sample(200)
	data := encoded(want)
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	whole := position{}
	for cut := range data {
		if cut > 0 && data[cut-1] == '\n' {
			whole.advance(data[whole.end:cut], want[whole.record].Seq)
		}
		p := whole
		events, err := p.read(data[whole.end:cut], true) // what lies before was read when the cut was there
		if err != nil || len(events) > 0 || p != whole {
			t.Fatalf("cut at %d: %d events of a record that is not whole, %v", cut, len(events), err)
		}
		if near := bytes.IndexByte(data[max(0, cut-2):cut+1], '\n') >= 0; near && whole.record%3 == 0 {
			openCut(t, path, data, cut, int(whole.end), want[:whole.record])
		}
	}
}

// openCut opens a journal that was cut: its events are those of the whole records,
// which end at end, and what is left of the next one is taken out of it and kept.
func openCut(t *testing.T, path string, data []byte, cut, end int, want []event.Event) {
	if err := os.WriteFile(path, data[:cut], 0o600); err != nil {
		t.Fatal(err)
	}
	f, past, err := Open(path, Seal{})
	if err != nil || past.Torn != int64(cut-end) || len(past.Events) != len(want) || len(want) > 0 && !reflect.DeepEqual(past.Events, want) {
		t.Fatalf("cut at %d: %d bytes torn, want %d; %v\n%s", cut, past.Torn, cut-end, err, cmp.Diff(want, past.Events))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, data[:end]) {
		t.Fatalf("cut at %d: the journal has %d bytes then, want %d; %v", cut, len(after), end, err)
	}
	if past.Torn == 0 {
		return
	}
	if kept, err := os.ReadFile(past.Kept); err != nil || !bytes.Equal(kept, data[end:cut]) {
		t.Fatalf("cut at %d: %d bytes are kept, want %d; %v", cut, len(kept), cut-end, err)
	}
	os.Remove(past.Kept)
}

// A byte that is changed anywhere never yields an event
// that was not written: it is damage, or, in the last record, may be what a
// crash left.
func TestFlipOfEveryByte(t *testing.T) {
	want := sample(200)
	data := encoded(want)
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	var good, start int // whole records before the byte, and where the one with it begins
	var before position
	for i := range last {
		if i > 0 && data[i-1] == '\n' {
			before.advance(data[start:i], want[good].Seq)
			good, start = good+1, i
		}
		// The record, the one after it, and something more.
		end := i + bytes.IndexByte(data[i:], '\n') + 1
		end += bytes.IndexByte(data[end:], '\n') + 1
		mask := [...]byte{1, 0x20, 0x80}[i%3]
		data[i] ^= mask
		p := before
		events, err := p.read(data[start:end], false)
		data[i] ^= mask
		var damage *DamageError
		if !errors.As(err, &damage) {
			t.Fatalf("byte %d changed by %#x: %d events and %v", i, mask, len(events), err)
		}
		if damage.Record != good+1 && damage.Record != good+2 || damage.Offset < int64(start) {
			t.Fatalf("byte %d changed by %#x: %v, in record %d at %d", i, mask, damage, good+1, start)
		}
	}
}

// Damage is told with what lies before it, and Open changes nothing.
func TestOpenRefusesDamage(t *testing.T) {
	want := sample(200)
	data := encoded(want)
	records := bytes.SplitAfter(data, []byte("\n"))
	again := sample(5)
	again[3].Seq = again[2].Seq // two engines that did not know of each other
	for name, damaged := range map[string][]byte{
		"a record is missing":  bytes.Join(append(append([][]byte{}, records[:3]...), records[4:]...), nil),
		"records are swapped":  bytes.Join([][]byte{records[0], records[1], records[2], records[4], records[3]}, nil),
		"a record comes twice": bytes.Join([][]byte{records[0], records[1], records[2], records[2], records[3]}, nil),
		"a number comes twice": encoded(again),
		"text in between":      bytes.Join([][]byte{records[0], records[1], records[2], []byte("text\n"), records[3]}, nil),
		"zeros in between":     bytes.Join([][]byte{records[0], records[1], records[2], make([]byte, 9), records[3], records[4]}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal.jsonl")
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			_, past, err := Open(path, Seal{})
			var damage *DamageError
			if !errors.As(err, &damage) || damage.Record != 4 || damage.Offset != int64(len(bytes.Join(records[:3], nil))) {
				t.Fatalf("Open: %v", err)
			}
			if diff := cmp.Diff(want[:3], past.Events); diff != "" {
				t.Error(diff)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(after, damaged) {
				t.Error("the journal was changed")
			}
		})
	}
}

// What a crash left of a record is kept beside the journal, which then goes on
// as if it had never been.
func TestOpenCutsTornRecord(t *testing.T) {
	events := sample(5)
	whole := encoded(events[:4])
	for name, torn := range map[string]string{
		"half a record":              string(encoded(events)[len(whole):][:50]),
		"zeros":                      string(make([]byte, 4096)),
		"zeros and a record's end":   string(make([]byte, 40)) + `0"}` + "\n",
		"a record without a newline": string(bytes.TrimSuffix(encoded(events)[len(whole):], []byte("\n"))),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal.jsonl")
			if err := os.WriteFile(path, append(bytes.Clone(whole), torn...), 0o600); err != nil {
				t.Fatal(err)
			}
			f, past, err := Open(path, Seal{})
			if err != nil || past.Torn != int64(len(torn)) || len(past.Events) != 4 {
				t.Fatalf("%+v, %v", past, err)
			}
			if kept, err := os.ReadFile(past.Kept); err != nil || string(kept) != torn || filepath.Dir(past.Kept) != filepath.Dir(path) {
				t.Errorf("kept %q in %q, %v", kept, past.Kept, err)
			}
			appendAll(t, f, events[4:])
			f.Close()
			if data, _ := os.ReadFile(path); !bytes.Equal(data, encoded(events)) {
				t.Errorf("then it is\n%s", data)
			}
		})
	}
}

func TestNoJournal(t *testing.T) {
	dir := t.TempDir()
	path := written(t, sample(3))
	link := filepath.Join(dir, "link")
	os.Symlink(path, link)
	for _, bad := range []string{filepath.Join(dir, "missing"), link, dir} {
		if f, _, err := Open(bad, Seal{}); err == nil {
			f.Close()
			t.Errorf("opened %s", bad)
		}
		if f, err := Follow(bad, Seal{}); err == nil {
			f.Close()
			t.Errorf("followed %s", bad)
		}
	}
	for _, taken := range []string{path, link, dir} {
		if f, err := Create(taken); err == nil {
			f.Close()
			t.Errorf("created %s", taken)
		}
	}
}

// A reader beside the writer sees each record once, and none in part.
func TestFollow(t *testing.T) {
	events := sample(200)
	data := encoded(events)
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f, err := Follow(path, Seal{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []event.Event
	for from := 0; from < len(data); from += 61 {
		to := min(from+61, len(data))
		if _, err := file.Write(data[from:to]); err != nil {
			t.Fatal(err)
		}
		more, err := f.Next()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, more...)
		if whole := bytes.Count(data[:to], []byte("\n")); len(got) != whole {
			t.Fatalf("%d events after %d bytes, want %d", len(got), to, whole)
		}
		if rest := f.Rest(); rest != int64(to-bytes.LastIndexByte(data[:to], '\n')-1) {
			t.Fatalf("the rest after %d bytes is %d", to, rest)
		}
	}
	if diff := cmp.Diff(events, got); diff != "" {
		t.Error(diff)
	}
	file.WriteString("{}\n{}\n")
	var damage *DamageError
	if _, err := f.Next(); !errors.As(err, &damage) || damage.Record != 201 {
		t.Errorf("damage: %v", err)
	}
}
