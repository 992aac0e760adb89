package runbook

import (
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// The first word of an AWS operation tells what it does. What is in neither list
// writes: to take a change for a look would be the worse mistake.
var (
	readVerbs = []string{
		"describe", "list", "get", "head", "ls", "wait", "search", "scan", "query", "lookup", "filter", "count",
		"check", "validate", "verify", "preview", "estimate", "simulate", "select", "view", "tail", "presign", "help",
	}
	destroyVerbs = []string{"delete", "terminate", "remove", "rm", "rb", "purge", "destroy", "deregister", "drop", "empty", "erase", "wipe"}
)

// inferEffect is the effect of an AWS operation.
func inferEffect(operation string, args []string) plan.Effect {
	words := strings.Split(operation, "-")
	if words[0] == "batch" && len(words) > 1 {
		words = words[1:] // batch-get-item, batch-delete-image
	}
	switch {
	case slices.Contains(destroyVerbs, words[0]),
		words[0] == "schedule" && slices.Contains(words, "deletion"), // kms schedule-key-deletion
		operation == "sync" && slices.Contains(args, "--delete"):
		return plan.Destroy
	case slices.Contains(readVerbs, words[0]):
		return plan.Read
	}
	return plan.Write
}
