package runbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// scripts finds the files that script steps run, each once.
type scripts struct {
	dir   string // of the runbook, absolute
	root  string // as asked for; empty: found when first needed
	real  string // the root with symlinks resolved
	named string // what the root is, in messages
	known map[string]*scriptFile
}

// A scriptFile is a script and what runs it, or why it cannot run.
type scriptFile struct {
	file        plan.ScriptFile
	interpreter []string // empty: the file itself
	needs       bool     // an interpreter must be given
	problem     string
	help        string
}

// find looks at the script at path, which is absolute. The result is shared.
func (s *scripts) find(path string) *scriptFile {
	if f := s.known[path]; f != nil {
		return f
	}
	s.ready()
	f := &scriptFile{file: plan.ScriptFile{Path: path}}
	f.problem, f.help = s.inspect(f)
	s.known[path] = f
	return f
}

func (s *scripts) ready() {
	if s.known == nil {
		s.known = map[string]*scriptFile{}
		s.findRoot()
	}
}

// resolve follows the symlinks of a path, which must end inside the root.
func (s *scripts) resolve(path string) (real, problem, help string) {
	s.ready()
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", because(err), "the path is relative to the runbook's folder, " + s.dir
	}
	if rel, err := filepath.Rel(s.real, real); s.real == "" || err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Sprintf("it is %s, outside %s, %s", real, s.named, s.root), "move it there, or give another root with --root"
	}
	return real, "", ""
}

func (s *scripts) findRoot() {
	s.named = "the folder given as root"
	if s.root == "" {
		s.root, s.named = worktree(s.dir), "the git worktree"
	}
	if s.root == "" {
		s.root, s.named = s.dir, "the runbook's folder"
	}
	real, err := filepath.Abs(s.root)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err == nil {
		s.real = real
	}
}

// worktree is the nearest folder at or above dir that git works in. In a linked
// worktree .git is a file.
func worktree(dir string) string {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

func (s *scripts) inspect(f *scriptFile) (problem, help string) {
	real, problem, help := s.resolve(f.file.Path)
	if problem != "" {
		return problem, help
	}
	info, err := os.Stat(real)
	if err != nil {
		return because(err), ""
	}
	if !info.Mode().IsRegular() {
		return "it is " + fileType(info.Mode()) + ", not a regular file", ""
	}
	f.file, f.interpreter, err = plan.ReadScript(f.file.Path)
	unknown := errors.Is(err, plan.ErrNoInterpreter)
	if err != nil && !unknown {
		return because(err), ""
	}
	head, err := readHead(real)
	if err != nil {
		return because(err), ""
	}
	problem = shebangProblem(head)
	switch {
	case problem != "":
		f.needs = true
		return problem, "correct the line, or give an interpreter"
	case unknown && isBinary(head):
		f.needs = true
		return "it is a program that is not executable", "make it executable: chmod +x " + f.file.Path
	case unknown:
		f.interpreter = []string{plan.DefaultShell}
	}
	return "", ""
}

// shebangBytes is how much of a file Linux reads to find its interpreter.
const shebangBytes = 256

func readHead(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, shebangBytes)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}

// shebangProblem says what is wrong with a #! line that the kernel would follow
// to nowhere, or "". Its own error is "no such file or directory", with the
// script's name.
func shebangProblem(head []byte) string {
	line, ok := bytes.CutPrefix(head, []byte("#!"))
	if !ok {
		return ""
	}
	line, _, ended := bytes.Cut(line, []byte("\n"))
	text := strings.Trim(string(line), " \t")
	program, _, blank := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
	switch {
	case program == "":
		return ""
	case !blank && !ended && len(head) == shebangBytes:
		return "the path in its #! line is too long for the kernel"
	case strings.HasSuffix(text, "\r"):
		return fmt.Sprintf("its #! line ends in a carriage return, so the kernel looks for %q", program)
	case !strings.HasPrefix(program, "/"):
		return fmt.Sprintf("its #! line names %q, which is not an absolute path", program)
	}
	return ""
}

// isBinary reports whether a file is a program for the kernel: ELF or Mach-O.
func isBinary(head []byte) bool {
	for _, magic := range []string{"\x7fELF", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

func because(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "it may not be read"
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}

func fileType(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
