package state

import (
	"strings"

	"golang.org/x/sys/unix"
)

func network(path string) string {
	var fs unix.Statfs_t
	if unix.Statfs(path, &fs) != nil {
		return ""
	}
	name := unix.ByteSliceToString(fs.Fstypename[:])
	switch {
	case name == "nfs", name == "smbfs", name == "webdav", name == "afpfs", name == "9p":
		return name
	case strings.Contains(name, "fuse"):
		return "FUSE"
	}
	return ""
}
