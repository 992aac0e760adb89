package runbook

import (
	"regexp"
	"strings"
	"testing"
)

var offered = regexp.MustCompile(`^(?:write|quote it:|add a unit:|remove the quotes:|did you mean) "?(.*?)"?\??$`)

// Help that names what to write is right to the letter: what it names, put in
// the place of what was wrong, is accepted.
func TestHelpIsRight(t *testing.T) {
	for _, line := range []string{
		`exec: echo "a b" c`, `exec: echo 'it, x' c`, `exec: ls -l`, `exec: "echo $HOME | wc"`, `exec: echo true 5 no a\\ b`, `exec: {program: ls, args: "-l -a"}`,
		`script: x.sh`, `aws_cli: s3 ls`, `timeout: 30`, `timeout: 1.5`, `timeout: "30"`, `timeout: 5 min`, `timeout: 1d`, `grace_period: 1.5`, `grace_period: 0`,
		`retry: "3"`, `retry: {times: 2, delay: 5}`, `retry: {times: 2, backoff: exp}`, `stdin: 5`, `stdin: true`, `stdout: 1.5`, `working_dir: 5`,
		`env: [A=b, C=d e]`, `env: {A: true}`, `env: {A: 1.5}`, `env_files: x.env`, `inherit_env: "no"`, `inherit_env: no`, `inherit_env: 0`, `inherit_env: "true"`,
		`continue_on_error: yes`, `continue_on_error: "yes"`, `idempotent: 1`, `effect: reads`, `success_exit_codes: 0`, `success_exit_codes: "0"`, `success_exit_codes: ["0"]`,
		`rollback: rm -r x`, `labels: {a: true}`, `name: 5`, `description: true`, `foreach: {in: [a], max_concurrency: "2"}`, `lock: {name: a, wait: 5}`,
	} {
		key, _, _ := strings.Cut(line, ":")
		command := "    exec: [ls]\n"
		if key == "exec" || key == "script" || key == "aws_cli" {
			command = ""
		}
		parse := func(line string) Diagnostics {
			_, ds := Parse("t.yaml", []byte("version: 1\nsteps:\n  - id: a\n"+command+"    "+line+"\n"), Options{})
			return ds
		}
		ds := parse(line)
		if len(ds) != 1 {
			t.Errorf("%s: %d diagnostics:\n%s", line, len(ds), ds.Error())
			continue
		}
		m := offered.FindStringSubmatch(strings.TrimSuffix(ds[0].Help, ", or use shell"))
		if m == nil {
			t.Errorf("%s: the help offers nothing: %q", line, ds[0].Help)
			continue
		}
		word := m[1]
		if strings.HasPrefix(ds[0].Help, "quote it") {
			word = `"` + word + `"`
		}
		at := ds[0].Pos.Col - 5
		fixed := line[:at] + strings.Replace(line[at:], line[at:at+ds[0].End.Col-ds[0].Pos.Col], word, 1)
		if name, _, isLine := strings.Cut(ds[0].Help, ": "); isLine && strings.HasPrefix(name, "write ") {
			fixed = strings.TrimPrefix(strings.TrimSuffix(ds[0].Help, ", or use shell"), "write ")
			if !strings.HasPrefix(line, strings.TrimPrefix(name, "write ")) && !strings.HasPrefix(fixed, "shell: ") {
				fixed = line[:strings.Index(line, strings.TrimPrefix(name, "write ")+":")] + fixed + "}"
			}
		}
		for _, d := range parse(fixed) {
			if d.Severity == Error && d.Rule != ruleScript {
				t.Errorf("%s: fixed as the help says (%s) it is %s:\n%s", line, ds[0].Help, fixed, d)
			}
		}
	}
}
