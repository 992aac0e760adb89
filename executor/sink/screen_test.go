package sink

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A screen is what a terminal shows of what was written to it: as much of one
// as the console may use.
type screen struct {
	mu    sync.Mutex // the console's timers write too
	t     *testing.T
	width int
	rows  [][]rune
	row   int
	col   int
	wrap  []bool // the row goes on in the next
}

func newScreen(t *testing.T, width int) *screen {
	return &screen{t: t, width: width, rows: [][]rune{nil}, wrap: []bool{false}}
}

var controls = regexp.MustCompile(`^\x1b\[(\d*)([AJm])`)

func (s *screen) columns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.width
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := string(b)
	for text != "" {
		if text[0] == 0x1b {
			m := controls.FindStringSubmatch(text)
			if m == nil && strings.HasPrefix(text, "\x1b[") && strings.Contains(text, "m") {
				text = text[strings.IndexByte(text, 'm')+1:]
				continue
			}
			if m == nil {
				s.t.Errorf("the console wrote a sequence it may not use: %.20q", text)
				return len(b), nil
			}
			switch n, _ := strconv.Atoi(m[1]); m[2] {
			case "A":
				s.row = max(0, s.row-n)
			case "J":
				s.rows = s.rows[:s.row+1]
				s.wrap = s.wrap[:s.row+1]
				s.rows[s.row] = s.rows[s.row][:min(s.col, len(s.rows[s.row]))]
				s.wrap[s.row] = false
			}
			text = text[len(m[0]):]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		s.put(r)
	}
	return len(b), nil
}

func (s *screen) put(r rune) {
	switch r {
	case '\r':
		s.col = 0
		return
	case '\n':
		s.col = 0
		s.down(false)
		return
	}
	if s.col == s.width {
		s.col = 0
		s.down(true)
	}
	for len(s.rows[s.row]) <= s.col {
		s.rows[s.row] = append(s.rows[s.row], ' ')
	}
	s.rows[s.row][s.col] = r
	s.col++
}

func (s *screen) down(wrapped bool) {
	s.wrap[s.row] = wrapped
	s.row++
	if s.row == len(s.rows) {
		s.rows = append(s.rows, nil)
		s.wrap = append(s.wrap, false)
	}
}

// resize lays the lines out anew, as terminals do; the cursor stays at the end.
func (s *screen) resize(width int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := strings.Split(s.shown(), "\n")
	old := newScreen(s.t, width)
	for i, l := range lines {
		if i > 0 {
			old.put('\n')
		}
		for _, r := range l {
			old.put(r)
		}
	}
	s.width, s.rows, s.wrap, s.row, s.col = old.width, old.rows, old.wrap, old.row, old.col
}

// text is what a person reads, wrapped lines put together.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown()
}

func (s *screen) shown() string {
	var b strings.Builder
	for i, row := range s.rows {
		b.WriteString(string(row))
		if i < len(s.rows)-1 && !s.wrap[i] {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
