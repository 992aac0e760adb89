package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// ErrNoInterpreter is returned by [ReadScript] with a file that says nothing
// about how it is run: no #! line, and no executable program.
var ErrNoInterpreter = errors.New("no #! line, and not an executable program")

// ReadScript reads the script at path, an absolute path to a regular file, and
// returns its hash and how it is run: the program and arguments of its #! line
// as the kernel reads them, whatever the mode bits say; empty for an executable
// program, which runs as it is. With [ErrNoInterpreter] the hash is there too.
func ReadScript(path string) (ScriptFile, []string, error) {
	file := ScriptFile{Path: path}
	// Without O_NONBLOCK the open of a named pipe would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return file, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return file, nil, err
	}
	if !info.Mode().IsRegular() {
		return file, nil, fmt.Errorf("%s: not a regular file", path)
	}
	sum := sha256.New()
	head := make([]byte, shebangMax)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return file, nil, err
	}
	head = head[:n]
	sum.Write(head)
	if _, err := io.Copy(sum, f); err != nil {
		return file, nil, err
	}
	file.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if words := shebang(head); words != nil {
		return file, words, nil
	}
	if info.Mode()&0o111 != 0 && isProgram(head) {
		return file, nil, nil
	}
	return file, nil, ErrNoInterpreter
}

// shebangMax is how much of a file Linux looks at for its #! line.
const shebangMax = 256

// shebang reads a #! line as Linux does: the interpreter up to white space, and
// the rest of the line, if any, as one argument.
func shebang(head []byte) []string {
	line, ok := bytes.CutPrefix(head, []byte("#!"))
	if !ok {
		return nil
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	text := strings.Trim(string(line), " \t")
	if text == "" {
		return nil
	}
	program, arg, _ := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
	if arg = strings.Trim(arg, " "); arg != "" {
		return []string{program, arg}
	}
	return []string{program}
}

// isProgram reports whether head begins as the executables of the systems this
// runs on do: ELF, and Mach-O in its 64-bit and universal forms.
func isProgram(head []byte) bool {
	for _, magic := range []string{"\x7fELF", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}
