package docs_test

import "strings"

// step is a runbook of one step with the lines given, which are its keys.
func step(lines ...string) string {
	return "version: 1\nsteps:\n  - id: build\n    " + strings.Join(lines, "\n    ") + "\n"
}

// file is a runbook with more keys before its steps.
func file(keys, steps string) string {
	return "version: 1\n" + keys + strings.TrimPrefix(steps, "version: 1\n")
}

// beside are the files that lie beside these runbooks.
var beside = map[string]string{
	"restart.yaml": file("params:\n  host: {type: string}\n", step("exec: [restart, \"${{ params.host }}\"]")),
}

// unshown are rules whose faults cannot be printed, or only in a long text.
var unshown = []string{"encoding", "control-character", "size", "limit"}

// wrong are runbooks with one mistake each, for diagnostics.md.
var wrong = []string{
	"version: 1\nsteps:\n  - id: build\n    exec: [make\n",
	step("exec: [make]") + "---\n" + step("exec: [make]"),
	step("exec: [make]", "env: &all {LIST: *all}"),
	step("exec: [make]", "timeout: !duration 5m"),
	step("exec: [make]", "env: {1: one}"),
	step("exec: [make]", "timeout: 5m", "timeout: 6m"),
	step("exec: [chmod, 0755, bin/tool]"),
	file("params:\n  target: {type: string}\n", step("exec: [make, \"${{ params.taget }}\"]")),
	file("params:\n  replicas: {type: integer}\n", step("if: params.replicas > \"2\"", "exec: [make]")),
	step("exec: [make]") + "  - id: test\n    if: steps.push.status == \"completed\"\n    exec: [make, test]\n  - id: push\n    exec: [make, push]\n",
	step("if: run.name != \"\"", "exec: [make, tag]", "outputs: {tag: stdout}") + "  - id: push\n    exec: [make, push, \"${{ steps.build.outputs.tag }}\"]\n",
	file("secrets:\n  token: {env: TOKEN}\n", step("if: secrets.token != \"\"", "exec: [make]")),
	file("params:\n  target: {type: string}\n", step("shell: make ${{ params.target }}")),
	file("params:\n  target: {type: string}\n", step("exec: [python3, -c, \"print('${{ params.target }}')\"]")),
	file("params:\n  replicas: {type: integer, default: many}\n", step("exec: [make]")),
	file("secrets:\n  token: {env: TOKEN}\n", step("exec: [./publish, \"--token=${{ secrets.token }}\"]")),
	step("uses: restart.yaml"),
	step("foreach: [blue, green, blue]", "exec: [make]"),
	file("lock: deploy\n", step("exec: [make]", "lock: deploy")),
	step("exec: [make, tag]", "outputs: {tag: null}", "secret_outputs: {tag: stdout}", "effect: read"),
	step("exec: [make]") + "finally:\n  - id: tidy\n    approval: Tidy up?\n    exec: [make, tidy]\n",
	step("exec: [make]", "timout: 5m"),
	"version: 1\nsteps:\n  - exec: [make]\n",
	step("exec: [make]", "depends_on: {first: prepare}"),
	step("exec: [make]", "effect: delete"),
	step("exec: [make]", "shell: make"),
	step("exec: [make]") + "  - id: build\n    exec: [make, install]\n",
	"version: 1\nstrategy: dependency_graph\n" + strings.TrimPrefix(step("exec: [make]"), "version: 1\n") + "  - id: test\n    depends_on: [biuld]\n    exec: [make, test]\n",
	"version: 1\nstrategy: parallel\n" + strings.TrimPrefix(step("exec: [make]"), "version: 1\n") + "  - id: test\n    depends_on: [build]\n    exec: [make, test]\n",
	"version: 1\nstrategy: dependency_graph\nsteps:\n  - id: build\n    depends_on: [test]\n    exec: [make]\n  - id: test\n    depends_on: [build]\n    exec: [make, test]\n",
	"version: 1\nstrategy: {type: serial, max_concurrency: 2}\nsteps:\n  - id: build\n    exec: [make]\n",
	step("exec: [make]", "timeout: 5 minutes"),
	step("exec: [make]", "timeout: 48h"),
	step("exec: [make]", "retry: {times: 3, delay: 1m, max_delay: 10s}"),
	step("exec: [make]", "env: {RUNBOOK_STEP_ID: other}"),
	step("exec: [make]", "working_dir: ~/src"),
	step("exec: [ls, \"|\", wc]"),
	step("exec: [make install]"),
	step("script: {path: scripts}"),
	step("exec: [make]", "env: {<<: {A: b}}"),
}
