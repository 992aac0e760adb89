package runbook

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// lastByte points at the last of some characters that was read; the parser reads
// a little ahead, never another line.
func lastByte(chars string) func(*checker, int, int) Pos {
	return func(c *checker, read, line int) Pos {
		if i := bytes.LastIndexAny(c.src.text[:min(read, len(c.src.text))], chars); i >= 0 {
			return c.src.at(i)
		}
		return lineStart(c, read, line)
	}
}

// doubled points at a comma or bracket right behind a comma or bracket.
func doubled(c *checker, read, line int) Pos {
	text := c.src.text[:min(read, len(c.src.text))]
	for i := len(text) - 1; i > 0; i-- {
		before := bytes.TrimRight(text[:i], " \t\r\n")
		if strings.IndexByte(",]}", text[i]) >= 0 && len(before) > 0 && strings.IndexByte(",[{:", before[len(before)-1]) >= 0 {
			return c.src.at(i)
		}
		if text[i] == '\n' {
			break
		}
	}
	return lastByte(",]}:?-")(c, read, line)
}

// stray looks for what the parser only stumbles over later, on a line and the one
// before: text behind a closing quote, or a bracket that closes nothing.
func (c *checker) stray(line int) (at Pos, message, help string) {
	for _, n := range []int{line, line - 1} {
		text := c.src.line(n)
		value := 0
		for _, sign := range []string{": ", "- "} {
			if i := bytes.Index(text, []byte(sign)); i >= 0 && (value == 0 || i+2 < value) {
				value = i + 2
			}
		}
		if value == 0 || value >= len(text) {
			continue
		}
		depth := 0
		var quote byte
		for i := value; i < len(text); i++ {
			b := text[i]
			switch {
			case quote == '"' && b == '\\':
				i++
			case quote != 0 && b == quote:
				quote = 0
				rest := bytes.TrimLeft(text[i+1:], " \t")
				if depth == 0 && len(rest) > 0 && rest[0] != '#' && rest[0] != ':' && !(b == '\'' && rest[0] == '\'') {
					return c.src.at(c.src.starts[n-1] + len(text) - len(rest)), "text goes on behind the closing quote",
						"put all of it in quotes; a single quote inside single quotes is written twice"
				}
			case quote != 0:
			case (b == '"' || b == '\'') && (i == value || depth > 0 && strings.IndexByte("[{, ", text[i-1]) >= 0):
				quote = b
			case (b == '[' || b == '{') && (i == value || depth > 0):
				depth++
			case b == ']' || b == '}':
				if depth--; depth < 0 && (text[value] == '[' || text[value] == '{') {
					return c.src.at(c.src.starts[n-1] + i), "nothing is open that this closes", "remove it, or put the text in quotes"
				}
			}
		}
	}
	return Pos{}, "", ""
}

// lineStart points at the first word of the last line that was read.
func lineStart(c *checker, read, _ int) Pos {
	text := bytes.TrimRight(c.src.text[:min(read, len(c.src.text))], " \t\r\n")
	p := c.src.at(len(text) - 1)
	return c.firstWord(p.Line)
}

// named points at the first word of the line that the parser names.
func named(c *checker, read, line int) Pos {
	if line == 0 {
		line = 1
	}
	return c.firstWord(line)
}

func (c *checker) firstWord(line int) Pos {
	text := c.src.line(line)
	blank := len(text) - len(bytes.TrimLeft(text, " \t"))
	return c.src.pos(line, blank+1)
}

// opening points at the last bracket or quote that nothing closes, on the line
// the parser names or one beside it: it counts some lines from 0. Without one it
// points nowhere.
func opening(chars string) func(*checker, int, int) Pos {
	return func(c *checker, read, line int) Pos {
		for _, n := range []int{max(line, 1), line + 1} {
			if col := unclosed(c.src.line(n), chars); col > 0 {
				return c.src.pos(n, col)
			}
		}
		return Pos{}
	}
}

// unclosed is the column of the last of chars on a line that is left open there;
// 0: none.
func unclosed(line []byte, chars string) int {
	closes := map[byte]byte{'[': ']', '{': '}', '"': '"', '\'': '\''}
	var open []int
	for i, b := range line {
		if n := len(open); n > 0 && b == closes[line[open[n-1]]] {
			open = open[:n-1]
			continue
		}
		if strings.IndexByte(chars, b) >= 0 {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return 0
	}
	return utf8.RuneCount(line[:open[len(open)-1]]) + 1
}
