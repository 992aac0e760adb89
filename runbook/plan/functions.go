package plan

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Function of the expression language.
type Function struct {
	Name      string
	Signature string // such as join(list, separator? string) string
	Doc       string // one sentence

	params []param
	takes  []kind // what the elements of its lists must be, or the values for each element where there are those; nil: any
	result Type
	of     func(args []Type) Type // the result, where it depends on the arguments; nil: result
	call   func(m *machine, x []any) (any, error)
	loop   func(l *looping) (any, error) // in place of call: evaluates the condition for each element
}

// What is computed with the elements of lists.
var (
	numbers = []kind{kindNumber}
	ordered = []kind{kindNumber, kindString}
)

// A param of a function, as its signature says.
type param struct {
	name     string
	kinds    []kind // none: any value
	optional bool
	lazy     bool // evaluated for each element of the first argument
	repeated bool // any number of them
}

// Functions returns the functions that expressions may call, sorted by name.
// There are no others, and none of them depends on anything but its arguments.
func Functions() []Function {
	list := make([]Function, 0, len(functions()))
	for _, name := range slices.Sorted(maps.Keys(functions())) {
		list = append(list, *functions()[name])
	}
	return list
}

// function returns the function of a name, or nil.
func function(name string) *Function { return functions()[name] }

// functions are made when the first expression calls one.
var functions = sync.OnceValue(func() map[string]*Function {
	byName := map[string]*Function{}
	for _, group := range [][]Function{loopFunctions(), textFunctions(), numberFunctions(), listFunctions(), mapFunctions(), conversions()} {
		for i := range group {
			f := &group[i]
			f.readSignature()
			byName[f.Name] = f
		}
	}
	return byName
})

// readSignature fills in what the signature says: name(param kind, …) kind. A
// ? after a name makes a param optional, a … repeated; a param named condition
// or value of kind "each" is evaluated for each element.
func (f *Function) readSignature() {
	name, rest, _ := strings.Cut(f.Signature, "(")
	inside, result, _ := strings.Cut(rest, ")")
	f.Name = name
	f.result = typeNamed(strings.TrimSpace(result))
	for part := range strings.SplitSeq(inside, ", ") {
		word, kinds, _ := strings.Cut(part, " ")
		p := param{name: strings.TrimRight(word, "?…"), optional: strings.HasSuffix(word, "?"), repeated: strings.HasSuffix(word, "…")}
		for k := range strings.SplitSeq(kinds, "|") {
			switch k {
			case "", "any":
			case "each":
				p.lazy = true
			default:
				p.kinds = append(p.kinds, typeNamed(k).kind)
			}
		}
		f.params = append(f.params, p)
	}
}

func typeNamed(word string) Type {
	switch word {
	case "string":
		return String
	case "integer":
		return Integer
	case "number":
		return Number
	case "boolean":
		return Bool
	case "list":
		return ListOf(Any)
	case "map":
		return MapOf(Any)
	}
	return Any
}

// arity checks the number of arguments, and returns what is wrong with it.
func (f *Function) arity(n int) string {
	least, most := 0, len(f.params)
	for _, p := range f.params {
		if !p.optional && !p.repeated {
			least++
		}
		if p.repeated {
			most = n
		}
	}
	switch {
	case n < least:
		return "too few arguments"
	case n > most:
		return "too many arguments"
	}
	return ""
}

// param returns the i-th param.
func (f *Function) param(i int) param { return f.params[min(i, len(f.params)-1)] }
