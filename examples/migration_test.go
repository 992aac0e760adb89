package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// docs/migration.md promises that its Makefile and its runbook do the same.
func TestMigration(t *testing.T) {
	needs(t, "bash", "make", "aws", "curl", "flock")
	jobs := map[string]func(w *world, volume string) (string, int){
		"make": func(w *world, volume string) (string, int) {
			w.inFront("yes-make", `yes y | make -C "$1" backup "VOLUME=$2" UNIT=shop.service POLL=0.01`)
			return w.run(w.tmp, "yes-make", w.dir, volume)
		},
		"runbook": func(w *world, volume string) (string, int) {
			return w.runbook("apply", w.dir+"/runbook.yaml", "-p", "volume="+volume, "-p", "poll=10ms", "--approve=stop")
		},
	}
	cases := map[string]struct {
		volume string
		states []string // of the snapshot, one a question; empty: it cannot be made
		fails  bool
		want   []string
	}{
		"complete":        {"vol-0a1b", []string{"pending", "pending", "completed"}, false, []string{"stop shop.service", "snapshot vol-0a1b", "start shop.service"}},
		"snapshot fails":  {"vol-0a1b", []string{"pending", "error", "completed"}, true, []string{"stop shop.service", "snapshot vol-0a1b", "start shop.service"}},
		"cannot be made":  {"vol-0a1b", nil, true, []string{"stop shop.service", "start shop.service"}},
		"no such volume":  {"shop; reboot", nil, true, nil},
		"not even a name": {"", nil, true, nil},
	}
	for name, tt := range cases {
		for by, job := range jobs {
			t.Run(name+" with "+by, func(t *testing.T) {
				t.Parallel()
				w := stage(t, "../docs/migration")
				states := tt.states
				told := startRecorder(t, func(rw http.ResponseWriter, r *http.Request, body string) string {
					if unit, ok := strings.CutPrefix(r.URL.Path, "/systemctl/"); ok {
						return unit
					}
					form := parseForm(body)
					rw.Header().Set("Content-Type", "text/xml")
					if len(states) == 0 {
						rw.WriteHeader(http.StatusBadRequest)
						fmt.Fprint(rw, `<Response><Errors><Error><Code>SnapshotLimitExceeded</Code><Message>no more</Message></Error></Errors><RequestID>1</RequestID></Response>`)
						return ""
					}
					if form.Get("Action") == "CreateSnapshot" {
						fmt.Fprint(rw, `<CreateSnapshotResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><snapshotId>snap-1</snapshotId></CreateSnapshotResponse>`)
						return "snapshot " + form.Get("VolumeId")
					}
					fmt.Fprintf(rw, `<DescribeSnapshotsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><snapshotSet><item>`+
						`<snapshotId>%s</snapshotId><status>%s</status></item></snapshotSet></DescribeSnapshotsResponse>`, form.Get("SnapshotId.1"), states[0])
					states = states[1:]
					return ""
				})
				w.useAWS(told.url)
				w.set("AWS_REGION", "eu-west-1", "AWS_DEFAULT_REGION", "eu-west-1")
				w.inFront("systemctl", fmt.Sprintf(`exec curl -fsS --url "%s/systemctl/$1%%20$2"`, told.url))
				out, code := job(w, tt.volume)
				if (code != 0) != tt.fails {
					t.Errorf("exit code %d\n%s", code, out)
				}
				wantList(t, "told", told.seen(), tt.want...)
			})
		}
	}
}
