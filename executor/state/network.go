package state

import "fmt"

// networkWarning says what cannot be promised in a folder on this file system.
func networkWarning(path string) string {
	kind := network(path)
	if kind == "" {
		return ""
	}
	return fmt.Sprintf("state folder %q is on %s: a lock there may not keep two engines apart, and what is synced may still be lost; use a folder on a disk of this machine", path, kind)
}
