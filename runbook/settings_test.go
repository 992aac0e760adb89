package runbook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSettings(t *testing.T) {
	for src, want := range map[string]string{
		"":                            "",
		"# only a comment\n\n":        "",
		"a: 1\nb: x y\nc: true\nd:\n": "1 a=1, 2 b=x y, 3 c=true",
		"a: [1, \"2\"]\nb: []\n":      "1 a=[1 2], 2 b=[]",
		"a: &x 5\nb: *x\n":            "1 a=5, 2 b=5",
		"\n\n  a: 1\n":                "3 a=1",
		"- a\n":                       "1:1 settings are a mapping, not a list",
		"text\n":                      `1:1 settings are a mapping, not "text"`,
		"a: {b: 1}\n":                 `1:4 "a" takes single values, found a mapping`,
		"a: [1, [2]]\n":               `1:8 "a" takes single values, found a list`,
		"a: [1, ~]\n":                 `1:8 "a" takes single values, found nothing`,
		"a: ${{ 1 }}\n":               "1:4 settings hold no expressions",
		"a: 1\na: 2\n":                `2:1 the key "a" is given twice, first in line 1`,
		"a: on\n":                     "1:4 unquoted on is true or false to some YAML tools and text to others",
		"a: [1\n":                     "1:4 this list is not closed with ]",
		"a: 1\n---\nb: 2\n":           "2:1 a second document begins here",
	} {
		s := ParseSettings("x.yaml", []byte(src))
		var got []string
		for _, d := range s.Diagnostics() {
			got = append(got, strings.TrimPrefix(d.Pos.String(), "x.yaml:")+" "+d.Message)
		}
		for _, e := range s.All() {
			if len(got) > 0 && s.Diagnostics().Errors() {
				break
			}
			text := strings.Join(e.Values, " ")
			if e.List {
				text = "[" + text + "]"
			}
			line, _, _ := strings.Cut(strings.TrimPrefix(e.Pos.String(), "x.yaml:"), ":")
			got = append(got, line+" "+e.Name+"="+text)
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", src, diff)
		}
	}
}

func TestRefusedSettings(t *testing.T) {
	s := ParseSettings("x.yaml", []byte("log_dri: x\nlevels: [1, two]\n"))
	all := s.All()
	s.Refuse(all[1], 1, "write a number", "%q is no number", all[1].Values[1])
	s.RefuseName(all[0], []string{"log_dir", "levels"})
	want := `x.yaml:1:1: error: unknown setting "log_dri" [unknown-key]
    log_dri: x
    ^~~~~~~
help: did you mean "log_dir"?
x.yaml:2:13: error: "two" is no number [value]
    levels: [1, two]
                ^~~
help: write a number`
	if diff := cmp.Diff(want, s.Diagnostics().Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
