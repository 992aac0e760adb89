package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The recipes of docs/cookbook.md.

func TestCookbookRetry(t *testing.T) {
	t.Parallel()
	needs(t, "curl")
	answers := func(codes ...int) (*world, *recorder) {
		rec := startRecorder(t, func(rw http.ResponseWriter, _ *http.Request, _ string) string {
			code := codes[0]
			if len(codes) > 1 {
				codes = codes[1:]
			}
			rw.WriteHeader(code)
			fmt.Fprint(rw, "the file")
			return fmt.Sprint(code)
		})
		return stage(t, "cookbook"), rec
	}
	w, rec := answers(503, 500, 200)
	w.apply("retry.yaml", 0, "-p", "url="+rec.url, "-p", "to="+w.path("file"))
	wantList(t, "answers", rec.seen(), "503", "500", "200")
	if got := readFile(t, w.path("file")); got != "the file" {
		t.Errorf("downloaded %q", got)
	}
	w, rec = answers(404)
	w.apply("retry.yaml", 1, "-p", "url="+rec.url, "-p", "to="+w.path("file"))
	wantList(t, "answers", rec.seen(), "404") // once: trying again cannot help
}

func TestCookbookWait(t *testing.T) {
	t.Parallel()
	needs(t, "curl")
	for _, tt := range []struct {
		states []string
		exit   int
	}{
		{[]string{"queued", "running", "done"}, 0},
		{[]string{"queued", "broken", "done"}, 1},
	} {
		var asked int
		rec := startRecorder(t, func(rw http.ResponseWriter, r *http.Request, _ string) string {
			if r.Method == http.MethodPost {
				fmt.Fprint(rw, `{"id": 2000000}`)
				return "start"
			}
			fmt.Fprintf(rw, `{"state": %q}`, tt.states[asked])
			asked++
			return r.URL.Path
		})
		w := stage(t, "cookbook")
		w.apply("wait.yaml", tt.exit, "-p", "api="+rec.url, "-p", "poll=10ms")
		want := append([]string{"start"}, slices.Repeat([]string{"/exports/2000000"}, 3-tt.exit)...)
		wantList(t, "asked", rec.seen(), want...)
	}
}

func TestCookbookLoop(t *testing.T) {
	t.Parallel()
	w := stage(t, "cookbook")
	// Each update waits a moment for a second one, so that two at a time are seen.
	w.inFront("ssh", `
case $* in
  *"apt-get upgrade --yes")
    echo begin >>log
    for i in 1 2 3 4 5 6 7 8 9 10; do test "$(wc -l <log)" -gt 1 && break; sleep 0.02; done
    sleep 0.05
    echo end >>log
    case $1 in bad*) exit 100 ;; esac
    echo "$1" >>updated ;;
  *"touch /var/run/needs-update") echo "$1" >>behind ;;
  *) exit 2 ;;
esac`)
	w.apply("loop.yaml", 0, "-p", "hosts=[h1, bad1, h2, h3]")
	updated := linesOf(t, filepath.Join(w.dir, "updated"))
	slices.Sort(updated)
	wantList(t, "updated", updated, "h1", "h2", "h3")
	wantList(t, "behind", linesOf(t, filepath.Join(w.dir, "behind")), "bad1")
	now, most := 0, 0
	for _, line := range linesOf(t, filepath.Join(w.dir, "log")) {
		if now++; line == "end" {
			now -= 2
		}
		most = max(most, now)
	}
	if most != 2 {
		t.Errorf("%d at a time, want 2", most)
	}
	w.apply("loop.yaml", 1, "-p", "hosts=[bad1, bad2, bad3, bad4, h4]")
	if slices.Contains(linesOf(t, filepath.Join(w.dir, "updated")), "h4") {
		t.Error("went on after the second failure")
	}
}

func TestCookbookMatrix(t *testing.T) {
	t.Parallel()
	needs(t, "curl")
	rec := startRecorder(t, func(rw http.ResponseWriter, r *http.Request, _ string) string {
		if strings.HasPrefix(r.URL.Path, "/us-east-1/search") {
			rw.WriteHeader(http.StatusBadGateway)
		}
		return r.URL.Path
	})
	w := stage(t, "cookbook")
	wantContains(t, w.apply("matrix.yaml", 1, "-p", "base="+rec.url), "ask[search@us-east-1]")
	seen := rec.seen()
	slices.Sort(seen)
	wantList(t, "asked", seen, "/eu-west-1/search/healthz", "/eu-west-1/shop/healthz", "/us-east-1/search/healthz", "/us-east-1/shop/healthz")
}

func TestCookbookOutputs(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "sha256sum", "wc")
	w := stage(t, "cookbook")
	writeFile(t, w.path("a file"), "hello\n")
	w.apply("outputs.yaml", 0, "-p", "artifact="+w.path("a file"), "-p", "manifest="+w.path("manifest"))
	if got, want := readFile(t, w.path("manifest")), "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 6\n"; got != want {
		t.Errorf("the manifest is %q, want %q", got, want)
	}
}

func TestCookbookJSON(t *testing.T) {
	t.Parallel()
	needs(t, "curl")
	var got struct {
		Text string
		Tags []string
		Run  string
	}
	rec := startRecorder(t, func(rw http.ResponseWriter, r *http.Request, body string) string {
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			rw.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprint(rw, `{"ticket": 9007199254740}`)
		return r.Header.Get("Content-Type")
	})
	w := stage(t, "cookbook")
	hostile := "it's \"5 < 6\"; $(reboot) `id`\n${{ x }} \\ ünï"
	out := w.apply("json.yaml", 0, "-p", "hook="+rec.url, "-p", "text="+hostile, "-p", `tags=["a b", c]`)
	wantList(t, "requests", rec.seen(), "application/json")
	if got.Text != hostile || !slices.Equal(got.Tags, []string{"a b", "c"}) || len(got.Run) != 36 {
		t.Errorf("the hook got %+v", got)
	}
	wantContains(t, out, "ticket 9007199254740\n")
}

func TestCookbookSecret(t *testing.T) {
	t.Parallel()
	w := stage(t, "cookbook")
	const password = "hunter2-hunter2"
	w.inFront("vault", `test "$*" = "kv get -format=json db/shop" && echo '{"data": {"data": {"password": "`+password+`"}}}'`)
	w.inFront("pg_dump", `test "$PGPASSWORD" = `+password+` && echo "connected as $PGPASSWORD" && : >"${2#--file=}"`)
	out := w.apply("secret.yaml", 0, "-p", "database=shop", "-p", "into="+w.path("dump"), "--sink=console", "--sink=jsonl="+w.path("events"))
	wantContains(t, out, "connected as ***")
	if strings.Contains(out, password) || !exists(w.path("dump")) {
		t.Errorf("the password was told, or nothing was dumped:\n%s", out)
	}
	w.wantNowhere(password, w.path("bin"))
}

func TestCookbookApprove(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "tar", "gzip")
	w := stage(t, "cookbook")
	w.set("CI", "true")
	args := []string{"-p", "version=1.4.0", "-p", "shelf=" + w.path("shelf")}
	where := func(staged, published bool) {
		t.Helper()
		if got := exists(w.path("shelf/staged/app-1.4.0.tar.gz")); got != staged {
			t.Errorf("staged is %v, want %v", got, staged)
		}
		if got := exists(w.path("shelf/app-1.4.0.tar.gz")); got != published {
			t.Errorf("published is %v, want %v", got, published)
		}
	}
	wantContains(t, w.apply("approve.yaml", 4, args...), "Publish 1.4.0?")
	where(true, false)
	w.apply("approve.yaml", 1, append(args, "--reject=publish")...)
	where(true, false)
	w.apply("approve.yaml", 0, append(args, "--approve=publish")...)
	where(false, true)
}

func TestCookbookCleanUp(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "grep", "find")
	w := stage(t, "cookbook")
	writeFile(t, w.path("source/a"), "TODO\n")
	writeFile(t, w.path("source/b"), "\n")
	w.apply("clean-up.yaml", 0, "-p", "source="+w.path("source"))
	w.apply("clean-up.yaml", 1, "-p", "source="+w.path("source"), "-p", "check=full") // it finds the TODO
	if copies, _ := filepath.Glob(w.path("source.*")); len(copies) > 0 {
		t.Errorf("%q were left", copies)
	}
	if !exists(w.path("source/a")) {
		t.Error("the source is gone")
	}
}

func TestCookbookUndo(t *testing.T) {
	t.Parallel()
	needs(t, "grep", "awk")
	w := stage(t, "cookbook")
	conf, before := w.path("etc/app.conf"), w.path("etc/app.conf.before")
	writeFile(t, conf, "name=app\nport=80\n")
	w.apply("undo.yaml", 0, "-p", "etc="+w.path("etc"), "-p", "port=8080")
	if got := readFile(t, conf); got != "name=app\nport=8080\n" || !exists(before) {
		t.Errorf("changed to %q; backup: %v", got, exists(before))
	}
	writeFile(t, conf, "name=app\nport = 80\n")
	w.apply("undo.yaml", 1, "-p", "etc="+w.path("etc"), "-p", "port=8080")
	if got := readFile(t, conf); got != "name=app\nport = 80\n" || exists(before) {
		t.Errorf("undone to %q; backup left: %v", got, exists(before))
	}
}

func TestCookbookLock(t *testing.T) {
	t.Parallel()
	needs(t, "bash")
	w := stage(t, "cookbook")
	log := w.path("log")
	w.set("DEPLOY_LOG", log)
	writeFile(t, log+".hold-shop", "")
	first := make(chan string, 1)
	go func() {
		out, code := w.runbook("apply", filepath.Join(w.dir, "lock.yaml"), "-p", "service=shop")
		first <- fmt.Sprint(code, out)
	}()
	eventually(t, "the first to deploy", func() bool { return exists(log) })
	out, code := w.runbook("apply", filepath.Join(w.dir, "lock.yaml"), "-p", "service=shop")
	if code != 5 || !strings.Contains(out, "deploy-shop") || !strings.Contains(out, "pid") {
		t.Errorf("the second ended with %d and does not say who is in the way:\n%s", code, out)
	}
	w.apply("lock.yaml", 0, "-p", "service=search") // another lock
	third := make(chan string, 1)
	go func() {
		out, code := w.runbook("apply", filepath.Join(w.dir, "lock.yaml"), "-p", "service=shop", "-p", "wait=1m")
		third <- fmt.Sprint(code, out)
	}()
	if err := os.Remove(log + ".hold-shop"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []chan string{first, third} {
		if out := <-c; !strings.HasPrefix(out, "0") {
			t.Errorf("exit code and output: %s", out)
		}
	}
	wantList(t, "deploys", linesOf(t, log), "begin shop", "begin search", "end search", "end shop", "begin shop", "end shop")
}

func TestCookbookSkip(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "ssh-keygen", "seq", "wc")
	w := stage(t, "cookbook")
	home := w.mkdir("app")
	args := []string{"-p", "home=" + home, "-p", "replicas=3"}
	w.apply("skip.yaml", 0, args...)
	key, list := readFile(t, w.path("app/id_ed25519")), w.path("app/replicas")
	wantList(t, "replicas", linesOf(t, list), "replica-1", "replica-2", "replica-3")
	writeFile(t, list, "own\norder\nof mine\n") // three lines: nothing to do
	w.apply("skip.yaml", 0, args...)
	wantList(t, "replicas", linesOf(t, list), "own", "order", "of mine")
	w.apply("skip.yaml", 0, "-p", "home="+home, "-p", "replicas=2")
	wantList(t, "replicas", linesOf(t, list), "replica-1", "replica-2")
	w.apply("skip.yaml", 0, "-p", "home="+home) // one: not wanted
	wantList(t, "replicas", linesOf(t, list), "replica-1", "replica-2")
	if readFile(t, w.path("app/id_ed25519")) != key {
		t.Error("the key was made anew")
	}
}
