package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// shapes are a canary of each of the first n shapes, of which there are five.
func shapes(t *testing.T, n int) map[string]string {
	all := canaries(t)
	few := map[string]string{}
	for i := range n {
		name := fmt.Sprintf("s%d", i+10)
		few[name] = all[name]
	}
	return few
}

// ways are steps that say a secret where it is not expected: X is its name, N the
// name without anything else. All that a run does about them must keep silent.
const ways = `
  - id: argv_X
    exec: [no-such-program, "${{ secrets.X }}", "user:${{ secrets.X }}"]
  - id: folder_X
    exec: [echo, "${{ secrets.X }}"]
    if: steps.argv_X.status == "failed"
    working_dir: no-such-folder
  - id: quoted_X
    exec: [python3, say.py, plain]
    env: {S: "${{ secrets.X }}"}
    retry: {times: 1, delay: 0s, if: "int(stdout) > 0"}
    outputs: {number: int(stdout)}
  - id: parsed_X
    exec: [python3, say.py, plain]
    env: {S: "${{ secrets.X }}"}
    outputs: {part: fromJSON(stdout).a}
  - id: unexpected_X
    exec: [python3, say.py, plain, quoted]
    env: {S: "${{ secrets.X }}"}
    expect: stdout == "nothing" && len(stdout) > 1
  - id: named_X
    exec: [python3, say.py, name]
    env: {S: "${{ secrets.X }}"}
    outputs: {given: null}
  - id: noline_X
    exec: [python3, say.py, noline]
    env: {S: "${{ secrets.X }}"}
    outputs: {given: null}
  - id: given_X
    exec: [python3, say.py, given]
    env: {S: "${{ secrets.X }}"}
    outputs: {given: null}
  - id: list_X
    exec: [python3, say.py, plain]
    env: {S: "${{ secrets.X }}"}
    outputs: {list: '[{"a": [stdout]}]'}
  - id: key_X
    exec: [python3, say.py, plain]
    env: {S: "${{ secrets.X }}"}
    outputs: {map: '{(stdout): 1}'}
  - id: base64_X
    exec: [python3, say.py, plain]
    env: {S: "${{ secrets.X }}"}
    outputs: {list: toBase64("user:" + stdout)}
  - id: each_X
    foreach: [one, two]
    exec: [python3, say.py, plain, quoted, "${{ item }}"]
    env: {S: "${{ secrets.X }}", ITEM: "${{ item }}"}
  - id: probed_X
    exec: [echo, probed]
    env: {S: "${{ secrets.X }}"}
    unless: {exec: [python3, say.py, plain, fail], expect: int(stdout) > 1}
  - id: probe_X
    exec: [echo, probed]
    unless: {exec: [no-such-program, "${{ secrets.X }}"]}
  - id: required_X
    exec: [echo, required]
    require:
      - {exec: [python3, say.py, plain], expect: int(stdout) > 1, message: not so}
    env: {S: "${{ secrets.X }}"}
  - id: approved_X
    exec: [python3, say.py, plain]
    env: {S: "${{ secrets.X }}"}
    approval: go on?
  - id: included_X
    uses: included.yaml
    with: {token: "${{ secrets.X }}", host: db}
  - id: loop_X
    foreach: [one, two]
    uses: included.yaml
    with: {token: "${{ secrets.X }}", host: "${{ item }}"}
  - id: undone_X
    exec: [python3, say.py, plain]
    env: {S: "${{ secrets.X }}"}
    rollback: {exec: [python3, say.py, plain, quoted, fail], env: {S: "${{ secrets.X }}"}}
  - id: mint_X
    exec: [python3, say.py, mint]
    env: {S: "${{ secrets.X }}"}
    effect: read
    secret_outputs: {token: stdout}
  - id: spend_X
    exec: [python3, say.py, plain, quoted, base64]
    env: {S: "${{ steps.mint_X.outputs.token }}"}
    stdin: '${{ toJSON({"token": steps.mint_X.outputs.token}) }}'
  - id: mintfile_X
    exec: [python3, say.py, mintfile]
    env: {S: "${{ secrets.X }}"}
    effect: read
    secret_outputs: {token: null}
  - id: spendfile_X
    exec: [python3, say.py, plain, quoted, base64]
    env: {S: "${{ steps.mintfile_X.outputs.token }}"}
  - id: minteach_X
    foreach: [one, two]
    exec: [python3, say.py, mint, "${{ item }}"]
    env: {S: "${{ secrets.X }}"}
    effect: read
    secret_outputs: {token: stdout}
  - id: spendeach_X
    exec: [python3, say.py, plain, quoted, base64]
    env: {S: "${{ toJSON(steps.minteach_X.outputs.token) }}"}
  - id: badmint_X
    exec: [python3, say.py, mint, wrong]
    env: {S: "${{ secrets.X }}"}
    effect: read
    secret_outputs: {token: fromJSON(stdout).token}
  - id: unmint_X
    exec: [python3, say.py, mint, unexpected]
    env: {S: "${{ secrets.X }}"}
    effect: read
    secret_outputs: {token: stdout}
    expect: stdout == "other"
`

const included = `
version: 1
params:
  token: {type: string}
  host: {type: string}
steps:
  - id: say
    exec: [python3, say.py, plain, quoted, "${{ params.host }}"]
    env: {S: "${{ params.token }}"}
  - id: start
    exec: [no-such-program, "${{ params.token }}"]
`

// sayer says the secret in $S, and what is minted of it: the same backwards,
// which no mask knows before it is an output.
const sayer = `
import base64, json, os, shlex, sys
s = os.environ["S"]
for word in sys.argv[1:]:
    if word == "plain": print(s)
    if word == "quoted": print(repr(s), shlex.quote(s), json.dumps(s), file=sys.stderr)
    if word == "base64": print(base64.b64encode(s.encode()).decode())
    if word == "mint": print("minted-" + s[::-1] + "".join(sys.argv[2:]))
    if word in ("name", "noline", "given", "mintfile"):
        line = {"name": s + "=x", "noline": s, "given": "given=" + s, "mintfile": "token=minted-" + s[::-1]}[word].replace("\n", " ")
        open(os.environ["RUNBOOK_STEP_OUTPUT"], "a").write(line + "\n")
if "fail" in sys.argv: sys.exit(3)
`

// A secret that takes a way nobody thinks of is in no file and no stream.
func TestCanaryWays(t *testing.T) {
	c, declared := newCanary(t, shapes(t, 5))
	c.write("say.py", sayer)
	c.write("included.yaml", included)
	var steps strings.Builder
	var outputs []string
	for name, secret := range c.secrets {
		steps.WriteString(strings.ReplaceAll(ways, "X", name))
		for _, way := range []string{"", "one", "two", "wrong", "unexpected"} {
			outputs = append(outputs, "minted-"+backwards(secret)+way)
		}
		outputs = append(outputs, "minted-"+strings.ReplaceAll(backwards(secret), "\n", " "))
	}
	c.write("ways.yaml", "version: 1\nname: ways\nstrategy: {type: dependency_graph, stop_on_error: false}\n"+declared+
		"lock: ways\nsteps:"+steps.String()+
		"on_failure:\n  - {id: tell, exec: [python3, say.py, plain, quoted], env: {S: \"${{ run.failure.log_tail }}\"}}\n"+
		"  - {id: sum, exec: [cat], stdin: \"${{ run.failure.log_tail }}\"}\n")
	c.exits(0, "validate", "ways.yaml")
	c.exits(0, "plan", "ways.yaml", "-o", "json")
	c.exits(0, "plan", "ways.yaml", "--probe")
	c.exits(0, "graph", "ways.yaml")
	c.exits(1, "apply", "ways.yaml", "--approve-all", "-o", "json", "--sink", "jsonl=events.jsonl")
	all := c.silent(outputs...)
	for _, want := range []string{"holds the secret", "no-such-program"} {
		if !bytes.Contains(all["events.jsonl"], []byte(want)) {
			t.Errorf("the events do not say %q", want)
		}
	}
}

func backwards(text string) string {
	r := []rune(text)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}
