package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/approval"
	"github.com/garboard-dev/garboard/internal/approval/ballot"
)

// maxLines is how many outcomes are told one by one.
const maxLines = 10

// vote casts a vote on one update, on those that are ticked, or on all that match, as
// "garboard approve" and "reject" do.
func (p *Page) vote(w http.ResponseWriter, r *http.Request) {
	wanted, err := parseChoice(r.PostForm)
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, err.Error()+".")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), p.options.Access.Timeout)
	defer cancel()
	chosen, paper, fault := p.ballotOf(ctx, r, wanted)
	if fault != "" {
		p.showApprovals(w, r, http.StatusUnprocessableEntity, wanted, &notice{Failed: true, Lines: []string{fault}})
		return
	}
	ctx, warnings := collecting(ctx)
	said := p.cast(ctx, chosen, paper)
	said.Lines = append(said.Lines, warnings.all()...)
	p.feed.forget()
	code := http.StatusOK
	if said.Failed {
		code = http.StatusUnprocessableEntity
	}
	p.showApprovals(w, r, code, wanted, said)
}

// ballotOf reads a form: on what is voted, and what is said. A fault says why nothing is.
func (p *Page) ballotOf(ctx context.Context, r *http.Request, wanted choice) (chosen []*proposal, paper ballot.Paper, fault string) {
	form := r.PostForm
	verdict, one, _ := strings.Cut(form.Get("vote"), " ")
	paper = ballot.Paper{Verdict: v1alpha1.Verdict(verdict), Comment: strings.TrimSpace(form.Get("comment"))}
	if paper.Verdict != v1alpha1.VerdictApprove && paper.Verdict != v1alpha1.VerdictReject {
		return nil, paper, fmt.Sprintf("A vote is Approve or Reject, and not %q; no vote was cast.", shown(verdict))
	}
	if n := utf8.RuneCountInString(paper.Comment); n > ballot.MaxComment {
		return nil, paper, fmt.Sprintf("A comment has at most %d characters, and this one %d; no vote was cast.", ballot.MaxComment, n)
	}
	known := p.options.Access.updates(ctx, p.options.Clock.Now())
	if known.absent || known.missing != "" {
		return nil, paper, known.missing + " No vote was cast."
	}
	if sealed := form.Get("seal"); sealed != "" {
		matching := wanted.of(known.all)
		switch {
		case sealed != seal(matching):
			return nil, paper, "What matches has changed since you saw it; no vote was cast. Look at it, and vote again."
		case len(matching) > maxAll:
			return nil, paper, fmt.Sprintf("More than %d updates match; no vote was cast. Filter them.", maxAll)
		}
		return matching, paper, ""
	}
	values := form["update"]
	if one != "" {
		values = []string{one}
	}
	for _, value := range values {
		at := slices.IndexFunc(known.all, func(p *proposal) bool { return p.Value() == value })
		if at < 0 {
			return nil, paper, "An update that was chosen is not there any more; no vote was cast."
		}
		chosen = append(chosen, known.all[at])
	}
	if len(chosen) == 0 {
		return nil, paper, "No update was chosen; no vote was cast."
	}
	return chosen, paper, ""
}

// cast votes on each update, and goes on past one that fails.
func (p *Page) cast(ctx context.Context, chosen []*proposal, paper ballot.Paper) *notice {
	c := p.options.Access.Client
	voter, err := ballot.Whoami(ctx, c)
	if err != nil {
		return &notice{true, []string{shown(err.Error()) + "; no vote was cast."}}
	}
	box := &ballot.Box{Client: c, Voter: voter, Now: p.options.Clock.Now}
	votes, err := box.Votes(ctx, p.options.Access.Namespace)
	if err != nil {
		return &notice{true, []string{shown(err.Error()) + "; no vote was cast."}}
	}
	said := &notice{}
	var done []string
	for _, one := range chosen {
		vote, err := box.Cast(ctx, one.ImageUpdate, paper, votes)
		if err != nil {
			said.Failed = true
			said.Lines = append(said.Lines, one.Title()+": "+why(err))
			continue
		}
		done = append(done, one.Title()+": "+outcomeOf(one, vote, votes, paper))
	}
	if len(done) > maxLines {
		done = []string{plural(len(done), "vote") + " cast."}
	}
	if most := maxLines - 1; len(said.Lines) > maxLines {
		said.Lines = append(said.Lines[:most], fmt.Sprintf("and %d others failed.", len(said.Lines)-most))
	}
	said.Lines = append(done, said.Lines...)
	return said
}

// why is an error in the page's words: the name of the object is told already.
func why(err error) string {
	var refused *ballot.RefusedError
	if errors.As(err, &refused) {
		return refused.Reason
	}
	return shown(err.Error())
}

// outcomeOf says what a vote did.
func outcomeOf(p *proposal, vote *v1alpha1.ImageUpdateVote, votes []v1alpha1.ImageUpdateVote, paper ballot.Paper) string {
	switch {
	case vote == nil:
		return "you have voted so before"
	case paper.Verdict == v1alpha1.VerdictReject:
		return "rejected"
	}
	count := approval.Count(p.ImageUpdate, append(slices.Clone(votes), *vote), time.Time{})
	return fmt.Sprintf("approved (%d of %d)", count.Approvals, p.Spec.VotesRequired)
}
