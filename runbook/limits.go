package runbook

// Limits bound what a file may hold, so that no input takes long or much memory.
// A zero field is the default.
type Limits struct {
	FileBytes   int64 // of the file
	Depth       int   // of nested lists and mappings
	Nodes       int   // values, lists and mappings, each alias counted as what it stands for; keys are not counted
	MapKeys     int   // of one mapping
	ScalarBytes int   // of one text
}

// DefaultLimits returns the limits that hold where none are given.
func DefaultLimits() Limits {
	return Limits{FileBytes: 16 << 20, Depth: 64, Nodes: 2_000_000, MapKeys: 2000, ScalarBytes: 64 << 10}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.FileBytes > 0 {
		d.FileBytes = l.FileBytes
	}
	set := func(to *int, from int) {
		if from > 0 {
			*to = from
		}
	}
	set(&d.Depth, l.Depth)
	set(&d.Nodes, l.Nodes)
	set(&d.MapKeys, l.MapKeys)
	set(&d.ScalarBytes, l.ScalarBytes)
	return d
}
