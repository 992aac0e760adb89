package examples_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// A site is an S3 server with the bucket of the example in it.
type site struct {
	w      *world
	url    string // of live/, as a visitor sees it
	mu     sync.Mutex
	refuse func(*http.Request) bool // answers 403 where true; nil: none
	alter  func(path string, body []byte) []byte
}

func startSite(t *testing.T) *site {
	s := &site{w: stage(t, "static-site")}
	fake := gofakes3.New(s3mem.New()).Server()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		refuse, alter := s.refuse, s.alter
		s.mu.Unlock()
		if refuse != nil && refuse(r) {
			rw.WriteHeader(http.StatusForbidden)
			return
		}
		if alter != nil && r.Method == http.MethodGet && r.Header.Get("Authorization") == "" {
			rec := httptest.NewRecorder()
			fake.ServeHTTP(rec, r)
			rw.WriteHeader(rec.Code)
			_, _ = rw.Write(alter(r.URL.Path, rec.Body.Bytes()))
			return
		}
		fake.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + "/www.example.com/live"
	s.w.useAWS(server.URL)
	s.w.set("SITE_URL", s.url)
	s.w.must(s.w.tmp, "aws", "--region=eu-central-1", "s3api", "create-bucket", "--bucket=www.example.com",
		"--create-bucket-configuration=LocationConstraint=eu-central-1")
	return s
}

// write changes a file of the site to be deployed.
func (s *site) write(path, content string) {
	s.w.t.Helper()
	writeFile(s.w.t, filepath.Join(s.w.dir, "site", path), content)
}

// put places an object in the bucket, as an earlier deploy left it.
func (s *site) put(key, content string) {
	s.w.t.Helper()
	u, err := url.JoinPath(s.url, "..", key)
	if err != nil {
		s.w.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPut, u, strings.NewReader(content))
	if err != nil {
		s.w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.w.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		s.w.t.Fatalf("cannot put %s: %s", key, resp.Status)
	}
}

// get is what a visitor gets, "" where there is nothing.
func (s *site) get(prefix, path string) string {
	s.w.t.Helper()
	u, err := url.JoinPath(s.url, "..", prefix, path)
	if err != nil {
		s.w.t.Fatal(err)
	}
	resp, err := http.Get(u)
	if err != nil {
		s.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.w.t.Fatal(err)
	}
	if resp.StatusCode == http.StatusNotFound {
		return ""
	}
	return string(body)
}

func (s *site) want(prefix, path, want string) {
	s.w.t.Helper()
	if got := s.get(prefix, path); got != want {
		s.w.t.Errorf("%s/%s is %q, want %q", prefix, path, got, want)
	}
}

func TestStaticSite(t *testing.T) {
	needs(t, "bash", "aws", "curl", "sha256sum", "find", "sort", "xargs")
	t.Run("keeps the previous version", func(t *testing.T) {
		t.Parallel()
		s := startSite(t)
		s.write("index.html", "one")
		s.write("old.html", "old")
		s.w.apply("runbook.yaml", 0)
		s.want("live", "index.html", "one")

		s.write("index.html", "two") // as long as it was
		s.write("new.html", "new")
		if err := os.Remove(filepath.Join(s.w.dir, "site/old.html")); err != nil {
			t.Fatal(err)
		}
		s.w.apply("runbook.yaml", 0)
		s.want("live", "index.html", "two")
		s.want("live", "new.html", "new")
		s.want("live", "old.html", "")
		s.want("live", "assets/style.3f9a1c.css", readFile(t, "static-site/site/assets/style.3f9a1c.css"))
		s.want("previous", "index.html", "one")
		s.want("previous", "old.html", "old")
		s.want("previous", "new.html", "")
	})

	// Whatever goes wrong, visitors see version one, all of it and nothing else.
	failures := map[string]struct {
		spoil func(*site)
		says  string
	}{
		"a page cannot be uploaded": {
			func(s *site) {
				s.refuse = func(r *http.Request) bool {
					return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/live/zzz.html") &&
						r.Header.Get("X-Amz-Copy-Source") == ""
				}
			}, "live is the previous version again",
		},
		"visitors get something else": {
			func(s *site) {
				s.alter = func(path string, body []byte) []byte {
					if string(body) == "two" {
						return []byte("half of it")
					}
					return body
				}
			}, "live is the previous version again",
		},
		"previous cannot be kept": {
			func(s *site) {
				s.refuse = func(r *http.Request) bool {
					return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/previous/index.html")
				}
			}, "live was not touched",
		},
		"the build is not whole": {
			func(s *site) { s.write("assets/app.77aa10.js", "") },
			"live was not touched",
		},
	}
	for name, tt := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSite(t)
			s.put("live/index.html", "one")
			s.put("previous/index.html", "nil")
			s.write("index.html", "two")
			s.write("zzz.html", "new")
			s.mu.Lock()
			tt.spoil(s)
			s.mu.Unlock()
			wantContains(t, s.w.apply("runbook.yaml", 1), tt.says)
			s.want("live", "index.html", "one")
			s.want("live", "zzz.html", "")
		})
	}
}
