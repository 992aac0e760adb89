package plan

import "regexp"

type pattern struct{ re *regexp.Regexp }

func compilePattern(text string) (*pattern, error) {
	re, err := regexp.Compile(text)
	return &pattern{re}, err
}
