package runbook

// checkIDs: a step's id is unique, handlers included.
func checkIDs(c *checker, d *document) {
	first := make(map[string]*step, len(d.steps))
	for _, s := range d.all() {
		if s.id == nil {
			continue
		}
		earlier := first[s.id.Value]
		if earlier == nil {
			first[s.id.Value] = s
			continue
		}
		c.at(s.id, ruleDuplicateID, "give this step another id", "the id %q is used twice, first in line %d", shorten(s.id.Value), earlier.id.Line)
	}
}
