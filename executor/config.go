package executor

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/cloudops-run/runbook/executor/event"
)

// Config are the settings of an engine. Start from [DefaultConfig]: the zero
// Config is not valid.
type Config struct {
	DefaultTimeout          time.Duration // for a request that has none; above 0
	MaxTimeout              time.Duration // no request may ask for more; above 0
	StreamOutput            bool          // send stdout and stderr events; logs and results have the output either way
	LogDir                  string        // a folder that only its owner may write to, made if missing; empty: one of the user's own below the system's temporary folder
	MaxConcurrentExecutions int           // how many run at once over all requests and plans; more wait as Pending; above 0
	LockDir                 string        // where named locks are kept; runs that share it exclude each other; empty: beside the logs
	StateDir                string        // where runs of compiled runbooks are kept, so that they can be looked at and resumed; a folder that only its owner can enter, made if missing; empty: nowhere
	Durability              Durability    // of what is kept there; empty: grouped
	MaxRetained             int           // how many that have ended are remembered, the newest; 0: DefaultMaxRetained
}

// Durability says when a record of a run must be on the disk, and not only with
// the system, which survives the end of this program but not that of the
// machine.
type Durability string

const (
	Grouped Durability = "grouped" // within 100 ms; before a step with the effect destroy starts, and with approvals and the end of a run, at once
	Strict  Durability = "strict"  // every record, before anything follows from it
)

// DefaultMaxRetained is how many ended executions an engine remembers where its
// Config does not say.
const DefaultMaxRetained = 200_000

// DefaultConfig has a timeout of 10 minutes, of 24 hours at most, streams
// output, logs to a folder of the user's own, and runs 10 executions at a time.
func DefaultConfig() Config {
	return Config{
		DefaultTimeout:          10 * time.Minute,
		MaxTimeout:              24 * time.Hour,
		StreamOutput:            true,
		MaxConcurrentExecutions: 10,
	}
}

// ConfigFromEnv is [DefaultConfig] with what these environment variables say:
// RUNBOOK_DEFAULT_TIMEOUT and RUNBOOK_MAX_TIMEOUT (durations such as 90s),
// RUNBOOK_STREAM_OUTPUT (true or false), RUNBOOK_LOG_DIR and
// RUNBOOK_LOCK_DIR, RUNBOOK_STATE_DIR, RUNBOOK_DURABILITY (grouped or strict),
// RUNBOOK_MAX_CONCURRENT_EXECUTIONS and RUNBOOK_MAX_RETAINED (whole numbers).
// The error names every variable that cannot be read.
func ConfigFromEnv() (Config, error) {
	c := DefaultConfig()
	var problems *multierror.Error
	read := func(name, want string, set func(string) error) {
		if v := os.Getenv(name); v != "" {
			if err := set(v); err != nil {
				problems = multierror.Append(problems, fmt.Errorf("%s is %q, want %s", name, v, want))
			}
		}
	}
	read("RUNBOOK_DEFAULT_TIMEOUT", "a duration such as 90s", durationInto(&c.DefaultTimeout))
	read("RUNBOOK_MAX_TIMEOUT", "a duration such as 24h", durationInto(&c.MaxTimeout))
	read("RUNBOOK_STREAM_OUTPUT", "true or false", func(v string) error {
		parsed, err := strconv.ParseBool(v)
		if err == nil {
			c.StreamOutput = parsed
		}
		return err
	})
	read("RUNBOOK_LOG_DIR", "a folder", func(v string) error { c.LogDir = v; return nil })
	read("RUNBOOK_LOCK_DIR", "a folder", func(v string) error { c.LockDir = v; return nil })
	read("RUNBOOK_STATE_DIR", "a folder", func(v string) error { c.StateDir = v; return nil })
	read("RUNBOOK_DURABILITY", "grouped or strict", func(v string) error { c.Durability = Durability(v); return nil })
	read("RUNBOOK_MAX_CONCURRENT_EXECUTIONS", "a whole number above 0", intInto(&c.MaxConcurrentExecutions))
	read("RUNBOOK_MAX_RETAINED", "a whole number", intInto(&c.MaxRetained))
	if err := c.Validate(); err != nil {
		problems = multierror.Append(problems, err)
	}
	return c, validationError("configuration", problems)
}

func durationInto(d *time.Duration) func(string) error {
	return func(v string) error {
		parsed, err := time.ParseDuration(v)
		if err == nil {
			*d = parsed
		}
		return err
	}
}

func intInto(n *int) func(string) error {
	return func(v string) error {
		parsed, err := strconv.Atoi(v)
		if err == nil {
			*n = parsed
		}
		return err
	}
}

// Validate returns every problem of c at once, as a [*ValidationError]; nil if
// there is none.
func (c Config) Validate() error {
	var problems *multierror.Error
	add := func(format string, args ...any) {
		problems = multierror.Append(problems, fmt.Errorf(format, args...))
	}
	if c.DefaultTimeout <= 0 {
		add("default timeout is %v, want more than 0", c.DefaultTimeout)
	}
	if c.MaxTimeout <= 0 {
		add("maximum timeout is %v, want more than 0", c.MaxTimeout)
	} else if c.DefaultTimeout > c.MaxTimeout {
		add("default timeout %v is above the maximum timeout %v", c.DefaultTimeout, c.MaxTimeout)
	}
	if c.MaxConcurrentExecutions <= 0 {
		add("%d executions at once, want 1 or more", c.MaxConcurrentExecutions)
	}
	switch c.Durability {
	case "", Grouped, Strict:
	default:
		add("durability %q, want grouped or strict", c.Durability)
	}
	if c.MaxRetained < 0 {
		add("%d executions to remember, want 0 or more", c.MaxRetained)
	}
	return validationError("configuration", problems)
}

// configJSON is the JSON form: snake case, durations as text.
type configJSON struct {
	DefaultTimeout          event.Duration `json:"default_timeout"`
	MaxTimeout              event.Duration `json:"max_timeout"`
	StreamOutput            bool           `json:"stream_output"`
	LogDir                  string         `json:"log_dir,omitempty"`
	LockDir                 string         `json:"lock_dir,omitempty"`
	StateDir                string         `json:"state_dir,omitempty"`
	Durability              Durability     `json:"durability,omitempty"`
	MaxConcurrentExecutions int            `json:"max_concurrent_executions"`
	MaxRetained             int            `json:"max_retained,omitempty"`
}

func (c Config) MarshalJSON() ([]byte, error) {
	return json.Marshal(configJSON{
		event.Duration(c.DefaultTimeout), event.Duration(c.MaxTimeout),
		c.StreamOutput, c.LogDir, c.LockDir, c.StateDir, c.Durability, c.MaxConcurrentExecutions, c.MaxRetained,
	})
}

// UnmarshalJSON changes only the fields that are there, so that decoding over
// [DefaultConfig] keeps the defaults of the others.
func (c *Config) UnmarshalJSON(b []byte) error {
	j := configJSON{
		event.Duration(c.DefaultTimeout), event.Duration(c.MaxTimeout),
		c.StreamOutput, c.LogDir, c.LockDir, c.StateDir, c.Durability, c.MaxConcurrentExecutions, c.MaxRetained,
	}
	if err := strictJSON(b, &j); err != nil {
		return err
	}
	*c = Config{
		DefaultTimeout: time.Duration(j.DefaultTimeout), MaxTimeout: time.Duration(j.MaxTimeout),
		StreamOutput: j.StreamOutput, LogDir: j.LogDir, LockDir: j.LockDir, StateDir: j.StateDir, Durability: j.Durability,
		MaxConcurrentExecutions: j.MaxConcurrentExecutions, MaxRetained: j.MaxRetained,
	}
	return nil
}
