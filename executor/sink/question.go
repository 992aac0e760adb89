package sink

import (
	"regexp"
	"strings"
)

// ask puts a question where the bottom line is, and above it the lines that it is
// about, as many of the last ones as leave room for what happens meanwhile. The
// others are printed once.
func (f *frame) ask(lines []string, prompt string) {
	f.endPartial()
	width := max(f.width(), 1)
	room := f.height()*2/3 - rowsOf(cellsOf(prompt), width)
	stay := len(lines)
	for stay > 0 {
		if room -= rowsOf(cellsOf(lines[stay-1]), width); room < 0 {
			break
		}
		stay--
	}
	for _, line := range lines[:stay] {
		f.buf = append(append(f.buf, line...), '\n')
	}
	f.asked, f.prompt = lines[stay:], prompt
	f.flush()
}

// question is the lines and the question as they are drawn. The question is not
// cut to the width: its end says what can be answered.
func (f *frame) question() string {
	var b strings.Builder
	for _, line := range f.asked {
		b.WriteString(line)
		b.WriteByte('\n')
		f.above = append(f.above, cellsOf(line))
	}
	b.WriteString(f.prompt)
	f.drawn = cellsOf(f.prompt)
	return b.String()
}

// answered leaves the question and its answer standing. entered: the answer
// ended with the newline that the terminal has shown.
func (f *frame) answered(entered bool) {
	if f.prompt == "" {
		return
	}
	f.prompt, f.asked, f.drawn, f.above = "", nil, 0, nil
	if !entered {
		f.buf = append([]byte{'\n'}, f.buf...)
	}
	f.flush()
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// cellsOf is how many columns a line takes.
func cellsOf(line string) int { return len([]rune(colours.ReplaceAllString(line, ""))) }

// rowsOf is how many rows a line of so many cells takes.
func rowsOf(cells, width int) int { return max(1, (cells+width-1)/width) }
