// Package ballot casts and withdraws votes in the name of one user. Command, chat and page
// vote through it, each with a client that is that user's: the API server decides.
package ballot

import (
	"context"
	"fmt"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
)

// casts is how often a vote looks for a free name: the same voter may vote elsewhere in
// the same moment.
const casts = 5

// takesIn is how long the updater may take to count a vote.
const takesIn = time.Minute

// Box takes the votes of one voter.
type Box struct {
	// Client is the voter's own, with the types of v1alpha1 in its scheme.
	Client client.Client
	// Voter is the user's name, as the API server knows it: see Whoami.
	Voter string
	// DryRun has the API server judge a vote, and not keep it.
	DryRun bool
	// Now is the time. The default is the real one.
	Now func() time.Time
}

// MaxComment is how long a comment may be, in characters, as the definition of votes has it.
const MaxComment = 1024

// Paper is what a voter says.
type Paper struct {
	Verdict v1alpha1.Verdict
	Comment string
	// Reopen and Now are those of a vote.
	Reopen, Now bool
}

// RefusedError is a vote that would count for nothing, and was not cast.
type RefusedError struct {
	// Update is the update's name, and Reason a clause about it.
	Update, Reason string
}

// Error implements error.
func (e *RefusedError) Error() string {
	return "imageupdate." + v1alpha1.Group + "/" + e.Update + ": " + e.Reason
}

// Whoami returns the name under which the API server knows the client's user.
func Whoami(ctx context.Context, c client.Client) (string, error) {
	review := &authenticationv1.SelfSubjectReview{}
	if err := c.Create(ctx, review); err != nil {
		return "", fmt.Errorf("asking who you are: %w", err)
	}
	return review.Status.UserInfo.Username, nil
}

// Votes reads the votes of a namespace, of all namespaces if it is empty.
func (b *Box) Votes(ctx context.Context, namespace string) ([]v1alpha1.ImageUpdateVote, error) {
	list := &v1alpha1.ImageUpdateVoteList{}
	if err := b.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("listing votes: %w", err)
	}
	return list.Items, nil
}

// Cast casts a vote on an update, of which votes are those that were read. It returns
// nil, and no error, if the voter's last vote says the same.
func (b *Box) Cast(ctx context.Context, update *v1alpha1.ImageUpdate, paper Paper, votes []v1alpha1.ImageUpdateVote) (*v1alpha1.ImageUpdateVote, error) {
	if reason := b.refuse(update, paper); reason != "" {
		return nil, &RefusedError{update.Name, reason}
	}
	for range casts {
		own := voting.VotesOf(b.Voter, update, votes)
		if len(own) > 0 && says(own[len(own)-1], update, paper) && b.taken(own[len(own)-1], update) {
			return nil, nil
		}
		vote := b.fill(update, paper, freeName(update, b.Voter, votes))
		err := b.Client.Create(ctx, vote, b.createOptions()...)
		if err == nil {
			// The client takes the first away, and the second says nothing to a person.
			vote.APIVersion, vote.Kind, vote.ManagedFields = v1alpha1.SchemeGroupVersion.String(), v1alpha1.ImageUpdateVoteKind, nil
			return vote, nil
		}
		if !apierrors.IsAlreadyExists(err) {
			return nil, err
		}
		if votes, err = b.Votes(ctx, update.Namespace); err != nil {
			return nil, err
		}
	}
	return nil, &RefusedError{update.Name, "you vote on it from several places at once: try again"}
}

// refuse says why a vote would count for nothing; empty if it counts.
func (b *Box) refuse(update *v1alpha1.ImageUpdate, paper Paper) string {
	switch phase := voting.PhaseOf(update); {
	case update.DeletionTimestamp != nil:
		return "it is being deleted"
	case voting.MayReopen(phase) && paper.Reopen, phase == v1alpha1.PhaseApproved && paper.Now:
		return ""
	case voting.MayReopen(phase):
		return fmt.Sprintf("it is %s, so that no vote counts; an approval with --reopen has it voted on again", phase)
	case phase != v1alpha1.PhasePending:
		return fmt.Sprintf("it is %s, so that no vote counts any more", phase)
	case b.now().After(voting.Deadline(update)):
		return "its deadline has passed at " + voting.Deadline(update).UTC().Format(time.RFC3339) + ", so that no vote counts any more"
	}
	return ""
}

// says reports whether a vote counts, and says all that a new one would.
func says(vote *v1alpha1.ImageUpdateVote, update *v1alpha1.ImageUpdate, paper Paper) bool {
	if voting.MayReopen(update.Status.Phase) {
		_, reopens := voting.Reopening(update, []v1alpha1.ImageUpdateVote{*vote}, time.Time{})
		return reopens
	}
	return voting.Stands(vote, update) && vote.Spec.Verdict == paper.Verdict && (vote.Spec.Now || !paper.Now) &&
		(paper.Comment == "" || vote.Spec.Comment == paper.Comment)
}

// taken reports whether the updater counts a vote on an update that waits, or has not had
// the time to: it counts none from before the votes were protected, and such a one is no
// reason to refuse another.
func (b *Box) taken(vote *v1alpha1.ImageUpdateVote, update *v1alpha1.ImageUpdate) bool {
	voters := update.Status.Voters
	if update.Status.Phase != v1alpha1.PhasePending || len(voters) >= v1alpha1.MaxVoters || b.now().Sub(vote.CreationTimestamp.Time) < takesIn {
		return true
	}
	return slices.ContainsFunc(voters, func(v v1alpha1.Voter) bool { return v.Name == vote.Spec.Voter })
}

func (b *Box) fill(update *v1alpha1.ImageUpdate, paper Paper, name string) *v1alpha1.ImageUpdateVote {
	return &v1alpha1.ImageUpdateVote{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: update.Namespace, Name: name,
			// It goes with its update, and is no vote on a later one of the same name.
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: v1alpha1.ImageUpdateKind, Name: update.Name, UID: update.UID,
			}},
		},
		Spec: v1alpha1.ImageUpdateVoteSpec{
			Update: update.Name, Verdict: paper.Verdict, Voter: b.Voter, Comment: paper.Comment, Reopen: paper.Reopen, Now: paper.Now,
		},
	}
}

// freeName is the first name of the voter's that no vote has, whoever cast that.
func freeName(update *v1alpha1.ImageUpdate, voter string, votes []v1alpha1.ImageUpdateVote) string {
	taken := map[string]bool{}
	for i := range votes {
		if votes[i].Namespace == update.Namespace {
			taken[votes[i].Name] = true
		}
	}
	for n := 1; ; n++ {
		if name := voting.VoteName(update.Name, voter, n); !taken[name] {
			return name
		}
	}
}

// Withdraw takes all votes of the voter on an update away, the last one last: one that is
// cut short leaves what counts. It returns how many it took.
func (b *Box) Withdraw(ctx context.Context, update *v1alpha1.ImageUpdate, votes []v1alpha1.ImageUpdateVote) (int, error) {
	if phase := voting.PhaseOf(update); phase != v1alpha1.PhasePending {
		return 0, &RefusedError{update.Name, fmt.Sprintf("it is %s: its votes are counted", phase)}
	}
	own := voting.VotesOf(b.Voter, update, votes)
	if len(own) == 0 {
		return 0, &RefusedError{update.Name, "you have not voted on it"}
	}
	for i, vote := range own {
		if err := client.IgnoreNotFound(b.Client.Delete(ctx, vote, b.deleteOptions()...)); err != nil {
			return i, err
		}
	}
	return len(own), nil
}

func (b *Box) createOptions() []client.CreateOption {
	if b.DryRun {
		return []client.CreateOption{client.DryRunAll}
	}
	return nil
}

func (b *Box) deleteOptions() []client.DeleteOption {
	if b.DryRun {
		return []client.DeleteOption{client.DryRunAll}
	}
	return nil
}

func (b *Box) now() time.Time {
	if b.Now == nil {
		return time.Now()
	}
	return b.Now()
}
