package runbook

import (
	"slices"
	"strings"
)

// A codeReading is one program of the line while its arguments are read.
type codeReading struct {
	*codeLine
	*knownProgram
	name   string
	codeAt int     // as of the program, unless a flag says otherwise
	wraps  bool    // likewise
	entry  *node   // the program the arguments are for
	plain  int     // words so far that are no flag
	armed  bool    // the subcommand was met
	given  bool    // code, or a file of it, was met
	ended  bool    // no more flags
	over   bool    // no more of anything
	shell  bool    // without a command it is a shell
	mark   string  // the word in whose place stdin is put; empty: behind all others
	here   []*node // the word that is read, and what is behind it
	rest   []*node // what is behind it
}

func (r *codeReading) read(words []*node) {
	for r.rest = words; len(r.rest) > 0 && !r.over && r.codeLine.found == nil; {
		r.here, r.rest = r.rest, r.rest[1:]
		w := r.here[0]
		text := literalHead(w)
		switch {
		case r.ended || len(text) < 2 || text[0] != '-' && text[0] != '+':
			r.word(w)
		case text == "--" && !r.dynamic(w):
			r.end()
		case strings.HasPrefix(text, "--"):
			r.longFlag(w, text)
		default:
			r.shortFlags(w, text)
		}
	}
	if r.codeLine.found == nil && !r.over && !r.given && (r.codeProgram.stdin || r.shell) {
		r.codeLine.stdin = r.place(nil)
	}
}

// end is met at --, behind which some take a command wherever it stands.
func (r *codeReading) end() {
	r.ended = true
	if r.under != "" && r.wraps || r.wrapping != "" {
		r.start(r.rest)
	}
}

// start goes on with another program, whose words these are.
func (r *codeReading) start(words []*node) {
	r.over = true
	r.codeLine.away = r.codeLine.away || r.codeProgram.away
	if len(words) > 0 && (r.under == "" || r.skip == 0) && r.dynamic(words[0]) {
		r.isFile(words[0])
		return
	}
	r.follow(words)
	if r.fed && !r.given {
		r.feed(words)
	}
}

// feed finds out whether what stdin holds becomes code of what is started, which
// has no stdin of its own.
func (r *codeReading) feed(words []*node) {
	last := &node{Kind: words[0].Kind}
	if r.mark == "" {
		words = append(slices.Clone(words), last)
	}
	inner := codeLine{depth: r.depth, dynamic: func(n *node) bool {
		return n == last || r.mark != "" && strings.Contains(n.Value, r.mark)
	}}
	inner.follow(words)
	if r.codeLine.stdin = nil; inner.found != nil {
		r.codeLine.stdin = r.place(nil)
	}
}

func (r *codeReading) place(n *node) *codePlace {
	return &codePlace{node: n, name: r.name, by: r.knownProgram, away: r.codeLine.away}
}

// isCode notes code that holds an expression.
func (r *codeReading) isCode(n *node) {
	r.given = r.given || !r.besides
	if r.codeLine.found == nil && r.dynamic(n) {
		r.codeLine.found = r.place(n)
	}
	if r.greedy {
		r.allCode()
	}
	r.over = r.over || r.final
}

// isFile notes the name of a file of code that holds an expression.
func (r *codeReading) isFile(n *node) {
	if r.codeLine.found == nil && r.dynamic(n) {
		r.codeLine.found = r.place(n)
		r.codeLine.found.file = true
	}
}

// allCode takes everything that is left for code.
func (r *codeReading) allCode() {
	r.over = true
	for _, n := range r.rest {
		if r.until != "" && strings.HasPrefix(n.Value, r.until) {
			return
		}
		if r.codeLine.found == nil && r.dynamic(n) {
			r.codeLine.found = r.place(n)
		}
	}
}

// word reads a word that is no flag.
func (r *codeReading) word(w *node) {
	switch {
	case !r.armed:
		r.armed = slices.Contains(strings.Fields(r.under), strings.ToLower(literal(w)))
		return
	case r.subs && r.plain == 0 && !r.dynamic(w) && programOf(r.name+"-"+literal(w)) != nil:
		r.start(append([]*node{{Kind: w.Kind, Value: r.name + "-" + literal(w)}}, r.rest...))
		return
	case r.wraps && strings.Contains(literal(w), "=") && r.plain == 0 && r.skip == 0 && !strings.HasPrefix(w.Value, "${{"):
		r.assignment(w)
		return
	case r.words != nil && r.words.MatchString(literalHead(w)):
		r.isCode(w)
		return
	case r.language && r.codeProgram.stdin && isStdinFlag(w.Value) && !r.given:
		r.codeLine.stdin = r.place(nil)
		r.given, r.over = true, true
		return
	}
	switch r.plain++; {
	case r.entry != nil && r.plain == r.skip:
		r.start(append([]*node{r.entry}, r.rest...))
	case r.joins && r.plain > r.skip:
		r.joined()
	case r.wraps && r.plain > r.skip:
		r.start(r.here)
	case r.given && !r.language:
	case r.codeAt == r.plain && !(r.name == "yq" && slices.Contains([]string{"e", "ea", "eval", "eval-all"}, w.Value)):
		r.isCode(w)
		r.given = true
		r.over = r.over || r.language
	case r.codeAt == r.plain:
		r.plain-- // a subcommand that may be left out
	case r.language:
		if !r.given {
			r.isFile(w)
		}
		r.over = true
	}
}

// literalHead is the part of a word before the first expression in it.
func literalHead(w *node) string {
	text, _, _ := strings.Cut(w.Value, "${{")
	return text
}

// assignment is a variable for the program that is started.
func (r *codeReading) assignment(w *node) {
	name, _, _ := strings.Cut(literal(w), "=")
	if r.dynamic(w) && loadsCode(name) {
		r.isCode(w)
		r.codeLine.found.set = true
	}
}

// joined is a text for a shell. Code in its stdin is the business of what it
// starts, where that is clear.
func (r *codeReading) joined() {
	r.rest = r.here
	var words []*node
	for _, n := range r.rest {
		for _, word := range strings.Fields(n.Value) {
			words = append(words, &node{Kind: n.Kind, Value: word})
		}
	}
	r.allCode()
	if r.codeLine.found == nil {
		inner := codeLine{dynamic: func(*node) bool { return false }, away: true, depth: r.depth}
		inner.follow(words)
		if r.codeLine.stdin = inner.stdin; inner.stdin != nil {
			inner.stdin.by = r.knownProgram // what helps is what helps with this one
		}
	}
}

// longFlag reads --flag, --flag=value and what belongs to it.
func (r *codeReading) longFlag(w *node, text string) {
	name, _, attached := strings.Cut(text, "=")
	f, ok := r.flags[name]
	if !ok {
		return
	}
	if attached {
		r.flag(f, w, text[len(name)+1:])
		return
	}
	r.flagWithNext(f)
}

// shortFlags reads -a, -abc and what belongs to them.
func (r *codeReading) shortFlags(w *node, text string) {
	if f, ok := r.flags[text]; ok && !r.dynamic(w) {
		r.flagWithNext(f)
		return
	}
	if name, value, ok := strings.Cut(text, "="); ok {
		if f, ok := r.flags[name]; ok {
			r.flag(f, w, value)
			return
		}
	}
	if r.long {
		r.longShort(w, text)
		return
	}
	for i := 1; i < len(text); i++ {
		f := r.flags[text[:1]+text[i:i+1]]
		switch {
		case f.kind == flagAttached:
			return
		case f.kind == flagShells:
			r.shell = true
		case f.kind == flagReplace && f.words == 0:
			r.flag(f, w, text[i+1:])
			return
		case f.kind == flagToggle && i+1 == len(text) && r.dynamic(w):
			r.isCode(w)
			return
		case f.kind == flagToggle:
			r.codeAt = r.plain + 1
		case text[i] == 's' && r.toggle != "" && !r.given:
			r.codeLine.stdin = r.place(nil)
			r.given, r.over = true, true
			return
		case f.words == 0:
		case i+1 < len(text) || r.dynamic(w):
			r.flag(f, w, text[i+1:])
			return
		default:
			r.flagWithNext(f)
			return
		}
	}
}

// longShort reads the -e of a program that takes no flags together: its value
// may stand right behind it.
func (r *codeReading) longShort(w *node, text string) {
	if f := r.flags[text[:2]]; f.kind == flagCode && r.dynamic(w) {
		r.flag(f, w, text[2:])
	}
}

// flagWithNext is a flag whose value are the words behind it.
func (r *codeReading) flagWithNext(f codeFlag) {
	switch f.kind {
	case flagToggle:
		r.codeAt = r.plain + 1
		return
	case flagStarts:
		r.another()
		return
	case flagShells:
		r.shell = true
		return
	case flagReplace:
		r.mark = "{}"
	}
	if f.words == 0 || len(r.rest) < f.words {
		return
	}
	value := r.rest[0]
	r.rest = r.rest[f.words:]
	r.flag(f, value, value.Value)
}

// flag is a flag with its value, which is in a word, perhaps behind the flag.
func (r *codeReading) flag(f codeFlag, w *node, value string) {
	switch f.kind {
	case flagCode:
		if !r.armed {
			return
		}
		if len(f.prefixes) == 0 || strings.HasPrefix(value, "${{") || slices.ContainsFunc(f.prefixes, func(p string) bool { return strings.HasPrefix(strings.ToLower(value), p) }) {
			r.isCode(w)
			if p := r.codeLine.found; p != nil && len(f.prefixes) > 0 {
				p.set = true
			}
		}
	case flagFile:
		r.given = true
		r.isFile(w)
		if value == "-" || value == "/dev/stdin" {
			r.codeLine.stdin = r.place(nil)
		}
		r.over = r.language && r.final
	case flagLoads:
		r.isFile(w)
	case flagReplace:
		if r.mark = value; value == "" {
			r.mark = "{}"
		}
	case flagEntry:
		r.entry = &node{Kind: w.Kind, Value: value}
	case flagWrapping:
		r.wraps = true
	}
}

// another is a command between flags, as far as a lone ; or +.
func (r *codeReading) another() {
	end := slices.IndexFunc(r.rest, func(n *node) bool { return n.Value == ";" || n.Value == "+" })
	if end < 0 {
		end = len(r.rest)
	}
	r.follow(r.rest[:end])
	r.rest = r.rest[end:]
}
