//go:build soak

package journal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
)

// eachPart calls do for every byte of data, in as many parts as there are
// processors.
func eachPart(t *testing.T, data []byte, do func(t *testing.T, data []byte, at int)) {
	parts := runtime.GOMAXPROCS(0)
	for n := range parts {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			data := bytes.Clone(data)
			for at := n; at < len(data); at += parts {
				do(t, data, at)
			}
		})
	}
}

// The whole of a journal that was cut at any byte is read.
func TestWholeCutAtEveryByte(t *testing.T) {
	want := sample(200)
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	eachPart(t, encoded(want), func(t *testing.T, data []byte, cut int) {
		end := bytes.LastIndexByte(data[:cut], '\n') + 1
		openCut(t, path+t.Name()[len(t.Name())-1:], data, cut, end, want[:bytes.Count(data[:end], []byte("\n"))])
	})
}

// The whole of a journal that is sealed is read with any byte of it changed: that is
// told of the record, or of the one behind it.
func TestWholeFlipOfEveryByte(t *testing.T) {
	data := encoded(sample(200))
	var all position
	if _, err := all.read(data, true); err != nil {
		t.Fatal(err)
	}
	seal := Seal{all.end, hex.EncodeToString(all.prev[:])}
	eachPart(t, data, func(t *testing.T, data []byte, at int) {
		mask := [...]byte{1, 0x20, 0x80}[at%3]
		data[at] ^= mask
		p := position{seal: seal}
		events, err := p.read(data, true)
		data[at] ^= mask
		record := bytes.Count(data[:at], []byte("\n"))
		var damage *DamageError
		if !errors.As(err, &damage) || len(events) != damage.Record-1 || damage.Record != record+1 && damage.Record != record+2 {
			t.Fatalf("byte %d, of record %d, changed by %#x: %d events, %v", at, record+1, mask, len(events), err)
		}
	})
}
