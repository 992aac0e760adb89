package journal

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A disk that others fill, to whatever level, takes the records that end a run;
// what cannot be kept is refused, and the journal reads to its end either way.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("needs root, to mount a small disk: %v", err)
	}
	defer syscall.Unmount(dir, 0)
	many := sample(1500)
	for level := range 32 {
		path := filepath.Join(dir, "journal.jsonl")
		f, err := Create(path)
		if err != nil {
			t.Fatal(err)
		}
		begun := level%2 == 0 // then there is a reserve when the disk fills
		events, wrote := many, 0
		if begun {
			appendAll(t, f, events[:1])
			wrote = 1
		} else {
			events = many[:60]
		}
		filler := fill(t, filepath.Join(dir, "filler"), level*1000)
		full := 0
		for _, e := range events[wrote:] {
			err := f.Append(e)
			var reserve *FullError
			if errors.As(err, &reserve) {
				full, err = full+1, nil
			}
			if err != nil {
				if !errors.Is(err, syscall.ENOSPC) {
					t.Fatal(err)
				}
				break
			}
			wrote++
		}
		if full == 0 && wrote == len(events) {
			t.Errorf("level %d: nobody was told that the disk is full", level)
		}
		end := f.end
		f.Close()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, read, err := Read(data)
		if err != nil || read != len(data) || int64(read) != end || len(got) != wrote {
			t.Errorf("level %d: %d records written, %d read, %d of %d bytes, %v", level, wrote, len(got), read, len(data), err)
		}
		if begun && (wrote < len(events) || full == 0) {
			t.Errorf("level %d: the reserve took %d bytes, and that was told %d times", level, end, full)
		}
		os.Remove(path)
		os.Remove(filler)
	}
}

// Close gives back what was reserved.
func TestCloseFreesReserve(t *testing.T) {
	path := written(t, sample(3))
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil || stat.Blocks*512 > 64<<10 {
		t.Errorf("%d bytes of disk for a journal of %d, %v", stat.Blocks*512, stat.Size, err)
	}
}

// fill fills a disk but for some bytes, more or less.
func fill(t *testing.T, path string, room int) string {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	chunk, end := make([]byte, 4096), int64(0)
	for {
		n, err := file.Write(chunk)
		end += int64(n)
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Truncate(max(0, end-int64(room))); err != nil {
		t.Fatal(err)
	}
	return path
}
