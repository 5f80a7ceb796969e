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
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/internal/voting/ballot"
)

// maxLines is how many outcomes are told one by one.
const maxLines = 10

// deed is what a form asks for.
type deed struct {
	ballot.Paper
	// withdraws: the voter's votes are taken away.
	withdraws bool
	// single: it is done to one update that is named, and not to many at once.
	single bool
}

// deeds are what forms may ask for, by their words: "approve", "approve --now", "reject",
// "approve --reopen" and "vote withdraw" of the commands.
func deeds() map[string]deed {
	return map[string]deed{
		"Approve":  {Paper: ballot.Paper{Verdict: v1alpha1.VerdictApprove}},
		"Now":      {Paper: ballot.Paper{Verdict: v1alpha1.VerdictApprove, Now: true}, single: true},
		"Reject":   {Paper: ballot.Paper{Verdict: v1alpha1.VerdictReject}},
		"Reopen":   {Paper: ballot.Paper{Verdict: v1alpha1.VerdictApprove, Reopen: true}, single: true},
		"Withdraw": {withdraws: true, single: true},
	}
}

// vote votes on one update, on those that are ticked, or on all that match.
func (p *Page) vote(w http.ResponseWriter, r *http.Request) {
	wanted, err := parseChoice(r.PostForm)
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, err.Error()+".")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), p.options.Access.Timeout)
	defer cancel()
	chosen, asked, fault := p.ballotOf(ctx, r, wanted)
	if fault != "" {
		p.showApprovals(w, r, http.StatusUnprocessableEntity, wanted, &notice{Failed: true, Lines: []string{fault}})
		return
	}
	ctx, warnings := collecting(ctx)
	said := p.cast(ctx, chosen, asked)
	said.Lines = append(said.Lines, warnings.all()...)
	p.feed.forget()
	code := http.StatusOK
	if said.Failed {
		code = http.StatusUnprocessableEntity
	}
	p.showApprovals(w, r, code, wanted, said)
}

// ballotOf reads a form: on what is voted, and what is said. A fault says why nothing is.
func (p *Page) ballotOf(ctx context.Context, r *http.Request, wanted choice) (chosen []*proposal, asked deed, fault string) {
	form := r.PostForm
	word, one, _ := strings.Cut(form.Get("vote"), " ")
	asked, known := deeds()[word]
	if !known {
		return nil, asked, fmt.Sprintf("A vote is Approve, Now, Reject, Reopen or Withdraw, and not %q; no vote was cast.", shown(word))
	}
	if asked.single && one == "" {
		return nil, asked, word + " names one update; no vote was cast."
	}
	asked.Comment = strings.TrimSpace(form.Get("comment"))
	if n := utf8.RuneCountInString(asked.Comment); n > ballot.MaxComment {
		return nil, asked, fmt.Sprintf("A comment has at most %d characters, and this one %d; no vote was cast.", ballot.MaxComment, n)
	}
	read := p.options.Access.updates(ctx, p.options.Clock.Now())
	if read.absent || read.missing != "" {
		return nil, asked, read.missing + " No vote was cast."
	}
	if sealed := form.Get("seal"); sealed != "" && one == "" {
		chosen, fault = sealedBy(sealed, wanted.of(read.all))
		return chosen, asked, fault
	}
	values := form["update"]
	if one != "" {
		values = []string{one}
	}
	for _, value := range values {
		at := slices.IndexFunc(read.all, func(p *proposal) bool { return p.Value() == value })
		if at < 0 {
			return nil, asked, "An update that was chosen is not there any more; no vote was cast."
		}
		chosen = append(chosen, read.all[at])
	}
	if len(chosen) == 0 {
		return nil, asked, "No update was chosen; no vote was cast."
	}
	return chosen, asked, ""
}

// sealedBy are the updates that match, if they are those that the seal is of.
func sealedBy(sealed string, matching []*proposal) (chosen []*proposal, fault string) {
	switch {
	case sealed != seal(matching):
		return nil, "What matches has changed since you saw it; no vote was cast. Look at it, and vote again."
	case len(matching) > maxAll:
		return nil, fmt.Sprintf("More than %d updates match; no vote was cast. Filter them.", maxAll)
	}
	return matching, ""
}

// cast votes on each update, and goes on past one that fails.
func (p *Page) cast(ctx context.Context, chosen []*proposal, asked deed) *notice {
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
		outcome, err := asked.do(ctx, box, one, votes)
		if err != nil {
			said.Failed = true
			said.Lines = append(said.Lines, one.Title()+": "+why(err))
			continue
		}
		done = append(done, one.Title()+": "+outcome)
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

// do casts or withdraws one vote, and says what that did.
func (d deed) do(ctx context.Context, box *ballot.Box, p *proposal, votes []v1alpha1.ImageUpdateVote) (outcome string, err error) {
	if d.withdraws {
		_, err = box.Withdraw(ctx, p.ImageUpdate, votes)
		return "your vote is withdrawn", err
	}
	vote, err := box.Cast(ctx, p.ImageUpdate, d.Paper, votes)
	if err != nil {
		return "", err
	}
	return outcomeOf(p, vote, votes, d.Paper), nil
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
	case paper.Reopen && voting.MayReopen(voting.PhaseOf(p.ImageUpdate)):
		return "reopened, with your approval; votes from before do not count"
	}
	count := voting.Count(p.ImageUpdate, append(slices.Clone(votes), *vote), time.Time{})
	if paper.Now {
		return fmt.Sprintf("approved, without waiting for the stage before (%d of %d say so)", count.NowApprovals, p.Spec.VotesRequired)
	}
	return fmt.Sprintf("approved (%d of %d)", count.Approvals, p.Spec.VotesRequired)
}
