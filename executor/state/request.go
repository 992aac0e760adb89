package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/failpoint"
)

// An Action is what can be asked of a run that goes on.
type Action string

const (
	Cancel  Action = "cancel"
	Approve Action = "approve"
	Reject  Action = "reject"
	Kill    Action = "kill" // what runs is killed, and no handler runs
)

// A Request is asked of a run by somebody at another terminal.
type Request struct {
	Action  Action    `json:"action"`
	Step    string    `json:"step,omitempty"`
	Message string    `json:"message,omitempty"`
	By      string    `json:"by,omitempty"` // who they say they are
	At      time.Time `json:"at"`
	UID     int       `json:"uid"` // who they are: the owner of the request's file
}

const (
	requestSuffix = ".json"
	requestTemp   = ".tmp-"
	maxRequest    = 64 << 10
)

// Request asks something of a run. It is there when Request returns; whether an
// engine takes it depends on there being one.
func (f *Folder) Request(id uuid.UUID, q Request) error {
	r, err := f.Run(id)
	if err != nil {
		return err
	}
	if err := r.request(q); err != nil {
		return fmt.Errorf("run %s: ask it to %s: %w", id, q.Action, err)
	}
	return nil
}

func (r *Run) request(q Request) error {
	q.At, q.UID = time.Now().UTC(), os.Geteuid()
	text, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if len(text) > maxRequest {
		return fmt.Errorf("it is %d bytes long, want %d at most", len(text), maxRequest)
	}
	name, err := uuid.NewV7() // so that names sort by time
	if err != nil {
		return err
	}
	if err := os.Mkdir(r.Requests(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	dir, err := openFolder(r.Requests())
	if err != nil {
		return err
	}
	defer dir.Close()
	temp := filepath.Join(r.Requests(), requestTemp+name.String())
	file, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(temp, filepath.Join(r.Requests(), name.String()+requestSuffix))
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

// TakeRequests calls do with what was asked of the run since it was last called,
// in order. A request is removed when do has written down what came of it, so that
// one whose engine dies before that is there for the next one; an error of do ends
// the taking, and leaves it there. What is no request of ours, or of root's, is
// removed and told in a warning.
func (r *Run) TakeRequests(do func(Request) error) (warnings []string, err error) {
	names, err := r.namesIn(r.Requests())
	if noDescriptor(err) {
		return nil, nil
	}
	for _, name := range names {
		if strings.HasPrefix(name, requestTemp) {
			continue // it is just being written
		}
		path := filepath.Join(r.Requests(), name)
		q, err := readRequest(path)
		if errors.Is(err, fs.ErrNotExist) || noDescriptor(err) {
			continue
		}
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("request %q is passed over: %v", name, err))
		} else if err := do(q); err != nil {
			return warnings, err
		}
		failpoint.Reach(failpoint.Answered)
		if err := os.RemoveAll(path); err != nil { // it is taken again and again
			return warnings, fmt.Errorf("run %s: %w", r.ID, err)
		}
	}
	return warnings, err
}

// noDescriptor reports whether a file could not be opened for want of something
// that steps give back: a request is read when they have.
func noDescriptor(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

func readRequest(path string) (q Request, err error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return q, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return q, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular() || !strings.HasSuffix(path, requestSuffix):
		return q, errors.New("it is no file of a request")
	case info.Size() > maxRequest:
		return q, fmt.Errorf("it is %d bytes long, want %d at most", info.Size(), maxRequest)
	case ok && int(stat.Uid) != os.Geteuid() && stat.Uid != 0:
		return q, fmt.Errorf("it is of user %d, and only the owner of the run and root may ask", stat.Uid)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxRequest))
	if err != nil {
		return q, err
	}
	if err := json.Unmarshal(bytes.TrimSpace(text), &q); err != nil {
		return q, fmt.Errorf("it is no request: %w", err)
	}
	if ok {
		q.UID = int(stat.Uid)
	}
	switch q.Action {
	case Cancel, Approve, Reject, Kill:
		return q, nil
	}
	return q, fmt.Errorf("it asks for %q, want %s, %s or %s", q.Action, Cancel, Approve, Reject)
}
