package run

import (
	"fmt"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// needMessage names the first step in file order that keeps step i from running.
func (m *Machine) needMessage(i int) string {
	for _, need := range m.plan.Steps[i].Needs {
		n := &m.nodes[need]
		if m.doomed.has(need) || n.status.Ended() && !n.meetsNeeds() {
			return fmt.Sprintf("step %q, which it needs, %s", m.step(need).ID, n.verb())
		}
	}
	return "a step it needs did not complete"
}

// verb says how a step that did not complete ended. One that has not ended yet
// is about to be skipped.
func (n *node) verb() string {
	switch n.status {
	case event.StatusFailed:
		return "failed"
	case event.StatusTimeout:
		return "timed out"
	case event.StatusCancelled:
		return "was cancelled"
	default:
		return "was skipped"
	}
}

func (m *Machine) stopMessage() string {
	return fmt.Sprintf("step %q %s, and with stop_on_error nothing new starts after that",
		m.step(m.failure).ID, m.nodes[m.failure].verb())
}

// haltMessage says why a handler does not run.
func (m *Machine) haltMessage() string {
	switch {
	case m.broken != "":
		return "the engine could not go on: " + m.broken
	case m.killed:
		return "the run was told to end at once"
	default:
		return "the run was cancelled"
	}
}

func (m *Machine) cancelMessage() string {
	switch {
	case m.signal != "":
		return "cancelled by " + m.signal
	case m.cutShort >= 0:
		return fmt.Sprintf("cancelled because step %q was stopped", m.step(m.cutShort).ID)
	default:
		return "cancelled"
	}
}

func (m *Machine) failureMessage() string {
	n := &m.nodes[m.failure]
	message := fmt.Sprintf("step %q %s", m.step(m.failure).ID, n.verb())
	if n.result != nil && n.result.Error != "" {
		message += ": " + n.result.Error
	}
	switch others := m.failures - 1; others {
	case 0:
	case 1:
		message += " (and 1 more step)"
	default:
		message += fmt.Sprintf(" (and %d more steps)", others)
	}
	return message
}

// stuckMessage names the steps that wait for each other.
func (m *Machine) stuckMessage() string {
	var ids []string
	for i := range m.plan.Steps {
		if m.nodes[i].status != event.StatusPending {
			continue
		}
		if len(ids) == 3 {
			ids = append(ids, "…")
			break
		}
		ids = append(ids, fmt.Sprintf("%q", m.plan.Steps[i].ID))
	}
	return "the plan has a cycle: " + strings.Join(ids, ", ") + " wait for steps that cannot end before them"
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
