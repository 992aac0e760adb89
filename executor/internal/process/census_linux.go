package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"golang.org/x/sys/unix"
)

// takeCensus reads the process table. It waits for a free descriptor: without a
// look, what left its group cannot be ended.
func takeCensus() []proc {
	var dir *os.File
	for try := 0; ; try++ {
		var err error
		if dir, err = os.Open("/proc"); err == nil {
			break
		}
		if !scarce(err) || try == 100 {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	names, _ := dir.Readdirnames(-1)
	dir.Close()
	procs := make([]proc, 0, len(names))
	for _, name := range names {
		pid := number([]byte(name))
		if pid == 0 {
			continue
		}
		if p, ok := stat(pid); ok {
			procs = append(procs, p)
		}
	}
	return procs
}

// stat reads one process.
func stat(pid int) (proc, bool) {
	var path [32]byte
	name := append(strconv.AppendInt(append(path[:0], "/proc/"...), int64(pid), 10), "/stat"...)
	fd, err := syscall.Open(string(name), syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	for try := 0; scarce(err) && try < 100; try++ {
		time.Sleep(5 * time.Millisecond)
		fd, err = syscall.Open(string(name), syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	}
	if err != nil {
		return proc{}, false
	}
	defer syscall.Close(fd)
	var buf [1024]byte
	n, err := syscall.Read(fd, buf[:])
	if err != nil || n <= 0 {
		return proc{}, false
	}
	return parseStat(pid, buf[:n])
}

// parseStat parses /proc/PID/stat. The name in it may hold anything, spaces and
// parentheses too.
func parseStat(pid int, line []byte) (proc, bool) {
	const (
		state   = 0
		parent  = 1
		group   = 2
		session = 3
		flags   = 6
		threads = 17
		start   = 19

		exiting = 0x4 // PF_EXITING
	)
	end := bytes.LastIndexByte(line, ')')
	if end < 0 || end+2 > len(line) {
		return proc{}, false
	}
	p := proc{pid: pid}
	field := 0
	for word := range bytes.FieldsSeq(line[end+2:]) {
		switch field {
		case state:
			p.zombie = word[0] == 'Z' || word[0] == 'X'
		case parent:
			p.parent = number(word)
		case group:
			p.group = number(word)
		case session:
			p.session = number(word)
		case flags:
			p.exiting = number(word)&exiting != 0
		case threads:
			// The main thread may have ended before others.
			p.zombie = p.zombie && number(word) <= 1
		case start:
			p.start = uint64(number(word))
			return p, true
		}
		field++
	}
	return proc{}, false
}

// number parses a decimal number; what is none is 0.
func number(word []byte) int {
	n := 0
	for _, c := range word {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// startClock is now on the clock of proc.start: ticks since boot, of which user
// space always sees a hundred a second.
func startClock() uint64 {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return uint64(now.Sec)*100 + uint64(now.Nsec)/10_000_000
}

// commandLine returns what a process was started as, shortened to one line.
func commandLine(pid int) string {
	proc := "/proc/" + strconv.Itoa(pid)
	line, _ := os.ReadFile(proc + "/cmdline")
	if len(line) == 0 {
		line, _ = os.ReadFile(proc + "/comm")
	}
	return shorten(strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " ")))
}

// shorten makes text fit into a message.
func shorten(text string) string {
	const most = 60
	n := 0
	text = strings.Map(func(r rune) rune {
		if n++; n > most {
			return -1
		}
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	if n > most {
		text += "…"
	}
	return text
}
