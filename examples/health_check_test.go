package examples_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// answers are what the shop's services say when all is well.
var answers = map[string]string{
	"shop.internal":     "ok",
	"payments.internal": `{"status":"up"}`,
	"stock.internal":    `{"status":"up","items":12}`,
	"search-1.internal": "green",
	"search-2.internal": "green",
	"search-3.internal": "green",
}

// startServices serves the shop's hosts on loopback, and tells curl where they
// are. A host in down has no one listening.
func startServices(t *testing.T, handler http.HandlerFunc, down ...string) *world {
	w := stage(t, "health-check")
	curlrc := ""
	for host := range answers {
		server := httptest.NewServer(handler)
		u, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Close)
		for _, d := range down {
			if d == host {
				server.Close()
			}
		}
		curlrc += fmt.Sprintf("connect-to = \"%s:80:%s\"\n", host, u.Host)
	}
	writeFile(t, w.path("curl", ".curlrc"), curlrc)
	w.set("CURL_HOME", w.path("curl"))
	return w
}

func healthy(rw http.ResponseWriter, r *http.Request) { fmt.Fprintln(rw, answers[r.Host]) }

func TestHealthCheck(t *testing.T) {
	needs(t, "bash", "curl", "sort")
	t.Run("all is well", func(t *testing.T) {
		t.Parallel()
		w := startServices(t, healthy)
		out := w.apply("runbook.yaml", 0)
		wantContains(t, out, "3 of 3 up, 2 needed")
		if summary := out[strings.Index(out, "3 of 3 up"):]; strings.Count(summary, " s  ") < len(answers) {
			t.Errorf("the summary does not list everything:\n%s", summary)
		}
	})

	t.Run("one search node down is tolerated", func(t *testing.T) {
		t.Parallel()
		w := startServices(t, healthy, "search-2.internal")
		wantContains(t, w.apply("runbook.yaml", 0), "search_2 is down", "2 of 3 up")
	})

	t.Run("two are not", func(t *testing.T) {
		t.Parallel()
		w := startServices(t, healthy, "search-2.internal", "search-3.internal")
		wantContains(t, w.apply("runbook.yaml", 1), "1 of 3 up")
	})

	t.Run("a service down fails, and the rest is asked all the same", func(t *testing.T) {
		t.Parallel()
		w := startServices(t, healthy, "shop.internal")
		wantContains(t, w.apply("runbook.yaml", 1), "3 of 3 up", "  stock", "  payments")
	})

	t.Run("a hiccup is retried", func(t *testing.T) {
		t.Parallel()
		var asked atomic.Int32
		w := startServices(t, func(rw http.ResponseWriter, r *http.Request) {
			if r.Host == "payments.internal" && asked.Add(1) <= 2 {
				http.Error(rw, "starting", http.StatusServiceUnavailable)
				return
			}
			healthy(rw, r)
		})
		w.apply("runbook.yaml", 0)
		if n := asked.Load(); n != 3 {
			t.Errorf("payments was asked %d times, want 3", n)
		}
	})

	t.Run("a 200 that makes no sense is a failure", func(t *testing.T) {
		t.Parallel()
		w := startServices(t, func(rw http.ResponseWriter, r *http.Request) {
			if r.Host == "stock.internal" {
				fmt.Fprintln(rw, "<html>Welcome to nginx!</html>")
				return
			}
			healthy(rw, r)
		})
		wantContains(t, w.apply("runbook.yaml", 1), "answers, but without", "Welcome to nginx")
	})
}
