package examples_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A pair is two PostgreSQL servers, b replicating from a, and who starts and
// stops them: nothing that a step starts outlives it, as it should be, so a server
// that is to stay belongs to someone else. Here that is the test, asked by a
// systemctl that is one curl.
type pair struct {
	w       *world
	as      *syscall.SysProcAttr
	bin     string
	mu      sync.Mutex
	servers map[string]*exec.Cmd
	told    *recorder
	args    []string
}

func startPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{bin: postgresBin(t), servers: map[string]*exec.Cmd{}}
	dir, err := os.MkdirTemp("/tmp", "rb-ha-") // short, for the sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p.w = stageIn(t, "postgres", dir)
	w := p.w
	w.set("PATH", p.bin+string(os.PathListSeparator)+w.env["PATH"], "PGUSER", "ops")
	needs(t, "psql", "curl")
	p.told = startRecorder(t, func(rw http.ResponseWriter, r *http.Request, _ string) string {
		verb, unit, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if err := map[string]func(string) error{"start": p.start, "stop": p.stop}[verb](unit); err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
		}
		return verb + " " + unit
	})
	w.inFront("systemctl", fmt.Sprintf(`exec curl -fsS "%s/$1/$2"`, p.told.url))
	w.mkdir("a")
	w.mkdir("b")

	p.as = unprivileged(t, dir)
	if p.as != nil { // everything here is that user's
		w.must("/", "chown", "-R", fmt.Sprint(p.as.Credential.Uid), dir)
	}
	w.as = p.as
	w.must(dir, "initdb", "--pgdata="+w.path("a/data"), "--username=ops", "--auth=trust", "--encoding=UTF8",
		"--locale=C.UTF-8", "--no-sync", "--data-checksums")
	t.Cleanup(func() {
		for _, unit := range []string{"a", "b"} {
			if err := p.stop(unit); err != nil {
				t.Error(err)
			}
		}
		if t.Failed() {
			for _, unit := range []string{"a", "b"} {
				t.Logf("log of %s:\n%s", unit, readFile(t, w.path(unit, "log")))
			}
		}
	})
	p.mustStart(t, "a")
	w.must(dir, "pg_basebackup", "--host="+w.path("a"), "--pgdata="+w.path("b/data"), "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	p.mustStart(t, "b")
	eventually(t, "the standby to stream", func() bool { return p.role("a") == "primary of 1" })

	server := func(name string) map[string]string {
		return map[string]string{"host": w.path(name), "data": w.path(name, "data"), "unit": name}
	}
	p.args = []string{"-p", "primary=" + asJSON(t, server("a")), "-p", "standby=" + asJSON(t, server("b"))}
	return p
}

func (p *pair) mustStart(t *testing.T, unit string) {
	t.Helper()
	if err := p.start(unit); err != nil {
		t.Fatal(err)
	}
}

func (p *pair) start(unit string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.servers[unit] != nil {
		return nil
	}
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), "-D", p.w.path(unit, "data"), "-k", p.w.path(unit), "-F", "-c", "listen_addresses=")
	cmd.Dir, cmd.SysProcAttr = p.w.tmp, p.as
	logs, err := os.OpenFile(p.w.path(unit, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer logs.Close()
	cmd.Stderr = logs
	if err := cmd.Start(); err != nil {
		return err
	}
	p.servers[unit] = cmd
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		ready := exec.Command(filepath.Join(p.bin, "pg_isready"), "--quiet", "--host="+p.w.path(unit))
		if ready.Run() == nil {
			return nil
		}
	}
	return fmt.Errorf("%s did not get ready", unit)
}

func (p *pair) stop(unit string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := p.servers[unit]
	if cmd == nil {
		return nil
	}
	delete(p.servers, unit)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil { // fast shutdown
		return err
	}
	return cmd.Wait()
}

// role is "standby", "primary of N", or "down".
func (p *pair) role(unit string) string {
	out, code := p.w.run(p.w.tmp, "psql", "-XqAt", "--host="+p.w.path(unit), "--dbname=postgres", "--command="+
		"select case when pg_is_in_recovery() then 'standby' else 'primary of ' || (select count(*) from pg_stat_replication where state = 'streaming') end")
	if code != 0 {
		return "down"
	}
	return strings.TrimSpace(out)
}

func (p *pair) wantRoles(t *testing.T, a, b string) {
	t.Helper()
	eventually(t, fmt.Sprintf("a to be %s and b %s", a, b), func() bool { return p.role("a") == a && p.role("b") == b })
}

// phases are the rows that the last drill wrote, as unit has them.
func (p *pair) phases(unit string) string {
	return p.w.must(p.w.tmp, "psql", "-XqAt", "--host="+p.w.path(unit), "--dbname=postgres",
		"--command=select string_agg(phase, ' ' order by at) from failover_drill")
}

func TestPostgresFailoverDrill(t *testing.T) {
	t.Run("there and back again", func(t *testing.T) {
		t.Parallel()
		p := startPair(t)
		p.w.apply("failover-drill.yaml", 0, append(p.args, "--approve=stop_primary")...)
		p.wantRoles(t, "standby", "primary of 1")
		wantList(t, "systemd was told", p.told.seen(), "stop a", "start a")
		eventually(t, "the old primary to have it all", func() bool { return p.phases("a") == "before after" })

		back := []string{"-p", strings.Replace(p.args[1], "primary=", "standby=", 1), "-p", strings.Replace(p.args[3], "standby=", "primary=", 1)}
		p.w.apply("failover-drill.yaml", 0, append(back, "--approve=stop_primary")...)
		p.wantRoles(t, "primary of 1", "standby")
		if got := p.phases("a"); got != "before after before after" {
			t.Errorf("after two drills there are the rows %q", got)
		}
	})

	t.Run("starts the primary again when nothing was promoted", func(t *testing.T) {
		t.Parallel()
		p := startPair(t)
		p.w.as = nil // whoever runs the tests may write to the folder
		p.w.inFront("psql", `case $* in *pg_promote*) echo "ERROR: no" >&2; exit 1 ;; esac; exec "$REAL" "$@"`)
		p.w.as = p.as
		out := p.w.apply("failover-drill.yaml", 1, append(p.args, "--approve=stop_primary")...)
		p.wantRoles(t, "primary of 1", "standby")
		wantList(t, "systemd was told", p.told.seen(), "stop a", "start a")
		wantContains(t, out, "primary", "standby")
		if got := p.phases("a"); got != "before" {
			t.Errorf("there are the rows %q", got)
		}
	})

	t.Run("never has two primaries", func(t *testing.T) {
		t.Parallel()
		p := startPair(t)
		p.w.as = nil
		p.w.inFront("pg_rewind", `echo "pg_rewind: error: no" >&2; exit 1`)
		p.w.as = p.as
		p.w.apply("failover-drill.yaml", 1, append(p.args, "--approve=stop_primary")...)
		p.wantRoles(t, "down", "primary of 0")
		wantList(t, "systemd was told", p.told.seen(), "stop a")
	})

	t.Run("touches nothing without a standby or a yes", func(t *testing.T) {
		t.Parallel()
		p := startPair(t)
		wantContains(t, p.w.apply("failover-drill.yaml", 4, p.args...), "Stop the primary a and promote b?")
		p.w.apply("failover-drill.yaml", 1, append(p.args, "--reject=stop_primary")...)
		if err := p.stop("b"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the primary to notice", func() bool { return p.role("a") == "primary of 0" })
		p.w.apply("failover-drill.yaml", 1, append(p.args, "--approve=stop_primary")...)
		p.wantRoles(t, "primary of 0", "down")
		wantList(t, "systemd was told", p.told.seen())
	})
}
