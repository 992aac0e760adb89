package lock

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
}

// processStart is when this process was started, in ticks since boot.
func processStart() uint64 { return startOf(os.Getpid()) }

// startOf is when a process was started; 0: it is gone, or only its exit status
// is left.
func startOf(pid int) uint64 {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // its name may hold anything
	if len(fields) < 20 || string(fields[0]) == "Z" {
		return 0
	}
	start, _ := strconv.ParseUint(string(fields[19]), 10, 64)
	return start
}
