package state

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
)

// LogName is the name of the log of one attempt.
func LogName(stepID string, phase event.Phase, attempt int) string {
	return logStem(stepID, phase) + "." + strconv.Itoa(attempt) + ".log"
}

func logStem(stepID string, phase event.Phase) string {
	name := encodeID(stepID)
	if phase == event.Rollback {
		name += "." + string(event.Rollback)
	}
	return name
}

// maxFileName leaves room for what follows an id in a file's name, of the 255
// bytes that file systems take.
const maxFileName = 200

// encodeID makes a file name of a step's id: the key of an instance may hold
// anything.
func encodeID(id string) string {
	var b strings.Builder
	b.Grow(len(id))
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_-[]@+=,", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() <= maxFileName {
		return b.String()
	}
	sum := sha256.Sum256([]byte(id))
	return fmt.Sprintf("%s~%x", b.String()[:maxFileName-20], sum[:8])
}
