package process

import (
	"os"
	"syscall"
)

// adoption is not to be had here.
type adoption struct{}

func startAdoption(func(string), *os.File, inheritance) *adoption { return nil }

func (*adoption) stop()           {}
func (*adoption) orphans() []proc { return nil }
func (*adoption) await()          {}
func (*adoption) cgrouped() bool  { return false }
func (*adoption) fork(in inheritance, path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	return in.forkExec(path, argv, attr)
}
func (*adoption) watched() bool        { return false }
func (*adoption) announce(*execution)  {}
func (*adoption) enter(*execution)     {}
func (*adoption) strike(*execution)    {}
func (*adoption) claim(string)         {}
func (*adoption) disclaim(string)      {}
func (*adoption) guard(*os.File) error { return nil }
func (*adoption) unguard(*os.File)     {}
func carries(int, ...string) bool      { return false }
