package runbook

import (
	"bytes"
	"fmt"
	"testing"

	"gopkg.in/yaml.v3"
)

// large is a runbook of n steps as a person or a generator would write it.
func large(n int) []byte {
	var b bytes.Buffer
	b.WriteString("version: 1\nname: large\nstrategy: dependency_graph\nsteps:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - id: step_%d\n    name: Step %d\n", i, i)
		if i > 1 {
			fmt.Fprintf(&b, "    depends_on: [step_%d, step_%d]\n", i-1, i/2)
		}
		fmt.Fprintf(&b, "    exec: [echo, hello, \"number %d\"]\n    timeout: 5m\n    env: {LEVEL: info}\n", i)
	}
	return b.Bytes()
}

// expressive is a runbook of n steps, each with four expressions: what reads of
// params, of an earlier step, and judges an attempt.
func expressive(n int) []byte {
	var b bytes.Buffer
	b.WriteString("version: 1\nname: large\nparams: {db: {type: string, default: x}}\nsteps:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - id: step_%d\n    exec: [echo, \"in ${{ params.db }}\"]\n    timeout: 5m\n    outputs: {v: stdout}\n    expect: stdout != \"\"\n", i)
		fmt.Fprintf(&b, "    env: {LEVEL: \"${{ steps.step_%d.status }}\"}\n", max(i-1, 0))
	}
	return bytes.Replace(b.Bytes(), []byte("steps.step_0.status"), []byte("params.db"), 1)
}

// BenchmarkExpressions is BenchmarkParse for a file full of expressions.
func BenchmarkExpressions(b *testing.B) {
	const n = 10_000
	src := expressive(n)
	b.Run("runbook", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if rb, ds := Parse("large.yaml", src, Options{}); rb == nil {
				b.Fatal(ds.Error())
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/step")
	})
	b.Run("yaml", func(b *testing.B) {
		for b.Loop() {
			var doc any
			if err := yaml.Unmarshal(src, &doc); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/step")
	})
}

// What the whole of reading a runbook costs is held against what the YAML
// library alone takes to read the same file; it may be 2.5 times that.
func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		src := large(n)
		b.Run(fmt.Sprintf("runbook/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rb, ds := Parse("large.yaml", src, Options{}); rb == nil {
					b.Fatal(ds.Error())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/step")
		})
		b.Run(fmt.Sprintf("yaml/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var doc any
				if err := yaml.Unmarshal(src, &doc); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/step")
		})
	}
}
