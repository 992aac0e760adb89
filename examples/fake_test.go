package examples_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A recorder is a web server that takes notes: one line for each request, in the
// order they came. What it answers is up to its handler.
type recorder struct {
	url   string
	world sync.Mutex // what the handler knows; it holds this
	mu    sync.Mutex
	lines []string
}

// change changes what the handler knows. That the server answers a program and
// not the test does not tell the race detector that it comes later.
func (r *recorder) change(f func()) {
	r.world.Lock()
	defer r.world.Unlock()
	f()
}

func (r *recorder) note(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *recorder) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// startRecorder serves handle, one request at a time, and notes the line that it
// returns unless that is empty.
func startRecorder(t *testing.T, handle func(rw http.ResponseWriter, r *http.Request, body string) string) *recorder {
	t.Helper()
	rec := &recorder{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rec.world.Lock()
		defer rec.world.Unlock()
		if line := handle(rw, r, string(body)); line != "" {
			rec.note(line)
		}
	}))
	t.Cleanup(server.Close)
	rec.url = server.URL
	return rec
}

// asJSON writes a value as it goes into --param.
func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func wantList(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  %s\nwant:\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// linesOf is what a file says, one string a line; none where it is not there.
func linesOf(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) || len(text) == 0 {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// wantNowhere checks that no file below the world's folder holds a secret, but
// those whose business it is.
func (w *world) wantNowhere(secret string, but ...string) {
	w.t.Helper()
	checked := 0
	err := filepath.Walk(w.tmp, func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		for _, b := range but {
			if strings.HasPrefix(path, b) {
				return nil
			}
		}
		checked++
		if strings.Contains(readFile(w.t, path), secret) {
			w.t.Errorf("%s holds the secret", path)
		}
		return nil
	})
	if err != nil || checked == 0 {
		w.t.Fatalf("looked into %d files: %v", checked, err)
	}
}

// parseForm reads the body of a query API's request.
func parseForm(body string) url.Values {
	form, _ := url.ParseQuery(body)
	return form
}
