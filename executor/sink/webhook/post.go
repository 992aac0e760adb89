package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// post posts what comes until nothing more does.
func (w *Webhook) post() {
	defer close(w.done)
	defer w.giveUp()
	for range w.ready {
		w.gather()
		w.mu.Lock()
		body, count, closed := w.pending, w.count, w.closed
		w.pending, w.count = nil, 0
		w.room.Broadcast()
		w.mu.Unlock()
		if count > 0 {
			if err := w.deliver(body); err != nil {
				w.mu.Lock()
				w.loses(count, err)
				w.mu.Unlock()
			}
		}
		if closed {
			return
		}
	}
}

// gather waits for more events, if there is time.
func (w *Webhook) gather() {
	w.mu.Lock()
	full := len(w.pending) >= w.pace.batch
	w.mu.Unlock()
	if !full {
		sleep(w.pace.gather, w.hurry)
	}
}

// sleep reports whether it was over before end was closed.
func sleep(d time.Duration, end <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-end:
		return false
	}
}

// errNoTime is why events are lost that were not even tried.
var errNoTime = errors.New("there was no time left")

// deliver posts body, again and again if need be.
func (w *Webhook) deliver(body []byte) error {
	last := errNoTime
	delay := w.pace.delay
	for n := 1; ; n++ {
		if w.ctx.Err() != nil {
			return last
		}
		after, err := w.request(body)
		if err == nil {
			return nil
		}
		if w.ctx.Err() == nil || last == errNoTime {
			last = err
		}
		if after == never || n == w.pace.attempts {
			return last
		}
		pause := max(delay/2+rand.N(delay), after) // so that many do not come back at once
		if delay *= 2; !sleep(min(pause, w.pace.longest), w.ctx.Done()) {
			return last
		}
	}
}

// never says that another attempt would be no use.
const never = time.Duration(-1)

// request posts body once. After an error it says how long to wait at least, or
// never.
func (w *Webhook) request(body []byte) (after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(w.ctx, w.pace.request)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url.String(), bytes.NewReader(body))
	if err != nil {
		return never, errors.New("it cannot be asked") // the error would tell the address
	}
	r.Header = w.header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "runbook")
	}
	answer, err := w.client.Do(r)
	if err != nil {
		return w.unanswered(ctx, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 == 2 {
		if n := answer.ContentLength; n >= 0 && n <= 4<<10 {
			io.CopyN(io.Discard, answer.Body, n) // so that the connection can be used again
		}
		return 0, nil
	}
	err = fmt.Errorf("the server answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	switch code := answer.StatusCode; {
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code == http.StatusTooEarly:
		return retryAfter(answer.Header.Get("Retry-After"), time.Now()), err
	}
	return never, err
}

// unanswered words an error without the address, which the HTTP library puts into
// all of them.
func (w *Webhook) unanswered(ctx context.Context, err error) (time.Duration, error) {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	switch {
	case errors.Is(err, errRedirect):
		return never, errRedirect
	case w.ctx.Err() != nil:
		return never, errNoAnswer
	case ctx.Err() != nil:
		return 0, fmt.Errorf("%w within %v", errNoAnswer, w.pace.request)
	}
	return 0, err
}

var (
	errNoAnswer = errors.New("the server did not answer")
	errRedirect = errors.New("the server sends elsewhere what is posted to it")
)

// sameHost lets a server send a request elsewhere on itself, as it is. What has the
// headers of the request must not go to another, nor become a GET, nor lose TLS.
func sameHost(r *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > 3 || r.Method != first.Method || r.URL.Host != first.URL.Host || r.URL.Scheme != first.URL.Scheme {
		return errRedirect
	}
	return nil
}

// retryAfter reads the header of that name: seconds, or a time.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(n, 3600))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
