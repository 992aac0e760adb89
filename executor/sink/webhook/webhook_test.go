package webhook

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/cloudops-run/runbook/executor/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// brisk is for servers that are real, and so are not in the time of a bubble.
var brisk = pace{
	batch: 2 << 10, gather: time.Millisecond, request: 200 * time.Millisecond,
	attempts: 3, delay: time.Millisecond, longest: 10 * time.Millisecond, last: 500 * time.Millisecond,
}

// received are the numbers of the events that a server got.
type received struct {
	mu     sync.Mutex
	seqs   []uint64
	header http.Header // of the last request
	bad    string
}

func (g *received) take(r *http.Request) {
	var seqs []uint64
	bad := ""
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		var e event.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			bad = err.Error()
		}
		seqs = append(seqs, e.Seq)
	}
	if got := r.Header.Get("Content-Type"); got != "application/x-ndjson" || r.Method != http.MethodPost {
		bad = r.Method + " " + got
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seqs, g.header = append(g.seqs, seqs...), r.Header
	g.bad += bad
}

func serve(t *testing.T, h http.HandlerFunc) *url.URL {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := Parse(s.URL + "/hook/secret-path?token=secret")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// emit gives w so many events and closes it.
func emit(w *Webhook, n int) error {
	for i := range n {
		w.OnEvent(event.Event{Type: event.Completed, Seq: uint64(i + 1), StepID: "a"})
	}
	w.Finish(context.Background())
	return w.Close()
}

func TestDelivers(t *testing.T) {
	var got received
	u := serve(t, func(_ http.ResponseWriter, r *http.Request) { got.take(r) })
	w := newWebhook(u, http.Header{"Authorization": {"Bearer x"}}, brisk, transport())
	if err := emit(w, 1000); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(got.seqs) || len(got.seqs) != 1000 || got.bad != "" {
		t.Errorf("%d events, %s", len(got.seqs), got.bad)
	}
	if got.header.Get("Authorization") != "Bearer x" || got.header.Get("User-Agent") != "runbook" {
		t.Errorf("headers %v", got.header)
	}
}

// Whatever the server does, OnEvent and Close come to an end, and the events that
// it did not take are counted.
func TestBadServers(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // until then the server does not see that the client left
		<-r.Context().Done()
	}
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    string // empty: all is delivered
	}{
		"hangs":   {hang, "100 of 100 events were not delivered: the server did not answer"},
		"fails":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "100 of 100 events were not delivered: the server answers 500 Internal Server Error"},
		"refuses": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "100 of 100 events were not delivered: the server answers 403 Forbidden"},
		"closes":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "100 of 100 events were not delivered: EOF"},
		"sends elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, "100 of 100 events were not delivered: the server sends elsewhere what is posted to it"},
		"makes a GET of it": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusFound)
		}, "100 of 100 events were not delivered: the server sends elsewhere what is posted to it"},
		"sends elsewhere on itself": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/other" {
				http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
			}
		}, ""},
		"answers without end": {func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			for r.Context().Err() == nil {
				w.Write(make([]byte, 64<<10))
			}
		}, ""},
		"answers a byte at a time": {func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWebhook(serve(t, tt.handler), nil, brisk, transport())
			err := emit(w, 100)
			switch {
			case tt.want == "" && err != nil, tt.want != "" && err == nil:
				t.Fatalf("got %v, want %q", err, tt.want)
			case err != nil && (!strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "secret")):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A server that comes back gets everything.
func TestFailsInTheMiddle(t *testing.T) {
	var got received
	var n atomic.Int32
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%3 != 0 {
			w.WriteHeader(503)
			return
		}
		got.take(r)
	})
	if err := emit(newWebhook(u, nil, brisk, transport()), 1000); err != nil {
		t.Fatal(err)
	}
	if len(got.seqs) != 1000 || got.bad != "" {
		t.Errorf("%d events, %s", len(got.seqs), got.bad)
	}
}

// A stub is a server in the time of a bubble.
type stub func(*http.Request) (*http.Response, error)

func (s stub) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

func answer(code int, header http.Header) *http.Response {
	return &http.Response{StatusCode: code, Header: header, Body: http.NoBody}
}

func hook(t *testing.T) *url.URL {
	t.Helper()
	u, err := Parse("https://example.com/hook")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// The pauses between attempts grow, and are as long as the server asks for.
func TestPauses(t *testing.T) {
	for name, tt := range map[string]struct {
		header   http.Header
		low, top time.Duration // of all attempts together
	}{
		"doubled":      {nil, 250*time.Millisecond + 500*time.Millisecond + time.Second + 2*time.Second, 750*time.Millisecond + 1500*time.Millisecond + 3*time.Second + 6*time.Second},
		"seconds":      {http.Header{"Retry-After": {"20"}}, 80 * time.Second, 80 * time.Second},
		"a time":       {http.Header{"Retry-After": {"Sat, 01 Jan 2000 00:00:30 GMT"}}, 30 * time.Second, 40 * time.Second},
		"far too long": {http.Header{"Retry-After": {"86400"}}, 4 * time.Minute, 4 * time.Minute},
		"nonsense":     {http.Header{"Retry-After": {"soon"}}, 3 * time.Second, 12 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var at []time.Time
				w := newWebhook(hook(t), nil, usual, stub(func(*http.Request) (*http.Response, error) {
					at = append(at, time.Now())
					return answer(429, tt.header), nil
				}))
				w.OnEvent(event.Event{Type: event.Started, Seq: 1})
				time.Sleep(10 * time.Minute)
				err := w.Close()
				if len(at) != usual.attempts {
					t.Fatalf("%d attempts, want %d", len(at), usual.attempts)
				}
				if took := at[len(at)-1].Sub(at[0]); took < tt.low || took > tt.top {
					t.Errorf("the attempts took %v, want %v to %v", took, tt.low, tt.top)
				}
				if err == nil || err.Error() != "1 of 1 events were not delivered: the server answers 429 Too Many Requests" {
					t.Errorf("Close = %v", err)
				}
			})
		})
	}
}

// A server that hangs holds up the end by some seconds, however much there is.
func TestEndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWebhook(hook(t), nil, usual, stub(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		fed := make(chan int)
		go func() {
			n := 0
			for ; n < 100_000; n++ {
				w.OnEvent(event.Event{Type: event.Completed, Seq: uint64(n), StepID: "a"})
			}
			fed <- n
		}()
		time.Sleep(time.Hour)
		w.Finish(t.Context())
		began := time.Now()
		<-fed
		err := w.Close()
		if took := time.Since(began); took > usual.last+time.Second {
			t.Errorf("the end took %v", took)
		}
		if err == nil || err.Error() != "100000 of 100000 events were not delivered: the server did not answer within 10s" {
			t.Errorf("Close = %v", err)
		}
	})
}

// Whoever does not want to wait need not.
func TestEndIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWebhook(hook(t), nil, usual, stub(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		w.OnEvent(event.Event{Type: event.RunCompleted, Seq: 1})
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		began := time.Now()
		w.Finish(ctx)
		if err := w.Close(); err == nil || time.Since(began) != time.Second {
			t.Errorf("the end took %v; Close = %v", time.Since(began), err)
		}
	})
}

func TestParse(t *testing.T) {
	for _, bad := range []string{"", "x", "example.com/hook", "ftp://example.com", "https://", "https://:80/x", "file:///etc/passwd", "http://%zz"} {
		if u, err := Parse(bad); err == nil {
			t.Errorf("%q is taken for %v", bad, u)
		}
	}
	for address, want := range map[string]string{
		"https://user:pw@example.com:8443/services/T0/B0?key=x": "https://example.com:8443/…",
		"http://[::1]/":                 "http://[::1]/…",
		"https://user:pw@ex ample.com/": "…",
	} {
		if got := Shown(address); got != want {
			t.Errorf("Shown(%q) = %q, want %q", address, got, want)
		}
	}
}
