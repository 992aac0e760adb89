package process

import (
	"time"

	"golang.org/x/sys/unix"
)

// takeCensus reads the process table.
func takeCensus() []proc {
	const (
		zombie  = 5      // SZOMB
		exiting = 0x2000 // P_WEXIT
	)
	table, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	procs := make([]proc, 0, len(table))
	for i := range table {
		k := &table[i]
		p := proc{
			pid:     int(k.Proc.P_pid),
			parent:  int(k.Eproc.Ppid),
			group:   int(k.Eproc.Pgid),
			start:   uint64(k.Proc.P_starttime.Sec)*1e6 + uint64(k.Proc.P_starttime.Usec),
			zombie:  k.Proc.P_stat == zombie,
			exiting: k.Proc.P_flag&exiting != 0,
		}
		p.session, _ = unix.Getsid(p.pid)
		procs = append(procs, p)
	}
	return procs
}

// startClock is now on the clock of proc.start.
func startClock() uint64 { return uint64(time.Now().UnixMicro()) }

// commandLine returns the name of a process, which is all there is to have.
func commandLine(pid int) string {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return ""
	}
	return unix.ByteSliceToString(k.Proc.P_comm[:])
}
