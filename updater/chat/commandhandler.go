package chat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/updater/chat/config"
)

const (
	// answerTimeout bounds what one command may take; a chat shows an error after some
	// seconds of its own, while the vote may have been cast.
	answerTimeout = 10 * time.Second
	// maxListed bounds the updates that an answer lists.
	maxListed = 20
)

// Ballot casts votes in a person's name.
type Ballot interface {
	// Cast votes on an update and returns what became of it, as a sentence. The error
	// is a sentence for the voter as well.
	Cast(ctx context.Context, voter config.User, update *v1alpha1.ImageUpdate, verdict v1alpha1.Verdict, comment string) (string, error)
}

// CommandHandler answers commands.
type CommandHandler struct {
	// Updates reads ImageUpdates. Required.
	Updates client.Reader
	// Ballot is required.
	Ballot Ballot
	// Log is told of each vote.
	Log logr.Logger
}

// Answer does what a person asks for and returns the answer: plain text, in which all
// that others wrote is on one line and can be seen. ok is false where it was refused.
func (c *CommandHandler) Answer(ctx context.Context, room *config.Room, person string, command Command) (answer string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	user, known := room.User(person)
	switch {
	case command.verb == verbHelp:
		return Help, true
	case !known:
		return "You may not vote here, nor list updates: the chat settings do not say who you are in the cluster. Your ID is " + printable.OneLine(person, maxShown) + ".", false
	case command.verb == verbGet:
		return c.list(ctx, room, command.namespace)
	default:
		return c.vote(ctx, room, user, command)
	}
}

// list tells what waits for votes, the oldest first.
func (c *CommandHandler) list(ctx context.Context, room *config.Room, namespace string) (string, bool) {
	updates := &v1alpha1.ImageUpdateList{}
	if err := c.Updates.List(ctx, updates, client.InNamespace(namespace)); err != nil {
		c.Log.Error(err, "listing updates for a chat")
		return "The updates cannot be listed now.", false
	}
	waiting := slices.DeleteFunc(updates.Items, func(u v1alpha1.ImageUpdate) bool {
		return u.Status.Phase != v1alpha1.PhasePending || !room.Shows(u.Namespace)
	})
	if len(waiting) == 0 {
		return "No update waits for votes.", true
	}
	slices.SortFunc(waiting, func(a, b v1alpha1.ImageUpdate) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	lines := make([]string, 0, maxListed+1)
	for i := range waiting[:min(len(waiting), maxListed)] {
		lines = append(lines, waiting[i].Namespace+"/"+waiting[i].Name+": "+Summary(&waiting[i]))
	}
	if more := len(waiting) - maxListed; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more: garboard pending -A", more))
	}
	return strings.Join(lines, "\n"), true
}

// vote casts a vote. What a chat does not show is not there for it.
func (c *CommandHandler) vote(ctx context.Context, room *config.Room, voter config.User, command Command) (string, bool) {
	name := printable.OneLine(command.update.String(), maxShown)
	gone := fmt.Sprintf("There is no update %s here. Send: get approvals", name)
	if !room.Shows(command.update.Namespace) {
		return gone, false
	}
	update := &v1alpha1.ImageUpdate{}
	err := c.Updates.Get(ctx, command.update, update)
	switch {
	case apierrors.IsNotFound(err), err == nil && command.uid != "" && update.UID != command.uid:
		return gone, false
	case err != nil:
		c.Log.Error(err, "reading an update for a chat")
		return fmt.Sprintf("Update %s cannot be read now: nothing was voted.", name), false
	}
	log := c.Log.WithValues("namespace", update.Namespace, "update", update.Name, "voter", voter.Name, "verdict", command.verdict())
	answer, err := c.Ballot.Cast(ctx, voter, update, command.verdict(), command.comment)
	if err != nil {
		log.Info("vote refused", "error", err.Error())
		return printable.OneLine(err.Error(), maxSentence), false
	}
	log.Info("voted")
	return printable.OneLine(answer, maxSentence), true
}
