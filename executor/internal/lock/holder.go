package lock

import (
	"fmt"
	"os"
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
	host, _ := os.Hostname() // only a hint
	return Holder{
		Name: name, Run: run, PID: os.Getpid(), Host: host, Since: time.Now().UTC(),
		Boot: bootID(), Started: processStart(),
	}
}

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
