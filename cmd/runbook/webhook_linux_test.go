package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cloudops-run/runbook/executor/event"
)

const posted = `version: 1
name: posted
strategy: parallel
steps:
  - id: each
    foreach: {in: 0..19}
    exec: [sh, step, begin, echo=hello, done]
`

// Whatever becomes of a webhook, the run completes with its exit code, its record
// is whole, and nothing of it goes on.
func TestBadWebhooks(t *testing.T) {
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		why     string
	}{
		"hangs": {func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, "the server did not answer"},
		"refuses": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "the server answers 403 Forbidden"},
		"fails":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "the server answers 500 Internal Server Error"},
		"closes":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tt.handler)
			t.Cleanup(server.Close)
			s := newScene(t, posted)
			e := s.apply(nil, "--sink", "webhook="+strings.Replace(server.URL, "//", "//user:s3cret@", 1)+"/s3cret")
			s.over(e)
			s.lawful()
			if e.code() != 0 {
				t.Errorf("exit code %d, want 0", e.code())
			}
			if got := s.ending()[""]; got != "completed" {
				t.Errorf("it ended as %s", got)
			}
			n := len(slices.DeleteFunc(slices.Clone(e.events), isOutput))
			want := fmt.Sprintf("warning: webhook %s/…: %d of %d events were not delivered: %s", server.URL, n, n, tt.why)
			if got := e.stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, want) || strings.Contains(got, "s3cret") {
				t.Errorf("it said\n%s\nwant %s", got, want)
			}
		})
	}
}

func isOutput(e event.Event) bool { return e.Type == event.Stdout || e.Type == event.Stderr }

// A webhook gets all events but output, in order, with the headers it is to have.
func TestWebhook(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []event.Event
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if user, password, _ := r.BasicAuth(); user != "user" || password != "s3cret" || r.Header.Get("X-Team") != "payments" {
			w.WriteHeader(401)
			return
		}
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			var e event.Event
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Error(err)
			}
			got = append(got, e)
		}
	}))
	t.Cleanup(server.Close)
	s := newScene(t, posted)
	e := s.apply([]string{"RUNBOOK_WEBHOOK_HEADERS=X-Team: payments\n"}, "--sink", "webhook="+strings.Replace(server.URL, "//", "//user:s3cret@", 1))
	s.over(e)
	s.lawful()
	mu.Lock()
	defer mu.Unlock()
	told := slices.DeleteFunc(slices.Clone(e.events), isOutput)
	same := slices.EqualFunc(got, told, func(a, b event.Event) bool { return a.Seq == b.Seq && a.Type == b.Type && a.StepID == b.StepID })
	if e.code() != 0 || !same || e.stderr.Len() > 0 {
		t.Errorf("exit code %d, %d events posted, want %d\n%s", e.code(), len(got), len(told), e.stderr.String())
	}
}
