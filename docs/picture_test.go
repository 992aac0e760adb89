package docs_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var arrow = regexp.MustCompile(`^\s*([\w/]+)(?:\["?[^\]]*\])? --> ([\w/]+)`)

// TestPicture: the arrows of architecture.md are the imports of the packages
// that make the command, no more and no fewer.
func TestPicture(t *testing.T) {
	const module = "github.com/cloudops-run/runbook/"
	cmd := exec.Command("go", "list", "-deps", "-f", `{{$p := .ImportPath}}{{range .Imports}}{{$p}} {{.}}{{"\n"}}{{end}}`, "./cmd/runbook")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var imports []string
	for line := range strings.Lines(string(out)) {
		from, to, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(from, module) && strings.HasPrefix(to, module) {
			imports = append(imports, strings.TrimPrefix(from, module)+" --> "+strings.TrimPrefix(to, module))
		}
	}
	var drawn []string
	for _, b := range readPage(t, "docs/architecture.md").blocks {
		if b.lang != "mermaid" {
			continue
		}
		for line := range strings.Lines(b.text) {
			if m := arrow.FindStringSubmatch(line); m != nil {
				drawn = append(drawn, m[1]+" --> "+m[2])
			}
		}
	}
	compare(t, "the picture in docs/architecture.md", drawn, imports)
}
