package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const (
	oldPassword = "correct-horse-battery"
	newPassword = "staple 'n \"quote\" \\ 42"
)

// rdsInstance is one database instance behind the RDS query API. What it is told
// takes effect a few questions later, as with the real one.
type rdsInstance struct {
	*recorder
	password  string
	pending   int // questions until the new password holds
	snapshot  bool
	copying   int    // questions until the snapshot is available
	copyEnds  string // its last status
	pagerBody string
}

func startRDS(t *testing.T) *rdsInstance {
	db := &rdsInstance{password: oldPassword, copying: 2, copyEnds: "available"}
	db.recorder = startRecorder(t, db.answer)
	return db
}

func (db *rdsInstance) answer(rw http.ResponseWriter, r *http.Request, body string) string {
	switch r.URL.Path {
	case "/page":
		db.pagerBody = body
		return "page"
	case "/login": // what a reader does when it starts
		if body != db.password {
			rw.WriteHeader(http.StatusForbidden)
		}
		return ""
	}
	form := parseForm(body)
	reply := func(content string) {
		rw.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(rw, `<%[1]sResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`,
			form.Get("Action"), content)
	}
	switch action := form.Get("Action"); action {
	case "DescribeDBSnapshots":
		list := ""
		if db.snapshot {
			status := "creating"
			if db.copying--; db.copying <= 0 {
				status = db.copyEnds
			}
			list = fmt.Sprintf(`<DBSnapshot><DBSnapshotIdentifier>orders-before</DBSnapshotIdentifier><Status>%s</Status></DBSnapshot>`, status)
		}
		reply("<DBSnapshots>" + list + "</DBSnapshots>")
		return ""
	case "CreateDBSnapshot":
		db.snapshot = true
		reply("<DBSnapshot></DBSnapshot>")
		return "snapshot " + form.Get("DBSnapshotIdentifier") + " of " + form.Get("DBInstanceIdentifier")
	case "ModifyDBInstance":
		db.password = form.Get("MasterUserPassword")
		db.pending = 2
		reply("<DBInstance></DBInstance>")
		if form.Get("ApplyImmediately") != "true" {
			return "modify at the next maintenance window"
		}
		return "modify " + form.Get("DBInstanceIdentifier")
	case "DescribeDBInstances":
		pending := ""
		if db.pending--; db.pending > 0 {
			pending = "<MasterUserPassword>****</MasterUserPassword>"
		}
		reply("<DBInstances><DBInstance><DBInstanceStatus>available</DBInstanceStatus><PendingModifiedValues>" +
			pending + "</PendingModifiedValues></DBInstance></DBInstances>")
		return ""
	default:
		http.Error(rw, "no such action here: "+action, http.StatusBadRequest)
		return "unknown " + action
	}
}

// rotation has a Vault with both passwords and a cluster with two readers, both
// small programs that keep their state in files.
func rotation(t *testing.T) (w *world, db *rdsInstance) {
	w = stage(t, "rds-credentials")
	db = startRDS(t)
	w.useAWS(db.url)
	w.set("VAULT", w.mkdir("vault"), "CLUSTER", w.mkdir("cluster"), "PAGER_URL", db.url+"/page")
	writeFile(t, w.path("vault", "db/production/current"), oldPassword)
	writeFile(t, w.path("vault", "db/production/next"), newPassword)
	w.inFront("vault", `
case $* in
  "kv get -format=json "*) jq -Rs '{data: {data: {password: .}}}' "$VAULT/$4" ;;
  "kv put "*" -") jq -j .password >"$VAULT/$3" ;;
  *) echo "vault: $*" >&2; exit 2 ;;
esac`)
	w.inFront("kubectl", `
case $* in
  "auth can-i patch deployments") test ! -e "$CLUSTER/forbidden" ;;
  "rollout restart deploy/"*)
    cp "$VAULT/db/production/current" "$CLUSTER/${3#deploy/}.password"
    echo "${3#deploy/}" >>"$CLUSTER/restarts" ;;
  "rollout status deploy/"*)
    test ! -e "$CLUSTER/${3#deploy/}.broken" &&
      curl -fsS --data-binary "@$CLUSTER/${3#deploy/}.password" "$AWS_ENDPOINT_URL/login" ;;
  *) echo "kubectl: $*" >&2; exit 2 ;;
esac`)
	return w, db
}

func (w *world) rotate(wantExit int, more ...string) string {
	w.t.Helper()
	args := append([]string{"-p", "environment=production", "-p", "db=orders",
		"-p", "readers=[api, worker]", "-p", "poll=10ms", "--sink=console", "--sink=jsonl=" + w.path("events.jsonl")}, more...)
	out := w.apply("runbook.yaml", wantExit, args...)
	for _, secret := range []string{oldPassword, newPassword, asJSON(w.t, newPassword)} {
		if strings.Contains(out, strings.Trim(secret, `"`)) {
			w.t.Errorf("the run told a password:\n%s", out)
		}
		w.wantNowhere(strings.Trim(secret, `"`), w.path("vault"), w.path("cluster"))
	}
	return out
}

func (db *rdsInstance) wantPassword(t *testing.T, w *world, want string) {
	t.Helper()
	var got string
	db.change(func() { got = db.password })
	if got != want {
		t.Errorf("the database has the password %q, want %q", got, want)
	}
	if got := readFile(t, w.path("vault", "db/production/current")); got != want {
		t.Errorf("Vault has the password %q, want %q", got, want)
	}
}

func TestRDSCredentials(t *testing.T) {
	needs(t, "bash", "aws", "curl", "jq")
	t.Run("gives database, vault and readers the new password", func(t *testing.T) {
		t.Parallel()
		w, db := rotation(t)
		w.rotate(0, "--approve=modify")
		db.wantPassword(t, w, newPassword)
		wantList(t, "RDS was told", db.seen(), "snapshot orders-before of orders", "modify orders")
		wantList(t, "restarts", linesOf(t, w.path("cluster", "restarts")), "api", "worker")
	})

	t.Run("pauses until someone approves", func(t *testing.T) {
		t.Parallel()
		w, db := rotation(t)
		db.change(func() { db.snapshot = true }) // made by a run before this one
		wantContains(t, w.rotate(4), "Change the master password of orders in production?")
		db.wantPassword(t, w, oldPassword)
		wantList(t, "RDS was told", db.seen())
		wantList(t, "restarts", linesOf(t, w.path("cluster", "restarts")))
	})

	t.Run("puts the old password back when a reader does not start", func(t *testing.T) {
		t.Parallel()
		w, db := rotation(t)
		db.change(func() { db.snapshot = true })
		writeFile(t, w.path("cluster", "worker.broken"), "")
		w.rotate(1, "--approve-all")
		db.wantPassword(t, w, oldPassword)
		wantList(t, "RDS was told", db.seen(), "modify orders", "modify orders", "page")
		wantList(t, "restarts", linesOf(t, w.path("cluster", "restarts")), "api", "worker", "api", "worker")
		if got := readFile(t, w.path("cluster", "api.password")); got != oldPassword {
			t.Errorf("api was last started with %q", got)
		}
		var page struct{ Summary, Run string }
		var body string
		db.change(func() { body = db.pagerBody })
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		if page.Summary != "rotate-db-credentials failed in running[worker]" || len(page.Run) != 36 {
			t.Errorf("the page says %+v", page)
		}
	})

	t.Run("does not wait for a snapshot that failed", func(t *testing.T) {
		t.Parallel()
		w, db := rotation(t)
		db.change(func() { db.copyEnds = "failed" })
		w.rotate(1, "--approve-all")
		db.wantPassword(t, w, oldPassword)
		wantList(t, "RDS was told", db.seen(), "snapshot orders-before of orders", "page")
		wantList(t, "restarts", linesOf(t, w.path("cluster", "restarts")))
	})

	t.Run("asks first whether it may", func(t *testing.T) {
		t.Parallel()
		w, db := rotation(t)
		writeFile(t, w.path("cluster", "forbidden"), "")
		wantContains(t, w.rotate(1, "--approve-all"), "your kubectl context may not restart deployments")
		if got := db.seen(); len(got) > 1 || len(got) == 1 && got[0] != "page" {
			t.Errorf("RDS was told %q", got)
		}
	})

	t.Run("refuses a name that is none", func(t *testing.T) {
		t.Parallel()
		w, db := rotation(t)
		out := w.apply("runbook.yaml", 3, "-p", "environment=prod", "-p", "db=$(reboot)", "-p", "readers=[]")
		wantContains(t, out, `"environment"`, `"db"`, `"readers"`)
		if strings.Contains(out, "reboot") {
			t.Errorf("a value is told:\n%s", out)
		}
		wantList(t, "RDS was told", db.seen())
	})
}
