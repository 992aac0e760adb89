package plan

// MaxArgBytes is the longest argument, and the longest environment variable
// with its name and "=", that Linux passes to a program: 32 pages of 4 KiB less
// the closing NUL. A longer one fails with E2BIG whatever the total.
const MaxArgBytes = 128<<10 - 1

// ReservedEnvPrefix begins the names of the variables the engine itself sets.
const ReservedEnvPrefix = "RUNBOOK_"

// ValidEnvName reports whether name can be the name of a variable that every
// shell can read: letters, digits and _, not a digit first.
func ValidEnvName(name string) bool {
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	for _, c := range []byte(name) {
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
