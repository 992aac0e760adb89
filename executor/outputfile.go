package executor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"
)

// maxOutputs is how much all outputs of a step may hold together, in bytes.
const maxOutputs = 1 << 20

// takeOutputFile reads what a step appended to the file of $RUNBOOK_STEP_OUTPUT,
// lines of name=value, and removes the file. Of a name that is there more than
// once the last value counts. A step that wrote nothing has an empty result.
func takeOutputFile(path string, read func(string, int64) (string, error)) (map[string]string, error) {
	text, err := read(path, maxOutputs)
	if errors.Is(err, fs.ErrNotExist) { // as after nearly every step
		return nil, nil
	}
	defer os.Remove(path)
	if err != nil {
		return nil, fmt.Errorf("the file of $RUNBOOK_STEP_OUTPUT cannot be read: %w", err)
	}
	values := map[string]string{}
	for n, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("line %d of $RUNBOOK_STEP_OUTPUT is not name=value", n+1)
		}
		name, value = strings.TrimSpace(name), strings.TrimSuffix(value, "\r")
		if strings.ContainsRune(value, 0) || !utf8.ValidString(value) {
			return nil, fmt.Errorf("the output %q on line %d of $RUNBOOK_STEP_OUTPUT has a NUL byte or is not UTF-8; encode it, such as in base64", name, n+1)
		}
		values[name] = value
	}
	return values, nil
}
