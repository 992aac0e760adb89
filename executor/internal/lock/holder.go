package lock

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// A Holder says who holds a lock. It is written into the lock's file, so that
// another run can name it, and is only ever a hint: the kernel alone knows.
type Holder struct {
	Name    string    `json:"name,omitempty"` // of the lock; empty: that of the run itself
	Run     string    `json:"run"`
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
	Boot    string    `json:"boot_id,omitempty"`       // of the machine since it was last started
	Started uint64    `json:"process_start,omitempty"` // of the process, in the kernel's own measure: with Boot and PID it names the process for ever
}

// Self is this process as a holder.
func Self(name, run string) Holder {
	h := self()
	h.Name, h.Run, h.Since = name, run, time.Now().UTC()
	return h
}

// self is what stays the same, and takes files of the kernel to be read.
var self = sync.OnceValue(func() Holder {
	host, _ := os.Hostname() // only a hint
	return Holder{PID: os.Getpid(), Host: host, Boot: bootID(), Started: processStart()}
})

func (h Holder) String() string {
	if h.Run == "" {
		return "a run that did not say which"
	}
	return fmt.Sprintf("run %s (%s)", h.Run, h.process())
}

func (h Holder) process() string {
	if h.PID == 0 {
		return "one that did not say which"
	}
	return fmt.Sprintf("pid %d on %s, since %s", h.PID, h.Host, h.Since.UTC().Format(time.RFC3339))
}
