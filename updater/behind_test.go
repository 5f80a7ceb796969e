package updater

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
)

// A poll that reads the workload as it was before its bump finds the same move once
// more. To bump again rolls nothing, but costs two writes, and is told of as a second
// move.
func TestCacheThatIsBehindIsNoReasonToBumpAgain(t *testing.T) {
	o := movedBefore(t, "apps/v1", "Deployment", time.Hour, healthy3(4, noon))
	b := newBench(t, move.Pace{}, o)
	b.answer = admits("1.2.8")
	before := o.DeepCopy()
	image := b.image(t, o)
	b.behind = map[string]*unstructured.Unstructured{o.GetName(): before}
	b.finds(t, o, "1.2.8")
	if b.writes != 2 {
		t.Fatalf("%d writes for the first bump and its dry run", b.writes)
	}
	b.mover.Found(keyIs(o), time.Time{}, move.Move{
		Key: keyIs(o), Container: b.workloadOf(t, o).Slots()[0].Key(), Repository: repository, Image: image,
		To: record.Result{Tag: "1.2.8"}, Found: b.clock.Now(),
	})
	b.mover.Try(t.Context(), keyIs(o))
	if b.writes != 2 || b.told.of(report.ReasonUpdated) != 1 {
		t.Errorf("%d writes, told of %d moves", b.writes, b.told.of(report.ReasonUpdated))
	}
	b.behind = nil
	b.mover.Try(t.Context(), keyIs(o))
	if waiting, _ := b.mover.Waiting(keyIs(o)); b.writes != 2 || len(waiting) > 0 {
		t.Errorf("%d writes once the cache has it, and what waits is %+v", b.writes, waiting)
	}
}

// Keel's users name where people read about new versions. An '@' is escaped: channels break
// up what may mention somebody, and the address would lead nowhere.
func TestReleaseNotesAreNamedWithTheMove(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com/app/releases":   "https://example.com/app/releases",
		"https://example.com/@team/releases": "https://example.com/%40team/releases",
	} {
		o := movedBefore(t, "apps/v1", "Deployment", time.Hour, healthy3(4, noon))
		annotations := o.GetAnnotations()
		annotations["keel.sh/releaseNotes"] = address
		o.SetAnnotations(annotations)
		b := newBench(t, move.Pace{}, o)
		b.answer = admits("1.2.8")
		b.finds(t, o, "1.2.8")
		want = "; release notes: " + want
		if text := b.told.notices[len(b.told.notices)-1].Text; !strings.HasSuffix(text, want) {
			t.Errorf("told %q, want it to end with %q", text, want)
		}
	}
}
