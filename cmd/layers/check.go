package main

import (
	"fmt"
	"slices"
	"strings"
)

// check returns the broken rules, one line each.
func check(module string, packages []pkg) []string {
	var problems []string
	used := map[string]bool{}
	for _, p := range packages {
		l, ok := layerOf(p.path)
		if !ok {
			problems = append(problems, fmt.Sprintf("package %q has no place: give it one in cmd/layers/rules.go, with what it may import and why", p.path))
			continue
		}
		used[l.name] = true
		for _, imp := range p.imports {
			if why := refuse(module, p.path, l, imp); why != "" {
				problems = append(problems, imp.pos+": "+why)
			}
		}
		problems = append(problems, linked(p)...)
	}
	for _, l := range layers {
		if !used[l.name] {
			problems = append(problems, fmt.Sprintf("the rule for %q in cmd/layers/rules.go is about nothing: there is no such package", l.name))
		}
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

// refuse says why package path may not have this import; "" if it may.
func refuse(module, path string, l layer, imp imported) string {
	if imp.path == module || strings.HasPrefix(imp.path, module+"/") {
		other := within(module, imp.path)
		if matchAny(l.ours, other) || below(other, path) || imp.test && testMay(path, other) {
			return ""
		}
		return fmt.Sprintf("%s may not import %s: %s", path, other, l.why)
	}
	if imp.test {
		return ""
	}
	if slices.Contains(l.not, imp.path) {
		return fmt.Sprintf("%s may not import %s: %s", path, imp.path, l.why)
	}
	h, ok := homeOf(imp.path)
	switch {
	case ok && !matchAny(h.in, path):
		return fmt.Sprintf("%s may not import %s: %s", path, imp.path, h.why)
	case !ok && strings.Contains(strings.Split(imp.path, "/")[0], "."):
		return fmt.Sprintf("%s imports %s, which has no home: give it one in cmd/layers/rules.go, and a reason", path, imp.path)
	}
	return ""
}

// testMay says which of our packages a test may import besides those its
// package may: the package itself, from outside it, and what lies beside it.
// A test never turns an arrow round between the front end and the engine.
func testMay(path, other string) bool {
	return other == path || top(other) == top(path)
}

// linked reports the libraries that p must not link.
func linked(p pkg) []string {
	var problems []string
	for _, b := range bans {
		if p.path != b.pkg {
			continue
		}
		for _, dep := range p.deps {
			if dep == b.library || strings.HasPrefix(dep, b.library+"/") {
				problems = append(problems, fmt.Sprintf("%s links %s: %s (go mod why -m, or go list -deps, tells the way)", p.path, dep, b.why))
			}
		}
	}
	return problems
}

// layerOf returns the layer with the longest name that takes path.
func layerOf(path string) (best layer, ok bool) {
	for _, l := range layers {
		if match(l.name, path) && len(l.name) > len(best.name) {
			best, ok = l, true
		}
	}
	return best, ok
}

func homeOf(path string) (home, bool) {
	for _, h := range homes {
		if path == h.library || strings.HasPrefix(path, h.library+"/") {
			return h, true
		}
	}
	return home{}, false
}

func matchAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, path) })
}

// match reports whether pattern, a folder or a folder and /..., takes path.
func match(pattern, path string) bool {
	dir, tree := strings.CutSuffix(pattern, "...")
	dir = strings.TrimSuffix(dir, "/")
	return path == dir || tree && below(path, dir)
}

// below reports whether path is inside folder dir.
func below(path, dir string) bool { return dir == "" || strings.HasPrefix(path, dir+"/") }

func top(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}
