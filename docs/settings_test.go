package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestSettings: the end of settings.md is what runbook config says of itself,
// and what it shows as a file is one.
func TestSettings(t *testing.T) {
	const title = "\n## All settings\n"
	written, _, ok := strings.Cut(read(t, "docs/settings.md"), title)
	if !ok {
		t.Fatal("docs/settings.md has no list of settings")
	}
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	out, errs, code := runbookIn(t, dir, "", "config", "-o", "json")
	var config struct {
		Settings []struct{ Name, Flag, Variable, Description string }
	}
	if err := json.Unmarshal([]byte(out), &config); err != nil || code != 0 || len(config.Settings) < 5 {
		t.Fatalf("runbook config: exit code %d, %v\n%s%s", code, err, out, errs)
	}
	var page bytes.Buffer
	page.WriteString(written + title + "\n| key | flag | variable | what it is |\n|---|---|---|---|\n")
	for _, s := range config.Settings {
		variable := "–"
		if s.Variable != "" {
			variable = "`" + s.Variable + "`"
		}
		fmt.Fprintf(&page, "| `%s` | `%s` | %s | %s |\n", s.Name, s.Flag, variable, strings.ReplaceAll(s.Description, "|", `\|`))
	}
	generated(t, "docs/settings.md", page.Bytes())

	for _, b := range readPage(t, "docs/settings.md").blocks {
		if b.lang != "yml" {
			continue
		}
		dir := t.TempDir()
		put(t, dir+"/.runbook.yaml", b.text, 0o600)
		if out, errs, code := runbookIn(t, dir, "", "config"); code != 0 || !strings.Contains(out, "# project .runbook.yaml:1") {
			t.Errorf("the file shown: exit code %d\n%s%s", code, out, errs)
		}
	}
}
