package plan

import (
	"strings"

	"github.com/expr-lang/expr/parser/lexer"
)

// What encloses an expression in text.
const (
	opening = "${{"
	closing = "}}"
)

// A Piece of text is either literal or the source of an expression.
type Piece struct {
	Text   string // literal text, with $${{ read as ${{; or the source between ${{ and }}, spaces cut
	IsExpr bool
	Offset int // in bytes, where Text begins in what was split
}

// HasExpr reports whether s has a ${{ in it, be it a literal $${{. Where it has
// none, s is literal as it stands.
func HasExpr(s string) bool { return strings.Contains(s, opening) }

// SplitTemplate splits text into literal text and the expressions in ${{ … }}.
// Where an expression ends is found by reading it as one, so that }} in its
// strings and maps does not end it. $${{ is the literal text ${{. Offsets are in
// bytes. The problem is nil where all is well.
func SplitTemplate(text string) ([]Piece, *ExprProblem) {
	var pieces []Piece
	var lit strings.Builder
	litAt := 0
	flush := func() {
		if lit.Len() > 0 {
			pieces = append(pieces, Piece{Text: lit.String(), Offset: litAt})
			lit.Reset()
		}
	}
	for at := 0; at < len(text); {
		i := strings.Index(text[at:], opening)
		if i < 0 {
			i = len(text) - at
		}
		if lit.Len() == 0 {
			litAt = at
		}
		if i > 0 && at+i < len(text) && text[at+i-1] == '$' {
			lit.WriteString(text[at : at+i-1])
			lit.WriteString(opening)
			at += i + len(opening)
			continue
		}
		lit.WriteString(text[at : at+i])
		if at += i; at == len(text) {
			break
		}
		flush()
		from := at + len(opening)
		to, problem := endOfExpr(text, from)
		if problem != nil {
			return nil, problem
		}
		src := strings.TrimLeft(text[from:to], " \t\r\n")
		offset := to - len(src)
		src = strings.TrimRight(src, " \t\r\n")
		if src == "" {
			return nil, &ExprProblem{Offset: at, Length: to + len(closing) - at,
				Message: "there is no expression between ${{ and }}", Help: "for a literal ${{ write $${{"}
		}
		pieces = append(pieces, Piece{Text: src, IsExpr: true, Offset: offset})
		at = to + len(closing)
	}
	flush()
	return pieces, nil
}

// endOfExpr finds the }} that ends the expression that begins at from.
func endOfExpr(text string, from int) (int, *ExprProblem) {
	if end := plainEnd(text[from:]); end >= 0 {
		return from + end, nil
	}
	return lexedEnd(text, from)
}

func lexedEnd(text string, from int) (int, *ExprProblem) {
	rest := text[from:]
	lex := newLexer(rest)
	depth := 0
	where := lowering{src: rest}
	if !isASCII(rest) {
		where.bytes = byteOffsets(rest)
	}
	for {
		token, err := lex.Next()
		if err != nil {
			p := problemOf(where.parserError(err))
			p.Offset += from
			if p.Help == "" {
				p.Help = "for a literal ${{ write $${{"
			}
			return 0, &p
		}
		switch {
		case token.Kind == lexer.EOF:
			return 0, &ExprProblem{Offset: from - len(opening), Length: len(opening),
				Message: "no }} closes this ${{", Help: "for a literal ${{ write $${{"}
		case token.Kind != lexer.Bracket:
		case token.Value == "}" && depth <= 0:
			at := where.span(token.Location).from
			if strings.HasPrefix(rest[at:], closing) {
				return from + at, nil
			}
		case token.Value == "{":
			depth++
		case token.Value == "}":
			depth--
		}
	}
}

// plainEnd finds the first }} where nothing before it can hide one: no brace,
// comment or escape, and every string closed. Else it is -1, and the lexer has to
// tell, at the cost of reading every expression twice.
func plainEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '}':
			if strings.HasPrefix(s[i:], closing) {
				return i
			}
			return -1
		case '"', '\'':
			length := strings.IndexByte(s[i+1:], c)
			if length < 0 || strings.ContainsAny(s[i+1:i+1+length], "\\\n") {
				return -1
			}
			i += 1 + length
		default:
			if !isPlain(c) {
				return -1
			}
		}
	}
	return -1
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(" ._()[],:?|&=!<>+-*%", c) >= 0
}
