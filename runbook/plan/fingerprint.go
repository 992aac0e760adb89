package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
)

// Fingerprint tells what a step is, a short hash for each part of it by the
// part's name: kind and literal command, resolved arguments, standard input,
// declared variables one by one, folder, item, bytes of the script, and what it
// puts out. What is inherited, and what only says when and how often it runs
// (timeouts, retry, labels), is not in it. Neither is where the runbook lies:
// the same step from another checkout has the same fingerprint.
//
// inv is s resolved in scope. Of a secret only the name may be in it, so where
// one is, both come from a scope in which secrets are [SecretNames]. A secret may
// be among the rest all the same, since it is a param, or stands in the runbook:
// key is hashed with everything, so that nobody without it can try what it is.
func (s *Step) Fingerprint(inv *Invocation, scope *Scope, key string) map[string]string {
	p := prints{dir: s.Dir, key: key, sums: make(map[string]string, 4+len(inv.Env))}
	c := &s.Command
	p.begin(string(c.Kind))
	p.path(c.Program)
	for _, code := range c.Code {
		p.path(code)
	}
	p.end("command")
	if args := inv.Args[min(len(c.Code), len(inv.Args)):]; len(args) > 0 {
		for _, a := range args {
			p.text(a)
		}
		p.end("args")
	}
	for _, v := range inv.Env {
		p.text(v.Value)
		p.end("env." + v.Name)
	}
	p.files("env_files", inv.EnvFiles)
	if s.BareEnv {
		p.end("inherit_env")
	}
	if inv.Dir != "" && inv.Dir != s.Dir {
		p.path(inv.Dir)
		p.end("working_dir")
	}
	if inv.Stdin != nil {
		p.text(*inv.Stdin)
		p.end("stdin")
	}
	if inv.StdoutFile != "" {
		p.path(inv.StdoutFile)
		p.end("stdout")
	}
	if c.Script != nil && c.Script.SHA256 != "" {
		p.text(c.Script.SHA256)
		p.end("script")
	}
	if scope != nil && scope.HasItem && s.Foreach != nil {
		p.value(scope.Item)
		p.end("item")
	}
	p.outputs(s.Outputs)
	return p.sums
}

// GroupFingerprint tells what a foreach or an included runbook is given, as that of a
// step does: its items, and its params.
func GroupFingerprint(items, with any, key string) map[string]string {
	p := prints{key: key, sums: map[string]string{}}
	if items != nil {
		p.value(items)
		p.end("foreach")
	}
	if with != nil {
		p.value(with)
		p.end("with")
	}
	return p.sums
}

// WithQuestion adds to a fingerprint what somebody is asked to approve.
func WithQuestion(fingerprint map[string]string, question, key string) map[string]string {
	p := prints{key: key, sums: maps.Clone(fingerprint)}
	p.text(question)
	p.end("approval")
	return p.sums
}

// NoFingerprint is for a step whose values cannot be told: why is all there is of
// them.
func NoFingerprint(why error, key string) map[string]string {
	p := prints{key: key, sums: map[string]string{}}
	p.text(why.Error())
	p.end("values")
	return p.sums
}

// SecretNames stands in for secrets where they must not be known: text that
// names them.
func SecretNames(name string) (string, bool) { return "secret " + name, true }

// prints collects hashes. What is hashed together has its lengths with it, so
// that two words are never taken for one.
type prints struct {
	dir  string
	key  string
	buf  []byte
	sums map[string]string
}

func (p *prints) begin(word string) {
	p.buf = p.buf[:0]
	p.text(word)
}

func (p *prints) text(s string) {
	p.buf = strconv.AppendInt(p.buf, int64(len(s)), 10)
	p.buf = append(p.buf, ':')
	p.buf = append(p.buf, s...)
}

// path hashes a path below the folder of the runbook by what it is from there.
func (p *prints) path(s string) {
	if p.dir != "" && strings.HasPrefix(s, p.dir) {
		if rel, err := filepath.Rel(p.dir, s); err == nil && filepath.IsLocal(rel) {
			s = rel
		}
	}
	p.text(s)
}

func (p *prints) files(name string, paths []string) {
	if len(paths) == 0 {
		return
	}
	for _, path := range paths {
		p.path(path)
	}
	p.end(name)
}

func (p *prints) value(v any) {
	text, err := json.Marshal(v) // maps have their keys in order
	if err != nil {
		text = []byte(err.Error())
	}
	p.text(string(text))
}

func (p *prints) outputs(list []Output) {
	if len(list) == 0 {
		return
	}
	for i := range list {
		p.text(list[i].Name)
		if e := list[i].Expr; e != nil {
			p.text(e.Source())
		}
	}
	p.end("outputs")
}

// end names the hash of what was collected.
func (p *prints) end(name string) {
	sum := sha256.Sum256(append(p.buf, p.key...))
	p.sums[name] = hex.EncodeToString(sum[:8])
	p.buf = p.buf[:0]
}
