package report

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/internal/printable"
)

// Proposed tells of a move that waits for people, and what they type.
func (r *Reporter) Proposed(about About, c Candidate, update string, votes int, deadline time.Time) {
	text := fmt.Sprintf("%s: %s waits with %s for %s until %s: garboard approve %s -n %s", c.Container, c.Image, c.To,
		printable.Count(votes, "approval"), deadline.UTC().Format("2006-01-02 15:04 MST"), update, about.Object.GetNamespace())
	r.sayOf(about.Object, c.Container, eventNormal, ReasonProposed, "%s", text)
	about.link = r.linkOf(about.Object.GetNamespace(), update)
	r.notify(about, LevelInfo, ReasonProposed, text+releaseNotesOf([]Candidate{c}), nil)
}

// linkOf leads to the page's view of an update. Its name is made of what it proposes, so
// that the link leads to no other proposal. It carries no right: who opens it signs in there.
func (r *Reporter) linkOf(namespace, update string) string {
	if r.options.PageURL == "" {
		return ""
	}
	return strings.TrimSuffix(r.options.PageURL, "/") + "/approvals/" + url.PathEscape(namespace) + "/" + url.PathEscape(update)
}

// Approved tells that people let a move go on. by are their names.
func (r *Reporter) Approved(about About, c Candidate, by string) {
	text := fmt.Sprintf("%s: %s is approved by %s", c.Container, c.To, by)
	r.sayOf(about.Object, c.Container, eventNormal, ReasonApproved, "%s", text)
	r.notify(about, LevelSuccess, ReasonApproved, text, nil)
}

// Rejected tells that people do not want a version. by says who, and why.
func (r *Reporter) Rejected(about About, c Candidate, by string) {
	text := fmt.Sprintf("%s: %s is rejected%s", c.Container, c.To, by)
	r.sayOf(about.Object, c.Container, eventNormal, ReasonRejected, "%s", text)
	r.notify(about, LevelWarn, ReasonRejected, text, nil)
}

// ApprovalExpired tells of a move that people have not approved in time.
func (r *Reporter) ApprovalExpired(about About, c Candidate, update string) {
	text := fmt.Sprintf("%s: %s was not approved in time: garboard approve --reopen %s -n %s", c.Container, c.To, update, about.Object.GetNamespace())
	r.sayOf(about.Object, c.Container, eventNormal, ReasonApprovalExpired, "%s", text)
	r.notify(about, LevelWarn, ReasonApprovalExpired, text, nil)
}
