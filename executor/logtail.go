package executor

import (
	"io"
	"os"
	"strings"
)

// What run.failure.log_tail holds at most.
const (
	tailBytes = 16 << 10
	tailLines = 40
)

// logTail is the end of the log of the step whose failure decided the run.
// Secrets are masked in it, as they are in every log.
func (r *liveRun) logTail() string {
	r.mu.Lock()
	n, failed := r.machine.Failure()
	r.mu.Unlock()
	path := ""
	if failed {
		path = r.logPath(n)
	}
	if path == "" {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	return LogTail(f)
}

// LogTail is the last lines of a log, whole ones where it can be, some 40 of them,
// in which secrets are hidden as they are in every log; empty where it cannot be
// read.
func LogTail(f *os.File) string {
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	from := max(0, info.Size()-tailBytes)
	data, err := io.ReadAll(io.NewSectionReader(f, from, tailBytes))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimRight(strings.ToValidUTF8(string(data), "\uFFFD"), "\n"), "\n")
	if from > 0 && len(lines) > 1 {
		lines = lines[1:]
	}
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
