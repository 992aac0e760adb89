package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const alertToken = "s3cr3t-0f-the-alerts"

// alertmanager takes silences from whoever has the token.
type alertmanager struct {
	*recorder
	silenced bool
	length   time.Duration
}

func startAlertmanager(t *testing.T) *alertmanager {
	a := &alertmanager{}
	a.recorder = startRecorder(t, a.answer)
	return a
}

func (a *alertmanager) answer(rw http.ResponseWriter, r *http.Request, body string) string {
	if r.Header.Get("Authorization") != "Bearer "+alertToken {
		http.Error(rw, "who are you?", http.StatusUnauthorized)
		return "refused"
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /api/v2/silences":
		var in struct {
			Matchers []struct{ Name, Value string }
			StartsAt time.Time
			EndsAt   time.Time
			Comment  string
		}
		if err := json.Unmarshal([]byte(body), &in); err != nil || len(in.Matchers) != 1 || len(in.Comment) != 36 {
			http.Error(rw, fmt.Sprintf("%v: %s", err, body), http.StatusBadRequest)
			return "malformed"
		}
		a.silenced, a.length = true, in.EndsAt.Sub(in.StartsAt)
		fmt.Fprint(rw, `{"silenceID": "5a1ad0-7"}`)
		return "silence " + in.Matchers[0].Name + "=" + in.Matchers[0].Value
	case "DELETE /api/v2/silence/5a1ad0-7":
		a.silenced = false
		return "end"
	}
	http.NotFound(rw, r)
	return "unknown " + r.Method + " " + r.URL.Path
}

func TestMaintenanceWindow(t *testing.T) {
	needs(t, "bash", "curl", "date")
	tests := map[string]struct {
		token string
		work  string // how vacuumdb ends
		exit  int
		want  []string
		says  string
	}{
		"silence, work, end":            {alertToken, "exit 0", 0, []string{"silence instance=db1", "end"}, "vacuumdb --all --analyze --host=db1"},
		"ended when the work fails":     {alertToken, "exit 3", 1, []string{"silence instance=db1", "end"}, ""},
		"no work without the silence":   {"of-someone-else", "exit 0", 1, []string{"refused"}, ""},
		"no run with a token too short": {"x9-z7", "exit 0", 1, nil, `secret "token" has 5 bytes`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := stage(t, "maintenance-window")
			a := startAlertmanager(t)
			// The work sees whether it is silenced, and could leak what curl got.
			w.inFront("vacuumdb", fmt.Sprintf("echo vacuumdb \"$@\"; echo done >>%s; %s", w.path("worked"), tt.work))
			w.set("ALERTMANAGER_TOKEN", tt.token)
			out, code := w.runbook("apply", w.dir+"/runbook.yaml", "-p", "host=db1", "-p", "work=vacuum", "-p", "hours=3",
				"-p", "alertmanager="+a.url, "--sink=console", "--sink=jsonl="+w.path("events.jsonl"))
			if code != tt.exit {
				t.Fatalf("exit code %d, want %d\n%s", code, tt.exit, out)
			}
			wantContains(t, out, tt.says)
			wantList(t, "alertmanager was told", a.seen(), tt.want...)
			if a.silenced {
				t.Error("still silenced")
			}
			if worked := exists(w.path("worked")); worked != (len(tt.want) == 2) {
				t.Errorf("worked is %v", worked)
			}
			if len(tt.want) == 2 && a.length != 3*time.Hour {
				t.Errorf("silenced for %v, want 3h", a.length)
			}
			if strings.Contains(out, tt.token) {
				t.Errorf("the run told the token:\n%s", out)
			}
			w.wantNowhere(alertToken)
		})
	}
}
