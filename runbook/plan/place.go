package plan

import (
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

const blanks = " \t\r\n"

// widen makes a part of an expression whole for showing: the parser keeps no
// place of closing brackets, nor of parentheses around a value.
func widen(src string, s span) span {
	depth, to := 0, s.from
	where := lowering{src: src[s.from:]}
	if !isASCII(where.src) {
		where.bytes = byteOffsets(where.src)
	}
	for lex := newLexer(where.src); ; {
		token, err := lex.Next()
		if err != nil || token.Kind == lexer.EOF {
			break
		}
		at := where.span(token.Location)
		inside := s.from+at.from < s.to
		if !inside && depth <= 0 {
			break
		}
		to = s.from + at.to
		if token.Kind == lexer.Bracket {
			if strings.Contains("([{", token.Value) {
				depth++
			} else {
				depth--
			}
		}
		if depth < 0 { // closes what was opened before the part
			before := strings.TrimRight(src[:s.from], blanks)
			if !strings.HasSuffix(before, "(") {
				return s
			}
			return widen(src, span{len(before) - 1, s.to})
		}
	}
	return span{s.from, max(to, s.to)}
}

// firstUnread is where the first token begins that the lexer cannot read.
func (l *lowering) firstUnread() int {
	at := 0
	for lex := newLexer(l.src); ; {
		token, err := lex.Next()
		if err != nil || token.Kind == lexer.EOF {
			return len(l.src) - len(strings.TrimLeft(l.src[at:], blanks))
		}
		at = l.span(token.Location).to
	}
}

func newLexer(src string) *lexer.Lexer {
	lex := lexer.New()
	lex.Reset(file.NewSource(src))
	return lex
}
