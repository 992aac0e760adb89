package plan

import "fmt"

// describe names the type of a value as it reads in a sentence.
func describe(v any) string { return fmt.Sprintf("%T", v) }
