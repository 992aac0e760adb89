package process

// Carrying returns the processes whose environment had all of these entries when
// they were started. Those of other users cannot be told.
func Carrying(entries ...string) []int {
	var pids []int
next:
	for _, p := range census() {
		for _, e := range entries {
			if p.zombie || !carries(p.pid, e) {
				continue next
			}
		}
		pids = append(pids, p.pid)
	}
	return pids
}
