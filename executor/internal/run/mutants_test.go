package run

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// mutantVariable says in the environment which mutant a test binary is, from 1.
const mutantVariable = "RUNBOOK_TEST_MUTANT"

// TestMutants runs the other tests of this package, and then against each mutant.
// A mutant that passes them all is a mistake that they would not notice.
func TestMutants(t *testing.T) {
	if os.Getenv(mutantVariable) != "" {
		return // this is one of them
	}
	binary := buildMutants(t)
	if out, err := exec.Command(binary, "-test.skip=TestMutants").CombinedOutput(); err != nil {
		t.Fatalf("the tests fail without a mistake to find: %v\n%s", err, out)
	}
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for k := range numbers {
				if _, err := runMutant(binary, k); err == nil {
					t.Errorf("%s: %s: no test fails", mutants[k-1].file, mutants[k-1].name)
				}
			}
		})
	}
	for k := range mutants {
		numbers <- k + 1
	}
	close(numbers)
	workers.Wait()
}

// runMutant runs the tests as a mutant. The seed is fixed: whether a mutant is
// found must not be a matter of luck.
func runMutant(binary string, number int) (string, error) {
	cmd := exec.Command(binary, "-test.short", "-test.failfast", "-test.timeout=60s", "-test.skip=TestMutants|TestCostGrowsLinearly|TestResumeGrowsLinearly|TestLoopIsCheap",
		"-rapid.seed=1", "-rapid.checks=1000", "-rapid.shrinktime=0s", "-rapid.nofailfile")
	if number > len(freshMutants) {
		cmd.Args = append(cmd.Args, "-test.run="+resumeTests)
	}
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", mutantVariable, number))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// buildMutants builds one test binary that can be any of the mutants, since
// building takes far longer than running. A function with mutants becomes as
// many functions, and one that calls the right one.
func buildMutants(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	overlay := map[string]string{}
	put := func(name, text string) {
		overlay[filepath.Join(dir, name)] = filepath.Join(temp, name)
		if err := os.WriteFile(filepath.Join(temp, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("mutant_number.go", fmt.Sprintf("package run\n\nimport (\n\"os\"\n\"strconv\"\n)\n\nvar mutantNumber, _ = strconv.Atoi(os.Getenv(%q))\n", mutantVariable))
	for file, numbers := range mutantsByFile() {
		source, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		put(file, withMutants(t, file, string(source), numbers))
	}
	replace, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	list, binary := filepath.Join(temp, "overlay.json"), filepath.Join(temp, "run.test")
	if err := os.WriteFile(list, replace, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", list, "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("the mutants cannot be built with the go command: %v\n%s", err, out)
	}
	return binary
}

func mutantsByFile() map[string][]int {
	files := map[string][]int{}
	for k, m := range mutants {
		files[m.file] = append(files[m.file], k+1)
	}
	return files
}

// withMutants adds to a file its mutants by their numbers.
func withMutants(t *testing.T, file, source string, numbers []int) string {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	offset := func(p token.Pos) int { return fset.Position(p).Offset }
	found, original := 0, source
	for _, decl := range slices.Backward(parsed.Decls) {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		text := source[offset(f.Pos()):offset(f.End())]
		name := offset(f.Name.Pos()) - offset(f.Pos())
		renamed := func(text string, number int) string {
			after := name + len(f.Name.Name)
			return fmt.Sprintf("%s_mutant%d%s\n\n", text[:after], number, text[after:])
		}
		functions, cases := renamed(text, 0), ""
		for _, k := range numbers {
			m := mutants[k-1]
			if n := strings.Count(original, m.was); n != 1 {
				t.Fatalf("%s: %s: the text to replace is there %d times: %q", file, m.name, n, m.was)
			}
			if strings.Contains(text, m.was) {
				found++
				functions += renamed(strings.Replace(text, m.was, m.is, 1), k)
				cases += fmt.Sprintf("case %d:\n%s\n", k, call(f, k))
			}
		}
		if cases == "" {
			continue
		}
		head := source[offset(f.Pos()):offset(f.Body.Lbrace)]
		chooser := fmt.Sprintf("%s{\nswitch mutantNumber {\n%sdefault:\n%s\n}\n}\n\n", head, cases, call(f, 0))
		source = source[:offset(f.Pos())] + chooser + functions + source[offset(f.End()):]
	}
	if found != len(numbers) {
		t.Fatalf("%s: of %d texts to replace %d are inside a function", file, len(numbers), found)
	}
	return source
}

// call is a call of one of the functions that f was made into.
func call(f *ast.FuncDecl, number int) string {
	text := fmt.Sprintf("%s_mutant%d(", f.Name.Name, number)
	if f.Recv != nil {
		text = f.Recv.List[0].Names[0].Name + "." + text
	}
	for _, param := range f.Type.Params.List {
		for _, name := range param.Names {
			text += name.Name + ", "
		}
	}
	if text += ")"; f.Type.Results != nil {
		return "return " + text
	}
	return text
}
