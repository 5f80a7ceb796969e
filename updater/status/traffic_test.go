package status

import (
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTrafficOfSeveralUpdaters(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	text := func(remaining, open int, paused time.Time) []byte {
		return fmt.Appendf(nil, "%s{host=\"a\",outcome=\"ok\"} 3\n%s{host=\"a\",outcome=\"refused\"} 1\n%s{host=\"a\"} %d\n%s{host=\"a\"} %d\n%s{host=\"a\"} %d\n",
			metricRequests, metricRequests, metricRemaining, remaining, metricCircuit, open, metricPaused, paused.Unix())
	}
	typed := []byte("# TYPE " + metricRequests + " counter\n# TYPE " + metricRemaining + " gauge\n# TYPE " + metricCircuit + " gauge\n# TYPE " + metricPaused + " gauge\n")
	with := func(text []byte) []byte { return append(slices.Clone(typed), text...) }
	counts, err := ReadCounts([][]byte{with(text(61, 0, now.Add(-time.Hour))), with(text(40, 1, now.Add(time.Hour)))})
	if err != nil {
		t.Fatal(err)
	}
	a := counts.Traffic(now)["a"]
	if a.Requests != 6 || a.Refused != 2 || a.Remaining == nil || *a.Remaining != 40 || !a.CircuitOpen || a.PausedUntil == nil || !a.PausedUntil.Equal(&metav1.Time{Time: now.Add(time.Hour)}) {
		t.Errorf("got %+v", a)
	}
	if _, err := ReadCounts([][]byte{[]byte("no metrics {")}); err == nil {
		t.Error("what is no metrics was read")
	}
}
