package journal

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/cloudops-run/runbook/executor/event"
)

// A Part is records of a journal that lie one behind the other: what stands for
// their events where these are not worth the memory. The zero Part has none.
type Part struct {
	path         string
	offset, size int64
	Count        int // of records
}

// Last is the record that Append wrote last. Call it as Append is called.
func (f *File) Last() Part { return f.last }

// Extend makes next a part of p. It reports false, changing nothing, where next
// does not lie right behind p.
func (p *Part) Extend(next Part) bool {
	if p.path != next.path || p.offset+p.size != next.offset {
		return false
	}
	p.size += next.size
	p.Count += next.Count
	return true
}

// Each reads the events of p and calls do with one after the other, as long as
// there is no error. The journal may be closed by then: its file is opened anew.
func (p Part) Each(do func(event.Event)) error {
	file, err := open(p.path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	records := bufio.NewReader(io.NewSectionReader(file, p.offset, p.size))
	for range p.Count {
		record, err := records.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		var e event.Event
		if err := json.Unmarshal(record, &e); err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		do(e)
	}
	return nil
}
