package plan

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Bounds of one evaluation. Steps and bytes decide first and give the same
// answer on every machine; the clock is for what they do not foresee, and is
// looked at only by evaluations that already did much.
const (
	maxSteps      = 1_000_000
	maxAllocation = 16 << 20 // bytes made by one evaluation, also those dropped again
	maxResult     = 1 << 20  // bytes of one value
	maxNesting    = 500      // of lists and maps in a value
	maxDuration   = 500 * time.Millisecond
	clockFrom     = 1 << 16 // steps before the first look at the clock: what is small cannot fail on a busy machine
	clockSteps    = 1 << 13 // between looks
)

// What a value costs beside the bytes of its strings.
const (
	elementBytes = 16
	entryBytes   = 48
	mapBytes     = 200
)

// A limitError ends an evaluation at once: no other branch is tried.
type limitError struct{ message string }

func (e *limitError) Error() string { return e.message }

func tooLarge() error {
	return &limitError{fmt.Sprintf("a value grew beyond %d bytes", maxResult)}
}

// tick counts n steps.
func (m *machine) tick(n int) error {
	m.steps += n
	if m.steps > maxSteps {
		return &limitError{"the expression does too much: stopped after a million steps"}
	}
	if m.steps < m.nextLook {
		return nil
	}
	m.nextLook = m.steps + clockSteps
	if m.began.IsZero() {
		m.began = time.Now()
		return nil
	}
	if time.Since(m.began) > maxDuration {
		return &limitError{fmt.Sprintf("the expression took longer than %s", maxDuration)}
	}
	return nil
}

// allocate counts a value of n bytes before it is made, and the steps it takes
// to make it.
func (m *machine) allocate(n int) error {
	if n < 0 || n > maxResult {
		return tooLarge()
	}
	if m.bytes += n; m.bytes > maxAllocation {
		return &limitError{fmt.Sprintf("the expression makes too many values: stopped after %d bytes", maxAllocation)}
	}
	return m.tick(n / 64)
}

// list counts a list of n elements before it is made.
func (m *machine) list(n int) error {
	if n > maxResult/elementBytes {
		return tooLarge()
	}
	return m.allocate(n * elementBytes)
}

// scan counts reading n bytes.
func (m *machine) scan(n int) error { return m.tick(n / 64) }

// count counts going through the characters of n bytes.
func (m *machine) count(n int) error { return m.tick(n / 16) }

// checkResult refuses a value that could not be written down and read back as it
// is: one with text that is not UTF-8, or one that is larger than a result may be. Lists may hold the same list many times, so that a small value in
// memory is a huge one as soon as it is written down.
func (m *machine) checkResult(v any) error {
	left := maxResult
	return m.measure(v, &left, 0)
}

func (m *machine) measure(v any, left *int, depth int) error {
	if depth > maxNesting {
		return &limitError{fmt.Sprintf("a value is nested more than %d deep", maxNesting)}
	}
	switch v := v.(type) {
	case string:
		if *left -= len(v); !utf8.ValidString(v) {
			return errors.New("the result holds bytes that are not UTF-8 text; toBase64(…) makes text of any bytes")
		}
	case SecretText:
		*left -= len(v.text)
	case []any:
		*left -= elementBytes * len(v)
		for _, x := range v {
			if err := m.measure(x, left, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		*left -= entryBytes * len(v)
		for k, x := range v {
			*left -= len(k)
			if err := m.measure(x, left, depth+1); err != nil {
				return err
			}
		}
	}
	if *left < 0 {
		return tooLarge()
	}
	return m.tick(1)
}
