package run

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// happened is what a resumed run did about a step.
type happened struct {
	reset   bool // it, not only what it is inside of
	within  bool // something that it is inside of
	why     string
	started bool
	kept    bool
	marked  bool
	ended   bool
}

// checkExplained compares what was told beforehand with what then happened.
func checkExplained(t rapid.TB, s *scenario, sim *simulation, told []Decision) {
	did := map[string]*happened{}
	for _, d := range told {
		if did[d.StepID] != nil {
			t.Fatalf("%s is told twice", d.StepID)
		}
		did[d.StepID] = &happened{}
	}
	for id, f := range factsOf(s.resumed.journal) {
		if f.state != "" && did[id] == nil && !needsUndone(s.plan, s.resumed.journal, id) {
			t.Fatalf("%s, which had an attempt, is not told", id)
		}
	}
	for _, e := range sim.events() {
		if e.Phase != event.Main {
			continue
		}
		if e.Type == event.Reset {
			for id, h := range did {
				h.within = h.within || plan.Inside(id, e.StepID)
			}
		}
		h := did[e.StepID]
		if h == nil {
			continue
		}
		switch e.Type {
		case event.Reset:
			h.reset, h.why = true, e.Message
		case event.Started:
			h.started = true
		case event.Completed:
			h.marked = h.marked || e.Reason == event.ReasonMarkedDone && e.By == "someone" && slices.ContainsFunc(s.resumed.mark, func(id string) bool { return id == e.StepID || id == plainOf(e.StepID) })
			h.kept = h.kept || e.Kept && !h.marked
		}
		h.ended = h.ended || ends(e.Type)
	}
	certain := true
	for _, d := range told {
		h := did[d.StepID]
		certain = certain && d.Do != Decide && d.Do != Later
		wrong := ""
		switch d.Do {
		case Keep:
			if (h.reset || h.started) && (!d.Asks || !strings.HasPrefix(h.why, "unless")) && !h.within {
				wrong = "was run"
			}
		case Rerun:
			if h.started && !h.reset && !h.within || h.marked {
				wrong = "was not reset"
			}
		case Run:
			if h.reset && !h.within || h.marked {
				wrong = "was reset or marked"
			}
		case Mark: // it counts as done, as what is completed does: what it is inside of may be run again
			if (h.started || h.reset) && !h.within {
				wrong = "was run"
			}
		case Decide:
			if (h.started || h.reset || h.marked) && !h.within {
				wrong = "went on"
			}
		case Gone:
			if h.started || h.reset || h.marked {
				wrong = "is still there"
			}
		}
		if wrong != "" {
			t.Fatalf("%+v, but it %s: %+v", d, wrong, h)
		}
	}
	if certain && sim.m.Status() == event.StatusInterrupted {
		t.Fatalf("nothing is told to need a decision, and the run needs one: %+v", sim.m.Undecided())
	}
}
