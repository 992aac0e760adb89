package event

import (
	"maps"
	"slices"
)

// A Fingerprint tells what a step was when it started or was approved: a short
// hash for each part of it by the part's name, such as args, env.REGION or
// script. Values of secrets are not in it.
type Fingerprint map[string]string

// Differs returns the names of the parts in which two fingerprints differ, in
// order.
func (f Fingerprint) Differs(other Fingerprint) []string {
	var names []string
	for name, sum := range f {
		if other[name] != sum {
			names = append(names, name)
		}
	}
	for name := range other {
		if _, known := f[name]; !known {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (f Fingerprint) appendJSON(b []byte) []byte {
	o := object{b: append(b, '{'), empty: true}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !o.empty {
			o.b = append(o.b, ',')
		}
		o.empty = false
		o.string(name)
		o.b = append(o.b, ':')
		o.string(f[name])
	}
	return append(o.b, '}')
}
