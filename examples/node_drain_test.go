package examples_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// nodes is a cluster of workers, one folder each: a file cordoned, and one for
// each pod. Draining a node takes until another one is being drained too, which
// shows that it is two at a time and never three.
func nodes(t *testing.T, names ...string) *world {
	w := stage(t, "node-drain")
	w.set("CLUSTER", w.mkdir("cluster"))
	for _, name := range names {
		writeFile(t, w.path("cluster", name, "pods", name+"-shop-1"), "")
		writeFile(t, w.path("cluster", name, "pods", name+"-shop-2"), "")
	}
	w.inFront("kubectl", `
for last; do :; done
node() {
  unschedulable=false
  test -e "$CLUSTER/$1/cordoned" && unschedulable=true
  echo "{\"metadata\": {\"name\": \"$1\"}, \"spec\": {\"unschedulable\": $unschedulable}}"
}
case $* in
  "auth can-i create pods/eviction --all-namespaces") ;;
  "get nodes --output=json") for n in "$CLUSTER"/*/; do node "$(basename "$n")"; done | jq -s '{items: .}' ;;
  "get node "*) node "$3" ;;
  "drain "*)
    touch "$CLUSTER/$last/cordoned"
    echo "begin" >>"$CLUSTER/draining"
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      test "$(wc -l <"$CLUSTER/draining")" -gt 1 && break
      sleep 0.02
    done
    sleep 0.05
    echo "drain $last" >>"$CLUSTER/told"
    echo "end" >>"$CLUSTER/draining"
    if test -e "$CLUSTER/$last/budget"; then
      echo "Cannot evict pod as it would violate the pod's disruption budget." >&2
      exit 1
    fi
    rm "$CLUSTER/$last/pods/"* ;;
  "uncordon "*) rm "$CLUSTER/$2/cordoned"; echo "uncordon $2" >>"$CLUSTER/told" ;;
  *) echo "kubectl: $*" >&2; exit 2 ;;
esac`)
	return w
}

func (w *world) wantNode(name string, cordoned bool, pods int) {
	w.t.Helper()
	left, _ := filepath.Glob(w.path("cluster", name, "pods", "*"))
	if got := exists(w.path("cluster", name, "cordoned")); got != cordoned || len(left) != pods {
		w.t.Errorf("%s: cordoned %v with %d pods, want %v with %d", name, got, len(left), cordoned, pods)
	}
}

// mostAtOnce is how many were being drained at the same time.
func (w *world) mostAtOnce() int {
	now, most := 0, 0
	for _, line := range linesOf(w.t, w.path("cluster", "draining")) {
		if line == "begin" {
			now++
		} else {
			now--
		}
		most = max(most, now)
	}
	return most
}

func TestNodeDrain(t *testing.T) {
	needs(t, "bash", "jq")
	t.Run("two at a time", func(t *testing.T) {
		t.Parallel()
		w := nodes(t, "w1", "w2", "w3", "w4", "w5", "w6")
		writeFile(t, w.path("cluster", "w3", "cordoned"), "") // by a run before this one
		out := w.apply("runbook.yaml", 0, "-p", "nodes=[w1, w2, w3, w4, w5]")
		for _, name := range []string{"w1", "w2", "w4", "w5"} {
			w.wantNode(name, true, 0)
			wantContains(t, out, name+"\tdrained")
		}
		w.wantNode("w3", true, 2)
		w.wantNode("w6", false, 2)
		wantContains(t, out, "w3\twas drained before")
		if got := w.mostAtOnce(); got != 2 {
			t.Errorf("%d were drained at once, want 2", got)
		}
	})

	t.Run("gives one back that will not drain", func(t *testing.T) {
		t.Parallel()
		w := nodes(t, "w1", "w2", "w3", "w4")
		writeFile(t, w.path("cluster", "w2", "budget"), "")
		out := w.apply("runbook.yaml", 0, "-p", "nodes=[w1, w2, w3]")
		w.wantNode("w1", true, 0)
		w.wantNode("w2", false, 2)
		w.wantNode("w3", true, 0)
		wantContains(t, out, "w2\tNOT DRAINED")
	})

	t.Run("ends at the second one, and all take work again", func(t *testing.T) {
		t.Parallel()
		w := nodes(t, "w1", "w2", "w3", "w4", "w5")
		writeFile(t, w.path("cluster", "w1", "budget"), "")
		writeFile(t, w.path("cluster", "w2", "budget"), "")
		w.apply("runbook.yaml", 1, "-p", "nodes=[w1, w2, w3, w4, w5]")
		for _, name := range []string{"w1", "w2", "w3", "w4", "w5"} {
			if exists(w.path("cluster", name, "cordoned")) {
				t.Errorf("%s is still cordoned", name)
			}
		}
		w.wantNode("w5", false, 2) // nobody came that far
		told := linesOf(t, w.path("cluster", "told"))
		drained := slices.DeleteFunc(slices.Clone(told), func(l string) bool { return !strings.HasPrefix(l, "drain ") })
		if len(told) != 2*len(drained) || len(drained) < 2 || len(drained) > 3 {
			t.Errorf("want two or three drains, each undone: %q", told)
		}
	})

	t.Run("refuses before it begins", func(t *testing.T) {
		t.Parallel()
		for i, tt := range []struct {
			nodes string
			exit  int
			says  string
		}{
			{"[w1, w9]", 1, "inventory"},
			{"[w1]", 1, "only 2 nodes take work"},
			{"[w1, w1]", 3, `"nodes"`},
			{"[--all]", 3, `"nodes"`},
		} {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				w := nodes(t, "w1", "w2")
				wantContains(t, w.apply("runbook.yaml", tt.exit, "-p", "nodes="+tt.nodes), tt.says)
				wantList(t, "kubectl was told", linesOf(t, w.path("cluster", "told")))
			})
		}
	})
}
