package run

import (
	"fmt"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// needMessage names the first step in file order that keeps step i from running.
func (m *Machine) needMessage(i int) string {
	k, _ := m.in(i)
	for _, need := range m.nodes[i].step.Needs {
		n := &m.nodes[k.first+need]
		if k.doomed.has(need) || n.counted && !n.status.Ended() || n.status.Ended() && !n.meetsNeeds() {
			return fmt.Sprintf("step %q, which it needs, %s", m.stepID(k.first+need), n.verb())
		}
	}
	return "a step it needs did not complete"
}

// verb says how a step that did not complete ended. One that has not ended yet
// is about to be skipped.
func (n *node) verb() string {
	switch n.status {
	case event.StatusFailed, event.StatusRunning: // the latter goes on only until what was begun has ended
		return "failed"
	case event.StatusTimeout:
		return "timed out"
	case event.StatusCancelled:
		return "was cancelled"
	default:
		return "was skipped"
	}
}

func (m *Machine) stopMessage(failure int) string {
	i := m.cause(failure)
	return fmt.Sprintf("step %q %s, and with stop_on_error nothing new starts after that", m.stepID(i), m.nodes[i].verb())
}

// limitMessage says why an item of a foreach has no turn any more.
func (m *Machine) limitMessage(k *block) string {
	i := m.cause(k.failure)
	text := fmt.Sprintf("%q %s", m.stepID(i), m.nodes[i].verb())
	if most := m.nodes[k.owner].step.Foreach.MaxFailures; most > 0 {
		return fmt.Sprintf("%s, and max_failures is %d", text, most)
	}
	return text + ", and the foreach tolerates no failure"
}

// innerMessage says which of what is inside a node made it fail.
func (m *Machine) innerMessage(k *block) string {
	i := m.cause(k.failure)
	n := &m.nodes[i]
	text := fmt.Sprintf("%q %s", m.stepID(i), n.verb())
	if n.note != "" {
		text += ": " + n.note
	}
	if all := k.failures + k.tolerated; k.kind == items && k.size > 1 {
		text = fmt.Sprintf("%d of %d items failed; %s", all, k.size, text)
	}
	return text
}

// haltMessage says why a handler does not run.
func (m *Machine) haltMessage() string {
	switch {
	case m.broken != "":
		return "the engine could not go on: " + m.broken
	case m.killed:
		return "the run was told to end at once"
	case m.refused != "" && !m.cancelled:
		return "the run may not begin: " + m.refusal
	default:
		return "the run was cancelled"
	}
}

func (m *Machine) cancelMessage() string {
	switch {
	case m.signal != "":
		return "cancelled by " + m.signal
	case m.cutShort >= 0:
		return fmt.Sprintf("cancelled because step %q was stopped", m.stepID(m.cutShort))
	default:
		return "cancelled"
	}
}

func (m *Machine) failureMessage() string {
	i := m.failure()
	n := &m.nodes[i]
	message := fmt.Sprintf("step %q %s", m.stepID(i), n.verb())
	if why := n.last.message(); why != "" {
		message += ": " + why
	}
	return message + andMore(m.blocks[m.stages[main]].failures-1)
}

// andMore says that there are others beside the step that is named.
func andMore(others int) string {
	switch others {
	case 0:
		return ""
	case 1:
		return " (and 1 more step)"
	}
	return fmt.Sprintf(" (and %d more steps)", others)
}

// stuckMessage names the steps that wait for each other.
func (m *Machine) stuckMessage() string {
	ids := m.pending(nil, m.stages[m.stage])
	return "the plan has a cycle: " + strings.Join(ids, ", ") + " wait for steps that cannot end before them"
}

// pending is the first steps of a block that have not started.
func (m *Machine) pending(ids []string, b int32) []string {
	k := &m.blocks[b]
	for i := k.first; i < k.first+k.size && len(ids) <= 3; i++ {
		switch n := &m.nodes[i]; {
		case n.inner != 0 && !n.status.Ended():
			ids = m.pending(ids, n.inner)
		case n.status != event.StatusPending:
		case len(ids) == 3:
			ids = append(ids, "…")
		default:
			ids = append(ids, fmt.Sprintf("%q", m.stepID(i)))
		}
	}
	return ids
}

// defaultError describes a failure that came without a description.
func defaultError(s *plan.Step, o *Outcome) string {
	switch {
	case o.Ending == Stopped:
		return "stopped"
	case o.Ending == TimedOut:
		return "timed out"
	case o.Ending == NotStarted:
		return "could not be started"
	case o.Ending == Signaled:
		return "killed by " + o.Signal
	case o.Ending == Exited && o.Reason == "" && len(s.SuccessExit) > 0:
		return fmt.Sprintf("exit code %d; success_exit_codes has %v", o.ExitCode, s.SuccessExit)
	case o.Ending == Exited && o.Reason == "":
		return fmt.Sprintf("exit code %d", o.ExitCode)
	case o.Reason != "":
		return fmt.Sprintf("failed (%s)", o.Reason)
	default:
		return "the engine could not carry it out"
	}
}
