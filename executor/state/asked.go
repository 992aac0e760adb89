package state

import (
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/internal/lock"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// Format is the version of what a run's folder holds. It grows only when a
// reader that does not know the change would get something wrong.
const Format = 1

// Asked is what somebody asked for, and where: all that is known when a run
// begins. Secrets are not in it.
//
// Create fills in Format, Run, StartedAt, PlanSHA256 and those from User on to
// Process where they are empty.
type Asked struct {
	Format int       `json:"format"`
	Run    uuid.UUID `json:"run_id"`

	Name    string            `json:"name,omitempty"`     // of the runbook
	File    string            `json:"file,omitempty"`     // its path, absolute; "-" is standard input
	Real    string            `json:"resolved,omitempty"` // the same with all links resolved
	Root    string            `json:"root,omitempty"`     // scripts lie inside
	SHA256  string            `json:"sha256,omitempty"`   // of the runbook, in hex
	Scripts map[string]string `json:"scripts,omitempty"`  // and of what it runs and includes: by absolute path
	Labels  map[string]string `json:"labels,omitempty"`

	Params     []Param  `json:"params,omitempty"`
	Only       []string `json:"only,omitempty"`
	Skip       []string `json:"skip,omitempty"`
	From       []string `json:"from,omitempty"`
	NoRollback bool     `json:"no_rollback,omitempty"`

	Version     string    `json:"version,omitempty"` // of the program
	Argv        []string  `json:"argv,omitempty"`
	Containment string    `json:"containment,omitempty"`
	Durability  string    `json:"durability,omitempty"`
	Detached    bool      `json:"detached,omitempty"`  // it goes on when its terminal is closed
	Parent      uuid.UUID `json:"parent_run,omitzero"` // the run with a step that started it
	StartedAt   time.Time `json:"started_at,omitzero"` // UTC

	// Key is what fingerprints in the journal are hashed with: those who are shown
	// the journal, but not the run's folder, can not try what was hashed.
	// [Run.Asked] leaves it out, for what it returns is shown.
	Key string `json:"fingerprint_key,omitempty"`

	User    string `json:"user,omitempty"`
	UID     int    `json:"uid"`
	Host    string `json:"host,omitempty"`
	PID     int    `json:"pid,omitempty"`
	Boot    string `json:"boot_id,omitempty"`
	Process uint64 `json:"process_start,omitempty"` // with Boot and PID it names the process

	PlanSHA256 string `json:"plan_sha256,omitempty"` // of plan.json
	Replaces   string `json:"replaces,omitempty"`    // the hash of the run.json before this one
}

// A Param is a value that was given, or a default.
type Param struct {
	Name   string `json:"name"`
	Value  any    `json:"value"`
	Source string `json:"source,omitempty"` // for people: "default", "-p", a file
}

func (p *Param) UnmarshalJSON(b []byte) error {
	type plain Param
	form := struct {
		*plain
		Value json.RawMessage `json:"value"`
	}{plain: (*plain)(p)}
	if err := json.Unmarshal(b, &form); err != nil || form.Value == nil {
		return err
	}
	var err error
	p.Value, err = plan.DecodeJSON(form.Value)
	return err
}

// UnmarshalJSON refuses what a newer program wrote in another format. What it
// only added is passed over.
func (a *Asked) UnmarshalJSON(b []byte) error {
	var head struct {
		Format  int    `json:"format"`
		Version string `json:"version"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return err
	}
	if head.Format > Format {
		return fmt.Errorf("it is of format %d, written by runbook %s, and this runbook knows formats up to %d: use that one, or a newer one", head.Format, head.Version, Format)
	}
	if head.Format < 1 {
		return fmt.Errorf("it has no format version, want 1 to %d", Format)
	}
	type plain Asked
	return json.Unmarshal(b, (*plain)(a))
}

// complete fills in what every run has.
func (a *Asked) complete(id uuid.UUID) {
	self := lock.Self("", id.String())
	a.Format, a.Run = Format, id
	if a.StartedAt.IsZero() {
		a.StartedAt = self.Since
	}
	if a.User == "" {
		a.UID = os.Getuid()
		a.User = userName(a.UID)
	}
	if a.Host == "" {
		a.Host = self.Host
	}
	if a.PID == 0 {
		a.PID, a.Boot, a.Process = self.PID, self.Boot, self.Started
	}
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(uid) // in a container users have no names
}
