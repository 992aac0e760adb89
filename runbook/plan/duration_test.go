package plan_test

import (
	"testing"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

func TestDurationText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 90 * time.Second: "1m30s", 10 * time.Minute: "10m",
		24 * time.Hour: "24h", 3*time.Hour + time.Second: "3h0m1s", 90 * time.Minute: "1h30m", 250 * time.Millisecond: "250ms",
	} {
		if got := plan.DurationText(d); got != want {
			t.Errorf("DurationText(%d) = %q, want %q", d, got, want)
		}
	}
}
