package plan

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
)

// Limits of an expression's source. They bound the depth of every recursion
// over it.
const (
	maxSource = 64 << 10 // bytes
	maxTokens = 5000
	maxDepth  = 100 // of brackets
)

// A syntaxError is a place in an expression and what is wrong there.
type syntaxError struct {
	at      span
	message string
	help    string
}

func (e *syntaxError) Error() string { return e.message }

// parse parses an expression. The grammar is that of expr-lang/expr; what this
// language leaves out of it is refused here.
func parse(src string) (t *tree, err error) {
	l := lowering{src: src}
	if !isASCII(src) {
		l.bytes = byteOffsets(src)
	}
	if err := l.limits(); err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(src)
	if err != nil {
		return nil, l.parserError(err)
	}
	root := l.node(parsed.Node)
	if l.err != nil {
		return nil, l.err
	}
	return &tree{root: root, refs: l.refs}, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// byteOffsets are the places of the characters of s, and its end.
func byteOffsets(s string) []int {
	offsets := make([]int, 0, len(s)+1)
	for i := range s {
		offsets = append(offsets, i)
	}
	return append(offsets, len(s))
}

// limits refuses what would make the parser or the tree walks recurse deeply.
// Short sources cannot, and are not read twice.
func (l *lowering) limits() error {
	if len(l.src) > maxSource {
		return &syntaxError{message: fmt.Sprintf("the expression is %d bytes long; the limit is %d", len(l.src), maxSource)}
	}
	if len(l.src) <= 2*maxDepth {
		return nil
	}
	tokens, depth := 0, 0
	for lex := newLexer(l.src); ; tokens++ {
		token, err := lex.Next()
		if err != nil || token.Kind == lexer.EOF {
			return nil // the parser says it better
		}
		switch {
		case token.Kind != lexer.Bracket:
		case strings.Contains("([{", token.Value):
			depth++
		default:
			depth--
		}
		if depth > maxDepth {
			return &syntaxError{at: l.span(token.Location), message: fmt.Sprintf("brackets are nested more than %d deep", maxDepth)}
		}
		if tokens > maxTokens {
			return &syntaxError{at: l.span(token.Location), message: fmt.Sprintf("the expression has more than %d words and signs", maxTokens)}
		}
	}
}

// lowering turns the library's tree into ours: places in bytes, references
// found, and nothing in it that this language does not have.
type lowering struct {
	src   string
	bytes []int // the byte offset of each character; nil: they are the same
	refs  []Ref
	bound []string // names of let in scope
	count int      // nodes so far
	err   *syntaxError
}

func (l *lowering) span(at file.Location) span {
	if l.bytes == nil {
		return span{min(at.From, len(l.src)), min(at.To, len(l.src))}
	}
	last := len(l.bytes) - 1
	return span{l.bytes[min(at.From, last)], l.bytes[min(at.To, last)]}
}

func (l *lowering) fail(at span, help, format string, args ...any) {
	if l.err == nil {
		l.err = &syntaxError{at, fmt.Sprintf(format, args...), help}
	}
}

// parserError puts an error of the library into our words.
func (l *lowering) parserError(err error) error {
	var e *file.Error
	if !errors.As(err, &e) {
		return &syntaxError{message: "the expression cannot be read"}
	}
	at := l.span(e.Location)
	word := l.src[at.from:at.to]
	say := func(help, format string, args ...any) error {
		return &syntaxError{at, fmt.Sprintf(format, args...), help}
	}
	switch m := e.Message; {
	case strings.TrimSpace(l.src) == "":
		return say("", "the expression is empty")
	case strings.HasPrefix(m, "unexpected token EOF"), m == "unexpected end of expression":
		at = span{len(l.src), len(l.src)}
		return say(l.calledBare(), "the expression ends too early")
	case strings.HasPrefix(m, "unexpected token"), m == "expected name":
		return say(misused[word], "%q is not expected here", word)
	case strings.HasPrefix(m, "unrecognized character"):
		return say(misused[word], "%q is not part of the expression language", word)
	case m == "literal not terminated":
		at.from = l.firstUnread()
		at.to = at.from + 1
		return say("", "a string is not closed")
	case m == "invalid char escape", strings.HasPrefix(m, "unable to unescape"):
		return say(`write \\ for a backslash, or quote with backticks`, "a backslash in this string begins no known escape")
	case m == "unclosed comment":
		return say("", "a comment is not closed")
	case strings.Contains(m, "coalesce"):
		return say("", "?? and %s cannot be mixed without parentheses", word)
	case strings.HasPrefix(m, "a map key must be"):
		return say("", "%q cannot be the key of a map: write a name, a string, a number, or an expression in parentheses", word)
	case strings.HasPrefix(m, "wrap predicate"):
		return say("", "a condition with several parts must be put in braces: { … }")
	case strings.HasPrefix(m, "expected at least"):
		return say("", "an argument is missing")
	case strings.Contains(m, "maximum allowed nodes"):
		return say("", "the expression is too large")
	case strings.Contains(m, "literal"), strings.HasPrefix(m, "bad number"):
		return say("", "a number in this expression cannot be read")
	}
	return say("", "the expression cannot be read at %q", word)
}

// calledBare helps with a | that is followed by nothing but the name of a
// function.
func (l *lowering) calledBare() string {
	at := strings.LastIndexByte(l.src, '|')
	name := strings.TrimSpace(l.src[at+1:])
	if at >= 0 && function(name) != nil {
		return fmt.Sprintf("a function is called with parentheses: | %s()", name)
	}
	return ""
}

// misused helps with what other languages write.
var misused = map[string]string{
	"=":   "to compare, write ==",
	"AND": "write and",
	"OR":  "write or",
	"NOT": "write not",
	"&":   "write && or and",
	"|":   "write || or or; a single | hands a value to a function",
}
