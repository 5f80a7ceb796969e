package report

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
)

// told keeps the last notice.
type told struct{ last Notice }

func (n *told) Notify(notice Notice) { n.last = notice }

// A notice of what waits leads to that proposal on the page, if there is a page.
func TestProposalLeadsToThePage(t *testing.T) {
	for pageURL, want := range map[string]string{
		"":                                "",
		"https://garboard.example.com":    "https://garboard.example.com/approvals/shop/web-5d41402abc4b2a76",
		"https://example.com/a/garboard/": "https://example.com/a/garboard/approvals/shop/web-5d41402abc4b2a76",
	} {
		n := &told{}
		r := New(Options{Events: events.NewFakeRecorder(10), Notifier: n, Clock: clocktesting.NewFakePassiveClock(time.Unix(0, 0)), PageURL: pageURL})
		web := &unstructured.Unstructured{}
		web.SetNamespace("shop")
		r.Proposed(About{Object: web}, Candidate{Container: "web"}, "web-5d41402abc4b2a76", 2, time.Unix(0, 0))
		if n.last.Reason != ReasonProposed || n.last.Link != want {
			t.Errorf("%q: got the link %q, want %q", pageURL, n.last.Link, want)
		}
		r.Approved(About{Object: web}, Candidate{Container: "web"}, "ann")
		if n.last.Reason != ReasonApproved || n.last.Link != "" {
			t.Errorf("%q: what is decided has the link %q", pageURL, n.last.Link)
		}
	}
}
