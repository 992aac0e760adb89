package examples_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// httpsSite has an authority, a first certificate that two runs of the examples
// made, and a server that serves it.
func httpsSite(t *testing.T, env ...string) (w *world, d *daemon) {
	w = stage(t, "tls-renewal")
	w.set("TLS_CA_DIR", w.path("ca"), "TLS_DIR", w.mkdir("ssl"))
	w.apply("create-ca.yaml", 0)

	// The first certificate: nothing runs yet that could be asked for it, so that
	// part of the run fails, and there is nothing to go back to.
	w.set("TLS_PID_FILE", w.path("none.pid"), "TLS_ENDPOINT", "127.0.0.1:1")
	wantContains(t, w.apply("renew.yaml", 1), "no previous certificate")

	d = startDaemon(t, w, "https", append(env, "DAEMON_TLS="+w.path("ssl"))...)
	w.set("TLS_PID_FILE", d.pidFile, "TLS_ENDPOINT", d.ready)
	return w, d
}

// served is the certificate a client is given, its chain checked.
func (w *world) served(addr string) *x509.Certificate {
	w.t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(readFile(w.t, w.path("ca", "root.pem"))))
	conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: roots, ServerName: "www.example.com"})
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

func TestCreateCA(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "openssl")
	w := stage(t, "tls-renewal")
	w.set("TLS_CA_DIR", w.path("ca"))
	w.apply("create-ca.yaml", 0)
	root := readFile(t, w.path("ca", "root.pem"))
	info, err := os.Stat(w.path("ca", "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("root.key has mode %v, want 0600", info.Mode())
	}
	w.apply("create-ca.yaml", 1) // a second time: refused
	if readFile(t, w.path("ca", "root.pem")) != root {
		t.Error("a second run replaced the root certificate")
	}
}

func TestTLSRenewal(t *testing.T) {
	needs(t, "bash", "openssl", "cmp")
	t.Run("serves the new certificate and keeps the old one", func(t *testing.T) {
		t.Parallel()
		w, d := httpsSite(t)
		before := w.served(d.ready)
		w.apply("renew.yaml", 0)
		after := w.served(d.ready)
		if after.SerialNumber.Cmp(before.SerialNumber) == 0 {
			t.Error("the old certificate is still served")
		}
		if days := time.Until(after.NotAfter).Hours() / 24; days < 89 || days > 90 {
			t.Errorf("the new certificate is good for %.1f days, want 90", days)
		}
		if !exists(w.path("ssl", "previous", "key.pem")) {
			t.Error("the previous version was not kept")
		}
		w.apply("renew.yaml", 0)
		if dirs, _ := filepath.Glob(w.path("ssl", "versions", "*")); len(dirs) != 2 {
			t.Errorf("want live and previous alone, found %q", dirs)
		}
	})

	t.Run("goes back when the server keeps the old one", func(t *testing.T) {
		t.Parallel()
		w, d := httpsSite(t, "DAEMON_DEAF=1")
		before, live := w.served(d.ready), w.must(w.path("ssl"), "readlink", "live")
		wantContains(t, w.apply("renew.yaml", 1), "still serves", "live is "+live+" again")
		w.wantLink(w.path("ssl", "live"), live)
		if w.served(d.ready).SerialNumber.Cmp(before.SerialNumber) != 0 {
			t.Error("another certificate is served")
		}
	})

	t.Run("broken chain never goes live", func(t *testing.T) {
		t.Parallel()
		w, d := httpsSite(t)
		before, live := w.served(d.ready), w.must(w.path("ssl"), "readlink", "live")
		root := readFile(t, w.path("ca", "root.pem"))
		// Another authority's intermediate, under a root that never signed it.
		if err := os.RemoveAll(w.path("ca")); err != nil {
			t.Fatal(err)
		}
		w.apply("create-ca.yaml", 0)
		writeFile(t, w.path("ca", "root.pem"), root)
		wantContains(t, w.apply("renew.yaml", 1), "live was not touched")
		w.wantLink(w.path("ssl", "live"), live)
		if w.served(d.ready).SerialNumber.Cmp(before.SerialNumber) != 0 {
			t.Error("another certificate is served")
		}
		if dirs, _ := filepath.Glob(w.path("ssl", "versions", "*")); len(dirs) != 1 {
			t.Errorf("the refused key was not deleted: %q", dirs)
		}
	})
}
