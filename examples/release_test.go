package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// project is a repository with the release runbook in it, cloned from a bare
// remote, at version 1.0.0 and two commits further.
func project(t *testing.T) (w *world, repo, remote string) {
	w = stage(t, "release")
	w.set("GIT_CONFIG_NOSYSTEM", "1", "GIT_CONFIG_GLOBAL", w.path("gitconfig"))
	writeFile(t, w.path("gitconfig"), "[user]\n\tname = Ops\n\temail = ops@example.com\n[init]\n\tdefaultBranch = main\n")

	remote, repo = w.path("shop.git"), w.path("shop")
	w.must(w.tmp, "git", "init", "--quiet", "--bare", remote)
	w.must(w.tmp, "git", "clone", "--quiet", remote, repo)
	if err := os.Rename(w.dir, filepath.Join(repo, "release")); err != nil {
		t.Fatal(err)
	}
	w.dir = filepath.Join(repo, "release")
	writeFile(t, filepath.Join(repo, "Makefile"), "test:\n\tgrep -q price shop.txt\n")
	writeFile(t, filepath.Join(repo, "shop.txt"), "price 1\n")
	writeFile(t, filepath.Join(repo, "CHANGELOG.md"), "# Changelog\n\n## 1.0.0 (2024-01-01)\n\n- the first\n")
	writeFile(t, filepath.Join(repo, ".gitignore"), "dist/\n")
	w.commit(repo, "the first")
	w.must(repo, "git", "tag", "-a", "v1.0.0", "-m", "version 1.0.0")
	for _, change := range []string{"lower the price", "raise it again"} {
		writeFile(t, filepath.Join(repo, "shop.txt"), "price "+change+"\n")
		w.commit(repo, change)
	}
	w.must(repo, "git", "push", "--quiet", "--tags", "origin", "main")
	w.set("RELEASE_VERSION", "1.1.0")
	return w, repo, remote
}

func (w *world) commit(repo, message string) {
	w.t.Helper()
	w.must(repo, "git", "add", "--all")
	w.must(repo, "git", "commit", "--quiet", "-m", message)
}

func TestRelease(t *testing.T) {
	needs(t, "bash", "git", "make", "gzip", "sha256sum", "tar")
	t.Run("publishes changelog, tag and artefact", func(t *testing.T) {
		t.Parallel()
		w, repo, remote := project(t)
		w.apply("runbook.yaml", 0)
		if got, want := w.must(remote, "git", "rev-parse", "v1.1.0^{commit}"), w.must(remote, "git", "rev-parse", "main"); got != want {
			t.Errorf("the tag on the remote is at %s, main at %s", got, want)
		}
		wantContains(t, w.must(remote, "git", "show", "v1.1.0:CHANGELOG.md"),
			"\n- lower the price\n- raise it again\n\n## 1.0.0 (2024-01-01)\n\n- the first")
		dist := filepath.Join(repo, "dist")
		w.must(dist, "sha256sum", "--check", "shop-1.1.0.tar.gz.sha256")
		wantContains(t, w.must(dist, "tar", "-tzf", "shop-1.1.0.tar.gz"), "shop-1.1.0/shop.txt")

		// The next run of the same version is refused before it does anything.
		head := w.must(repo, "git", "rev-parse", "HEAD")
		wantContains(t, w.apply("runbook.yaml", 1), "already tagged")
		if w.must(repo, "git", "rev-parse", "HEAD") != head || !exists(filepath.Join(dist, "shop-1.1.0.tar.gz")) {
			t.Error("a refused release changed something")
		}
	})

	// Whatever goes wrong, neither the clone nor the remote shows a trace of it.
	failures := map[string]struct {
		spoil func(t *testing.T, w *world, repo, remote string)
		says  string
	}{
		"a test fails": {
			func(t *testing.T, w *world, repo, _ string) {
				writeFile(t, filepath.Join(repo, "shop.txt"), "gone\n")
				w.commit(repo, "break it")
				w.must(repo, "git", "push", "--quiet", "origin", "main")
			}, "back at",
		},
		"the remote refuses": {
			func(t *testing.T, _ *world, _, remote string) {
				hook := filepath.Join(remote, "hooks/pre-receive")
				writeFile(t, hook, "#!/bin/sh\necho protected branch >&2\nexit 1\n")
				if err := os.Chmod(hook, 0o755); err != nil {
					t.Fatal(err)
				}
			}, "protected branch",
		},
		"something is not committed": {
			func(t *testing.T, _ *world, repo, _ string) {
				writeFile(t, filepath.Join(repo, "precious.txt"), "unsaved work\n")
			}, "not clean",
		},
		"something is not pushed": {
			func(t *testing.T, w *world, repo, _ string) {
				writeFile(t, filepath.Join(repo, "shop.txt"), "price 3\n")
				w.commit(repo, "local only")
			}, "not what origin has",
		},
		"an older version": {
			func(_ *testing.T, w *world, _, _ string) { w.set("RELEASE_VERSION", "0.9.0") },
			"would come before",
		},
	}
	for name, tt := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, repo, remote := project(t)
			tt.spoil(t, w, repo, remote)
			state := func() string {
				return strings.Join([]string{
					w.must(repo, "git", "rev-parse", "HEAD"), w.must(repo, "git", "status", "--porcelain"),
					w.must(repo, "git", "tag"), w.must(remote, "git", "for-each-ref"),
				}, "\n")
			}
			before := state()
			wantContains(t, w.apply("runbook.yaml", 1), tt.says)
			if after := state(); after != before {
				t.Errorf("a failed release left a trace:\n%s\nbefore:\n%s", after, before)
			}
			if left, _ := filepath.Glob(filepath.Join(repo, "dist/*")); len(left) > 0 {
				t.Errorf("left in dist: %q", left)
			}
		})
	}
}
