package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// canaryHosts is a shop on each of eight hosts, at 1.0.0 and with 1.1.0 unpacked
// beside it. On the hosts named in broken 1.1.0 is not well.
func canaryHosts(t *testing.T, broken ...int) (w *world, args []string) {
	w = stage(t, "canary")
	type host struct {
		Name    string `json:"name"`
		Root    string `json:"root"`
		PidFile string `json:"pid_file"`
		URL     string `json:"url"`
	}
	var hosts []host
	for i := range 8 {
		name := fmt.Sprintf("shop%d", i)
		root := w.mkdir("hosts", name)
		for _, version := range []string{"1.0.0", "1.1.0"} {
			writeFile(t, filepath.Join(root, "releases", version, "VERSION"), version+"\n")
		}
		for _, b := range broken {
			if b == i {
				writeFile(t, filepath.Join(root, "releases/1.1.0/broken"), "")
			}
		}
		if err := os.Symlink("releases/1.0.0", filepath.Join(root, "current")); err != nil {
			t.Fatal(err)
		}
		d := startDaemon(t, w, "shop", "DAEMON_ROOT="+root)
		pidFile := filepath.Join(root, "pid")
		writeFile(t, pidFile, readFile(t, d.pidFile))
		hosts = append(hosts, host{name, root, pidFile, d.ready})
	}
	writeFile(t, w.path("hosts.json"), asJSON(t, map[string]any{"hosts": hosts, "release": "1.1.0"}))
	return w, []string{"--param-file=" + w.path("hosts.json")}
}

// wantReleases checks what each host's link points to, and that the hosts that
// were never touched have no way back.
func (w *world) wantReleases(want ...string) {
	w.t.Helper()
	for i, version := range want {
		w.wantLink(w.path("hosts", fmt.Sprintf("shop%d", i), "current"), "releases/"+version)
	}
}

func TestCanary(t *testing.T) {
	needs(t, "bash", "curl")
	const was, is = "1.0.0", "1.1.0"
	t.Run("all three stages", func(t *testing.T) {
		t.Parallel()
		w, args := canaryHosts(t)
		out := w.apply("runbook.yaml", 0, append(args, "--approve-all")...)
		w.wantReleases(is, is, is, is, is, is, is, is)
		wantContains(t, out, "from 1.0.0 to 1.1.0 on 8 hosts")
	})

	t.Run("asks after each stage", func(t *testing.T) {
		t.Parallel()
		w, args := canaryHosts(t)
		wantContains(t, w.apply("runbook.yaml", 4, args...), "shop0 is well on 1.1.0. Go on with a quarter of the hosts?")
		w.wantReleases(is, was, was, was, was, was, was, was)
	})

	t.Run("a second job goes on, and knows the way back", func(t *testing.T) {
		t.Parallel()
		w, args := canaryHosts(t, 7)
		w.apply("runbook.yaml", 4, args...)
		w.apply("runbook.yaml", 4, append(args, "--approve=quarter")...)
		w.wantReleases(is, is, is, was, was, was, was, was)
		w.apply("runbook.yaml", 1, append(args, "--approve-all")...)
		w.wantReleases(was, was, was, was, was, was, was, was)
	})

	t.Run("asks again for the rest", func(t *testing.T) {
		t.Parallel()
		w, args := canaryHosts(t)
		wantContains(t, w.apply("runbook.yaml", 4, append(args, "--approve=quarter")...), "A quarter is well on 1.1.0.")
		w.wantReleases(is, is, is, was, was, was, was, was)
	})

	t.Run("back everywhere when someone says no", func(t *testing.T) {
		t.Parallel()
		w, args := canaryHosts(t)
		w.apply("runbook.yaml", 1, append(args, "--approve=quarter", "--reject=rest")...)
		w.wantReleases(was, was, was, was, was, was, was, was)
		if exists(w.path("hosts/shop3/previous")) {
			t.Error("a host of the third stage was touched")
		}
	})

	t.Run("back everywhere when one is not well", func(t *testing.T) {
		t.Parallel()
		w, args := canaryHosts(t, 2)
		w.apply("runbook.yaml", 1, append(args, "--approve-all")...)
		w.wantReleases(was, was, was, was, was, was, was, was)
		for i, touched := range []bool{true, true, true, false} {
			if got := exists(w.path("hosts", fmt.Sprintf("shop%d", i), "previous")); got != touched {
				t.Errorf("shop%d: touched is %v, want %v", i, got, touched)
			}
		}
	})
}
