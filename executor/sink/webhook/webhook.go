// Package webhook is a sink that posts the events of a run to a URL, some at a
// time, as lines of JSON.
//
// It is a package of its own because it links net/http, which no other reader of
// events needs.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// pace is how fast a webhook is, and how patient.
type pace struct {
	batch    int           // bytes that are posted at a time, more or less
	gather   time.Duration // how long an event may wait for others
	request  time.Duration // for one request, its answer included
	attempts int           // to post the same events
	delay    time.Duration // after the first of them; it doubles
	longest  time.Duration // delay, also of those that the server asks for
	last     time.Duration // for all that is left when the run is over
}

var usual = pace{
	batch: 256 << 10, gather: 200 * time.Millisecond, request: 10 * time.Second,
	attempts: 5, delay: 500 * time.Millisecond, longest: time.Minute, last: 10 * time.Second,
}

// A Webhook posts events in order. What cannot be posted is tried again a few
// times, then it is counted and left out. While it is busy OnEvent waits; no step
// does, for the engine has a queue for each handler.
//
// The server gets each event at least once: twice where an answer was lost. Their
// run_id and seq tell.
type Webhook struct {
	url    *url.URL
	header http.Header
	client *http.Client
	pace   pace
	ctx    context.Context // ends when there is no time left
	giveUp context.CancelFunc
	ready  chan struct{} // holds a token while events wait
	hurry  chan struct{} // closed when none should wait for others
	done   chan struct{} // closed when nothing more will be posted

	mu      sync.Mutex
	room    *sync.Cond // events were taken from pending
	pending []byte
	count   int // of the events in pending
	total   int
	lost    int
	err     error // why the last of them was lost
	end     *time.Timer
	closed  bool
}

// Parse checks that a webhook can be at this address.
func Parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("an address such as https://example.com/events")
	}
	return u, nil
}

// Shown is an address without what may be a secret: of many webhooks the path is
// one.
func Shown(address string) string {
	u, err := Parse(address)
	if err != nil {
		return "…"
	}
	return u.Scheme + "://" + u.Host + "/…"
}

// New returns a Webhook that posts to u, with header in each request.
func New(u *url.URL, header map[string][]string) *Webhook {
	return newWebhook(u, header, usual, transport())
}

// transport is a connection of its own, through the proxy that variables name.
func transport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxResponseHeaderBytes = 1, 64<<10
	return t
}

func newWebhook(u *url.URL, header http.Header, p pace, t http.RoundTripper) *Webhook {
	w := &Webhook{
		url: u, header: header, pace: p,
		client: &http.Client{Transport: t, CheckRedirect: sameHost},
		ready:  make(chan struct{}, 1), hurry: make(chan struct{}), done: make(chan struct{}),
	}
	w.room = sync.NewCond(&w.mu)
	w.ctx, w.giveUp = context.WithCancel(context.Background())
	go w.post()
	return w
}

// OnEvent takes e to be posted.
func (w *Webhook) OnEvent(e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.pending) >= w.pace.batch && w.ctx.Err() == nil {
		w.room.Wait()
	}
	w.total++
	if w.ctx.Err() != nil {
		w.loses(1, errNoTime)
		return
	}
	w.pending = append(e.AppendJSON(w.pending), '\n')
	w.count++
	w.signal()
}

// loses counts events that were not delivered. The caller holds mu.
func (w *Webhook) loses(count int, err error) {
	w.lost += count
	if w.err == nil || err != errNoTime {
		w.err = err
	}
}

func (w *Webhook) signal() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// Finish says that the run is over: what is left has some seconds, and none where
// ctx ends.
func (w *Webhook) Finish(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.end != nil {
		return
	}
	close(w.hurry)
	stop := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.giveUp()
		w.room.Broadcast()
	}
	w.end = time.AfterFunc(w.pace.last, stop)
	context.AfterFunc(ctx, stop)
}

// Close posts what is left, as far as it can be in the time since Finish. The error
// says how many events were not delivered, and why.
func (w *Webhook) Close() error {
	w.Finish(context.Background())
	w.mu.Lock()
	w.closed = true
	w.signal()
	w.mu.Unlock()
	<-w.done
	w.end.Stop()
	w.client.CloseIdleConnections()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d events were not delivered: %w", w.lost, w.total, w.err)
}
