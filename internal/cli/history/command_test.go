package history

import (
	"os"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The example of docs/operations.md is what is printed.
func TestOperationsPageShowsTheHistory(t *testing.T) {
	page, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	at := func(minutes int) *metav1.Time {
		then := metav1.NewTime(now.Add(time.Duration(-minutes) * time.Minute))
		return &then
	}
	const app, source = "example.com/app", "example.com/app:1.2.0"
	past := historyTable([]Entry{
		{Time: at(2), Container: "web", By: ByUpdater, Why: "ImageHeld: " + app + ":1.2.7 stays: 1.2.8 is held"},
		{Container: "web", Image: app + ":1.2.7", Source: source, By: ByWriter, Why: "went back; 1.2.8 is held", Running: true},
		{Time: at(10), Container: "web", Image: app + ":1.2.8", Source: source, By: ByUpdater, Why: "moved from " + app + ":1.2.7"},
		{Container: "web", Image: app + ":1.2.7", Source: source, By: ByAdmission, Why: "in place of 1.2.0"},
	}, now)
	if want := "$ garboard history deployment/shop\n" + past; !strings.Contains(string(page), want) {
		t.Errorf("the page has not\n%s", want)
	}
}
