package lock

import "os"

// Alive reports whether the process that says to hold a lock may be alive. Of
// one on another machine nobody here knows, and then it may.
func (h Holder) Alive() bool {
	host, _ := os.Hostname()
	if h.PID == 0 || h.Host != host || h.Boot == "" || h.Started == 0 {
		return true
	}
	return h.Boot == bootID() && startOf(h.PID) == h.Started
}
