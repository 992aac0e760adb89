package plan

// ItemOf is the type of item in a foreach over a value of type t: an element of
// a list, or of a map its key and value.
func ItemOf(t Type) Type {
	switch t.kind {
	case kindList:
		return t.element()
	case kindMap:
		value := Any
		if t.elem != nil {
			value = *t.elem
		}
		for i, name := range t.names() {
			field := t.fields[name]
			if field.absent == notRequired {
				field = field.present() // a key that is gone through is there
			}
			if i == 0 {
				value = field
			} else {
				value = join(value, field)
			}
		}
		return Object(map[string]Type{"key": String, "value": value}, false)
	}
	return Any
}

// JoinTypes is what a value is that is of type t or of type u.
func JoinTypes(t, u Type) Type { return join(t, u) }

// IsAny reports whether nothing is known of t.
func (t Type) IsAny() bool { return t.kind == kindAny }

// WantType is what may be given to a param of type t.
func WantType(t Type) Want {
	if t.kind == kindAny || t.kind == kindSecret {
		return WantText
	}
	w := Want{kinds: []kind{t.kind}}
	if e := t.element(); t.kind == kindList && e.kind != kindAny && e.absent == "" {
		w.elements = "the param"
	}
	return w
}
