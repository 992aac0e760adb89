package plan

// A Function of the expression language.
type Function struct {
	Name      string
	Signature string
	Doc       string
}

func function(name string) *Function { return nil }
