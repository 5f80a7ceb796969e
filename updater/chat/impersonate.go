package chat

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting/ballot"
	"github.com/garboard-dev/garboard/updater/chat/config"
)

// Impersonation casts each vote as the person who votes, by impersonation: the API server
// judges it as theirs, and its audit log names both.
type Impersonation struct {
	// Config is the updater's own way to the API server, whose rights name who may be
	// impersonated. Required.
	Config *rest.Config
	// Mapper and Scheme know ImageUpdateVotes. Required.
	Mapper meta.RESTMapper
	Scheme *runtime.Scheme
	// Votes reads those that were cast. Required.
	Votes client.Reader
}

// Cast implements Ballot.
func (i *Impersonation) Cast(ctx context.Context, voter config.User, u *v1alpha1.ImageUpdate, verdict v1alpha1.Verdict, comment string) (string, error) {
	votes := &v1alpha1.ImageUpdateVoteList{}
	if err := i.Votes.List(ctx, votes, client.InNamespace(u.Namespace)); err != nil {
		return "", fmt.Errorf("The votes on %s cannot be read now: nothing was voted", u.Name) //nolint:staticcheck // a sentence for people
	}
	theirs, err := i.as(voter)
	if err != nil {
		return "", err
	}
	box := &ballot.Box{Client: theirs, Voter: voter.Name}
	vote, err := box.Cast(ctx, u, ballot.Paper{Verdict: verdict, Comment: comment}, votes.Items)
	var refused *ballot.RefusedError
	switch {
	case errors.As(err, &refused), err != nil && isAnswer(err):
		return "", err
	case err != nil:
		return "", fmt.Errorf("The API server did not answer: whether %s was voted on is not known; send: get approvals", u.Name) //nolint:staticcheck // a sentence for people
	case vote == nil:
		return fmt.Sprintf("%s/%s: you have voted so already.", u.Namespace, u.Name), nil
	default:
		return fmt.Sprintf("%s/%s: your vote counts as %s: %s.", u.Namespace, u.Name, voter.Name, verdict), nil
	}
}

// isAnswer reports whether the API server answered: then nothing was voted.
func isAnswer(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code >= http.StatusBadRequest && status.Status().Code < http.StatusInternalServerError
}

// as is a client with a person's rights.
func (i *Impersonation) as(voter config.User) (client.Client, error) {
	theirs := rest.CopyConfig(i.Config)
	theirs.Impersonate = rest.ImpersonationConfig{UserName: voter.Name, Groups: voter.Groups}
	c, err := client.New(theirs, client.Options{Scheme: i.Scheme, Mapper: i.Mapper})
	if err != nil {
		return nil, fmt.Errorf("making a client for a vote: %w", err)
	}
	return c, nil
}
