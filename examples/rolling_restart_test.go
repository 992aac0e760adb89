package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// units is a systemd of two services: each restart gives a unit the next process
// number, and for two questions afterwards it is not there yet. A unit in stuck
// keeps its old process, as one does that ignores its stop signal.
func units(t *testing.T, stuck, sick string) (w *world, told *recorder) {
	w = stage(t, "rolling-restart")
	pids := map[string]int{"shop-api.service": 100, "shop-worker.service": 200}
	starting := map[string]int{}
	told = startRecorder(t, func(rw http.ResponseWriter, r *http.Request, _ string) string {
		verb, unit, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch verb {
		case "show":
			fmt.Fprintln(rw, pids[unit])
		case "restart":
			if unit != stuck {
				pids[unit]++
				starting[unit] = 2
			}
			return "restart " + unit
		case "shop-api.service", "shop-worker.service": // /UNIT/healthz
			if starting[verb]--; starting[verb] > 0 || verb == sick {
				http.Error(rw, "not yet", http.StatusServiceUnavailable)
			}
		}
		return ""
	})
	w.inFront("systemctl", fmt.Sprintf(`for last; do :; done; exec curl -fsS "%s/$1/$last"`, told.url))
	return w, told
}

func (w *world) restart(told *recorder, wantExit int) string {
	w.t.Helper()
	return w.apply("runbook.yaml", wantExit, "-p", "api_url="+told.url+"/shop-api.service", "-p", "worker_url="+told.url+"/shop-worker.service")
}

func TestRollingRestart(t *testing.T) {
	needs(t, "bash", "curl")
	t.Run("one after the other", func(t *testing.T) {
		t.Parallel()
		w, told := units(t, "", "")
		out := w.restart(told, 0)
		wantList(t, "systemd was told", told.seen(), "restart shop-api.service", "restart shop-worker.service")
		wantContains(t, out, "shop-api: process 100 is now 101", "shop-worker: process 200 is now 201")
	})
	t.Run("the worker stays as it is when the api is not well", func(t *testing.T) {
		t.Parallel()
		w, told := units(t, "", "shop-api.service")
		wantContains(t, w.restart(told, 1), "api/well")
		wantList(t, "systemd was told", told.seen(), "restart shop-api.service")
	})
	t.Run("a process that is still the old one", func(t *testing.T) {
		t.Parallel()
		w, told := units(t, "shop-worker.service", "")
		wantContains(t, w.restart(told, 1), "worker/after")
		wantList(t, "systemd was told", told.seen(), "restart shop-api.service", "restart shop-worker.service")
	})
	t.Run("the part alone", func(t *testing.T) {
		t.Parallel()
		w, told := units(t, "", "")
		w.apply("restart.yaml", 0, "-p", "unit=shop-api.service", "-p", "url="+told.url+"/shop-api.service")
		wantList(t, "systemd was told", told.seen(), "restart shop-api.service")
		w.apply("restart.yaml", 3, "-p", "unit=--all", "-p", "url="+told.url)
	})
}
