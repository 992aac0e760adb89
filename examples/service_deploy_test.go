package examples_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// artifact packs a release with its checksum, as a build would publish it.
func (w *world) artifact(version string, files map[string]string) string {
	w.t.Helper()
	src := w.mkdir("build", version)
	writeFile(w.t, filepath.Join(src, "VERSION"), version+"\n")
	writeFile(w.t, filepath.Join(src, "bin/preflight"), "#!/bin/sh\necho fine\n")
	for name, content := range files {
		writeFile(w.t, filepath.Join(src, name), content)
	}
	if err := os.Chmod(filepath.Join(src, "bin/preflight"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	incoming := w.mkdir("incoming")
	name := "shop-" + version + ".tar.gz"
	w.must(incoming, "tar", "-czf", name, "-C", src, ".")
	writeFile(w.t, filepath.Join(incoming, name+".sha256"), w.must(incoming, "sha256sum", name)+"\n")
	return filepath.Join(incoming, name)
}

// shopAt starts the service with a release already live.
func shopAt(t *testing.T, version string, env ...string) (w *world, d *daemon) {
	w = stage(t, "service-deploy")
	root := w.mkdir("srv")
	writeFile(t, filepath.Join(root, "releases", version, "VERSION"), version+"\n")
	if err := os.Symlink("releases/"+version, filepath.Join(root, "current")); err != nil {
		t.Fatal(err)
	}
	d = startDaemon(t, w, "shop", append(env, "DAEMON_ROOT="+root)...)
	w.set("DEPLOY_ROOT", root, "SERVICE_PID_FILE", d.pidFile, "SERVICE_URL", d.ready)
	return w, d
}

func (w *world) wantServed(url, path, want string) {
	w.t.Helper()
	resp, err := http.Get(url + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if got := strings.TrimSpace(string(body)); got != want {
		w.t.Errorf("%s answers %q, want %q", path, got, want)
	}
}

func (w *world) wantLink(path, want string) {
	w.t.Helper()
	if got, err := os.Readlink(path); err != nil || got != want {
		w.t.Errorf("%s points to %q (%v), want %q", filepath.Base(path), got, err, want)
	}
}

func TestServiceDeploy(t *testing.T) {
	needs(t, "bash", "curl", "tar", "gzip", "sha256sum", "find")
	t.Run("goes live and keeps the way back", func(t *testing.T) {
		t.Parallel()
		w, d := shopAt(t, "1.0.0")
		for _, version := range []string{"1.1.0", "1.2.0", "1.10.0"} {
			w.set("ARTIFACT", w.artifact(version, nil))
			w.apply("runbook.yaml", 0)
			w.wantServed(d.ready, "/version", version)
		}
		root := w.path("srv")
		w.wantLink(filepath.Join(root, "current"), "releases/1.10.0")
		w.wantLink(filepath.Join(root, "previous"), "releases/1.2.0")
		if exists(filepath.Join(root, "releases/1.0.0")) || !exists(filepath.Join(root, "releases/1.1.0")) {
			t.Error("not the three newest releases were kept")
		}
	})

	// Whatever goes wrong, 1.0.0 is live afterwards and in good health.
	failures := map[string]struct {
		daemon []string
		files  map[string]string
		spoil  func(t *testing.T, artifact string)
		says   string
	}{
		"unhealthy release": {
			files: map[string]string{"broken": ""},
			says:  "current is releases/1.0.0 again",
		},
		"service does not reload": {
			daemon: []string{"DAEMON_DEAF=1"},
			says:   "current is releases/1.0.0 again",
		},
		"preflight refuses": {
			files: map[string]string{"bin/preflight": "#!/bin/sh\necho no database >&2\nexit 1\n"},
			says:  "current was not touched",
		},
		"exchanged artifact": {
			spoil: func(t *testing.T, artifact string) { // whole, but not what was published
				published := readFile(t, artifact+".sha256")
				_, name, _ := strings.Cut(published, " ")
				writeFile(t, artifact+".sha256", strings.Repeat("0", 64)+" "+name)
			},
			says: "current was not touched",
		},
		"nonsense version": {
			files: map[string]string{"VERSION": "../../etc\n"},
			says:  "not a version",
		},
	}
	for name, tt := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, d := shopAt(t, "1.0.0", tt.daemon...)
			artifact := w.artifact("1.1.0", tt.files)
			if tt.spoil != nil {
				tt.spoil(t, artifact)
			}
			w.set("ARTIFACT", artifact)
			wantContains(t, w.apply("runbook.yaml", 1), tt.says)
			w.wantLink(w.path("srv", "current"), "releases/1.0.0")
			w.wantServed(d.ready, "/version", "1.0.0")
			w.wantServed(d.ready, "/healthz", "ok")
		})
	}
}
