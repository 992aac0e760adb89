package journal

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// A Seal is how far a journal had come when its writing last ended in order. A
// journal that is shorter, or does not have that record at that place, has lost
// something that no crash explains: the chain alone does not tell where it should
// end. It stays true when the journal is gone on with. The zero Seal is that of a
// journal whose writing never ended.
type Seal struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of the last record, which stands for all before it
}

// Seal is how far the journal has come. Call it when it is closed.
func (f *File) Seal() Seal {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Seal{f.end, hex.EncodeToString(f.prev[:])}
}

// broken says why the next record cannot be the one that was sealed; empty: it
// may be, or is another one.
func (p *position) broken(line []byte) string {
	end := p.end + int64(len(line))
	if p.end >= p.seal.Bytes || p.seal.Bytes > end {
		return ""
	}
	sum := sha256.Sum256(line)
	if end == p.seal.Bytes && hex.EncodeToString(sum[:]) == p.seal.SHA256 {
		return ""
	}
	return "it is not the one that was written last before the run came to rest"
}

// short says of a journal that ends here what is missing; nil: nothing is.
func (p *position) short() error {
	if p.end >= p.seal.Bytes {
		return nil
	}
	return &DamageError{p.end, p.record + 1, fmt.Sprintf("it is missing: the journal was %d bytes long when the run came to rest", p.seal.Bytes)}
}

// Check follows the hashes through a journal as [Follower.Next] does, but looks
// at nothing that the records say: visit does, which gets each one that is good
// and must not keep it. It returns where the journal ends.
func Check(path string, s Seal, visit func(record []byte)) (end int64, err error) {
	file, err := open(path, os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	at := position{seal: s}
	records := bufio.NewReaderSize(file, 64<<10)
	for {
		line, err := records.ReadBytes('\n')
		if errors.Is(err, io.EOF) { // what is left is a record that is not complete
			return at.end, at.short()
		}
		if err != nil {
			return at.end, err
		}
		if what := at.follows(line); what != "" {
			if _, err := records.Peek(1); err == io.EOF && !json.Valid(line) {
				return at.end, at.short()
			}
			if !json.Valid(line) {
				what = "it is no event"
			}
			return at.end, &DamageError{at.end, at.record + 1, what}
		}
		at.advance(line, 0)
		visit(line)
	}
}
