package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	tests := []struct {
		name, in, out string
		ok            bool
	}{
		{"passes quietly", `
{"Action":"start","Package":"github.com/cloudops-run/runbook/dag"}
{"Action":"output","Package":"github.com/cloudops-run/runbook/dag","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"github.com/cloudops-run/runbook/dag","Test":"TestA","Output":"    a_test.go:3: noise\n"}
{"Action":"pass","Package":"github.com/cloudops-run/runbook/dag","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"github.com/cloudops-run/runbook/dag","Elapsed":1.5}
`, `
ok    dag                                         1.5s

1 tests passed, 0 failed, 0 skipped
`, true},
		{"a skip is told with its reason", `
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: needs psql: not found in PATH\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Elapsed":0}
`, `
ok    p                                           0.0s

skipped (RUNBOOK_TEST_ALL=1 makes these failures):
  p TestB: needs psql: not found in PATH

1 tests passed, 0 failed, 1 skipped
`, true},
		{"a failure shows its output", `
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: boom\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p","Elapsed":0}
`, `
    a_test.go:3: boom
--- FAIL: TestA (0.00s)
FAIL
FAIL  p                                           0.0s

0 tests passed, 1 failed, 0 skipped
`, false},
		{"a package that does not build", `
{"Action":"pass","Package":"q","Test":"TestA"}
{"Action":"pass","Package":"q","Elapsed":0}
{"ImportPath":"p [p.test]","Action":"build-output","Output":"p/p.go:3:1: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}
`, `
ok    q                                           0.0s
p/p.go:3:1: undefined: x
FAIL  p                                           0.0s

1 tests passed, 0 failed, 0 skipped
`, false},
		{"a test cut off by a panic elsewhere", `
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"panic: aargh\n"}
{"Action":"fail","Package":"p","Elapsed":0}
`, `
panic: aargh
FAIL  p                                           0.0s

1 tests passed, 0 failed, 0 skipped
`, false},
		{"nothing tested is not a pass", `
go: no such flag
`, `
go: no such flag

0 tests passed, 0 failed, 0 skipped
`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			ok := report(strings.NewReader(strings.TrimPrefix(tt.in, "\n")), &out)
			if want := strings.TrimPrefix(tt.out, "\n"); out.String() != want || ok != tt.ok {
				t.Errorf("ok %v, want %v; got:\n%s\nwant:\n%s", ok, tt.ok, out.String(), want)
			}
		})
	}
}
