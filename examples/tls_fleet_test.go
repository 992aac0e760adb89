package examples_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// fleet is a web server for each host, its certificate good for so many days.
type fleet struct {
	w       *world
	address map[string]string
	args    []string
}

func startFleet(t *testing.T, days map[string]int, deaf string) *fleet {
	f := &fleet{w: stage(t, "tls-fleet"), address: map[string]string{}}
	authority := stage(t, "tls-renewal")
	authority.set("TLS_CA_DIR", f.w.path("ca"))
	authority.apply("create-ca.yaml", 0)
	type host struct {
		Name    string `json:"name"`
		Address string `json:"address"`
		Dir     string `json:"dir"`
		PidFile string `json:"pid_file"`
	}
	var hosts []host
	for _, name := range []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com"} {
		n, ok := days[name]
		if !ok {
			continue
		}
		dir := f.w.mkdir("ssl", name)
		pidFile := filepath.Join(dir, "pid")
		f.address[name] = "127.0.0.1:1" // nobody is there
		if n != 0 {
			f.w.firstCertificate(dir, name, n)
			env := []string{"DAEMON_TLS=" + dir}
			if name == deaf {
				env = append(env, "DAEMON_DEAF=1")
			}
			d := startDaemon(t, f.w, "https", env...)
			writeFile(t, pidFile, readFile(t, d.pidFile))
			f.address[name] = d.ready
		}
		hosts = append(hosts, host{name, f.address[name], dir, pidFile})
	}
	f.args = []string{"-p", "ca=" + f.w.path("ca"), "-p", "hosts=" + asJSON(t, hosts)}
	return f
}

func (w *world) firstCertificate(dir, name string, days int) {
	w.t.Helper()
	version := filepath.Join(dir, "versions", "first")
	if err := os.MkdirAll(version, 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.must(version, "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
		"-subj", "/CN="+name, "-addext", "subjectAltName=DNS:"+name, "-keyout", "key.pem", "-out", "request.csr")
	w.must(version, "openssl", "x509", "-req", "-copy_extensions=copy", "-days", strconv.Itoa(days), "-in", "request.csr", "-out", "cert.pem",
		"-CA", w.path("ca", "intermediate.pem"), "-CAkey", w.path("ca", "intermediate.key"), "-set_serial", "1")
	writeFile(w.t, filepath.Join(version, "fullchain.pem"),
		readFile(w.t, filepath.Join(version, "cert.pem"))+readFile(w.t, w.path("ca", "intermediate.pem")))
	if err := os.Symlink("versions/first", filepath.Join(dir, "live")); err != nil {
		w.t.Fatal(err)
	}
}

// wantDays checks what a host serves.
func (f *fleet) wantDays(t *testing.T, name string, want int) {
	t.Helper()
	conn, err := tls.Dial("tcp", f.address[name], &tls.Config{InsecureSkipVerify: true, ServerName: name}) // the runbook verifies
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	left := time.Until(conn.ConnectionState().PeerCertificates[0].NotAfter)
	if got := int(left/(24*time.Hour)) + 1; got != want {
		t.Errorf("%s serves a certificate for %d more days, want %d", name, got, want)
	}
}

func TestTLSFleet(t *testing.T) {
	needs(t, "bash", "openssl", "date")
	t.Run("renews what is about to end and nothing else", func(t *testing.T) {
		t.Parallel()
		f := startFleet(t, map[string]int{"a.example.com": 10, "b.example.com": 60, "c.example.com": 5}, "")
		f.w.apply("runbook.yaml", 0, f.args...)
		f.wantDays(t, "a.example.com", 90)
		f.wantDays(t, "b.example.com", 60)
		f.wantDays(t, "c.example.com", 90)
		f.w.wantLink(f.w.path("ssl/b.example.com/live"), "versions/first")
		f.w.wantLink(f.w.path("ssl/a.example.com/previous"), "versions/first")
		f.w.apply("runbook.yaml", 0, f.args...) // the next night: nothing to do
		f.w.wantLink(f.w.path("ssl/a.example.com/previous"), "versions/first")
	})

	t.Run("renews the others, and fails, when a host does not answer", func(t *testing.T) {
		t.Parallel()
		f := startFleet(t, map[string]int{"a.example.com": 10, "d.example.com": 0}, "")
		out := f.w.apply("runbook.yaml", 1, f.args...)
		wantContains(t, out, "no answer from d.example.com")
		if exists(f.w.path("ssl/d.example.com/versions")) {
			t.Error("a host that does not answer was renewed")
		}
	})

	t.Run("puts the old one back when the new one is not served", func(t *testing.T) {
		t.Parallel()
		f := startFleet(t, map[string]int{"a.example.com": 10}, "a.example.com")
		wantContains(t, f.w.apply("runbook.yaml", 1, f.args...), "a.example.com still serves")
		f.wantDays(t, "a.example.com", 10)
		f.w.wantLink(f.w.path("ssl/a.example.com/live"), "versions/first")
	})
}
