package state

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func taken(r *Run) (requests []Request, warnings []string, err error) {
	warnings, err = r.TakeRequests(func(q Request) error {
		requests = append(requests, q)
		return nil
	})
	return requests, warnings, err
}

// Requests are taken once, in order; what is none is told and gone.
func TestRequests(t *testing.T) {
	f := opened(t)
	r := created(t, f, Asked{})
	take := func() ([]Request, []string) {
		t.Helper()
		requests, warnings, err := taken(r)
		if err != nil {
			t.Fatal(err)
		}
		return requests, warnings
	}
	if requests, warnings := take(); requests != nil || warnings != nil {
		t.Errorf("of a new run: %v, %v", requests, warnings)
	}
	var want []Request
	for i := range 20 {
		q := Request{Action: Approve, Step: fmt.Sprint("s", i), By: "ann", UID: os.Geteuid()}
		if err := f.Request(r.ID, q); err != nil {
			t.Fatal(err)
		}
		want = append(want, q)
	}
	if err := f.Request(newID(t), want[0]); err == nil {
		t.Error("a request to a run that is not there")
	}
	if err := f.Request(r.ID, Request{Action: Reject, Message: strings.Repeat("x", 70_000)}); err == nil {
		t.Error("a request of 70 kB")
	}
	requests, warnings := take()
	if diff := cmp.Diff(want, requests, cmpopts.IgnoreFields(Request{}, "At")); diff != "" || len(warnings) > 0 || requests[0].At.IsZero() {
		t.Errorf("%s, %v", diff, warnings)
	}
	if requests, _ := take(); requests != nil {
		t.Errorf("taken twice: %v", requests)
	}
}

func TestHostileRequests(t *testing.T) {
	f := opened(t)
	r := created(t, f, Asked{})
	os.Mkdir(r.Requests(), 0o700)
	elsewhere := filepath.Join(t.TempDir(), "x.json")
	good := []byte(`{"action":"cancel","uid":12345}`)
	os.WriteFile(elsewhere, good, 0o600)
	plant := func(name string, text []byte) { os.WriteFile(filepath.Join(r.Requests(), name), text, 0o600) }
	plant("1.json", nil)
	plant("2.json", []byte(`{"action":"delete"}`))
	plant("3.json", []byte(`[]`))
	plant("4.json", make([]byte, maxRequest+1))
	plant("5.txt", good)
	os.Symlink(elsewhere, filepath.Join(r.Requests(), "6.json"))
	os.MkdirAll(filepath.Join(r.Requests(), "7.json", "below"), 0o700)
	plant(requestTemp+"8", good) // it is just being written
	plant("9.json", good)
	want := 7
	theirs := filepath.Join(r.Requests(), "A.json")
	plant("A.json", good)
	if os.Chown(theirs, 65534, -1) == nil {
		want++
	} else {
		os.Remove(theirs)
	}
	requests, warnings, err := taken(r)
	if err != nil || len(requests) != 1 || requests[0].Action != Cancel || requests[0].UID != os.Geteuid() {
		t.Errorf("%+v, %v", requests, err)
	}
	if len(warnings) != want {
		t.Errorf("%d warnings, want %d: %q", len(warnings), want, warnings)
	}
	left, _ := os.ReadDir(r.Requests())
	if len(left) != 1 || left[0].Name() != requestTemp+"8" {
		t.Errorf("left: %v", left)
	}
	if text, _ := os.ReadFile(elsewhere); string(text) != string(good) {
		t.Error("what a link leads to was changed")
	}
}

// Each request is taken by one, and none is lost.
func TestConcurrentRequests(t *testing.T) {
	f := opened(t)
	r := created(t, f, Asked{})
	var senders sync.WaitGroup
	for i := range 4 {
		senders.Go(func() {
			for k := range 25 {
				if err := f.Request(r.ID, Request{Action: Approve, Step: fmt.Sprint(i, "-", k)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sent := make(chan struct{})
	go func() { senders.Wait(); close(sent) }()
	seen := map[string]int{}
	for last := false; ; {
		requests, warnings, err := taken(r)
		if err != nil || len(warnings) > 0 {
			t.Fatal(warnings, err)
		}
		for _, q := range requests {
			seen[q.Step]++
		}
		if last {
			break
		}
		select {
		case <-sent:
			last = true
		default:
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d of 100 were seen", len(seen))
	}
}
