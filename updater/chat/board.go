package chat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/workload"
)

// ErrNoMessage is returned for a message that is no longer there.
var ErrNoMessage = errors.New("the message is gone")

// LaterError is returned where a chat wants to be left alone for a while.
type LaterError struct{ After time.Duration }

// Error implements error.
func (e *LaterError) Error() string {
	return fmt.Sprintf("the chat takes no more messages for %s", e.After)
}

// Wall is where messages hang.
type Wall interface {
	// Shows reports whether updates of a namespace belong there; never while no chat
	// is set up.
	Shows(namespace string) bool
	// Post writes a message about an update, and returns what names the message.
	Post(ctx context.Context, update *v1alpha1.ImageUpdate) (message string, err error)
	// Change makes a message show how the update stands now. The error is
	// ErrNoMessage where there is none of that name.
	Change(ctx context.Context, message string, update *v1alpha1.ImageUpdate) error
}

// Board keeps one message for each update that waits, and changes it as votes come in. It
// is a reconciler of ImageUpdates.
type Board struct {
	// Client reads updates, and notes their messages. Required.
	Client client.Client
	// Wall is required.
	Wall Wall
	// Owns reports whether the updates of a repository are this replica's to show; nil is
	// all.
	Owns func(repository string) bool
	// Log is told of messages.
	Log logr.Logger
}

// note is the content of workload.AnnotationChatMessage, by which the next process changes
// the message that is there.
type note struct {
	// Message is what the chat calls it, Shown a hash of what it shows.
	Message string `json:"message"`
	Shown   string `json:"shown"`
}

// Reconcile implements reconcile.Reconciler.
func (b *Board) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	update := &v1alpha1.ImageUpdate{}
	if err := b.Client.Get(ctx, request.NamespacedName, update); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if !b.Wall.Shows(update.Namespace) || b.Owns != nil && !b.Owns(update.Spec.Repository) {
		return reconcile.Result{}, nil
	}
	err := b.show(ctx, update)
	var later *LaterError
	if errors.As(err, &later) {
		return reconcile.Result{RequeueAfter: later.After}, nil
	}
	return reconcile.Result{}, err
}

func (b *Board) show(ctx context.Context, update *v1alpha1.ImageUpdate) error {
	var was note
	// An annotation that a person broke is one that is not there.
	_ = json.Unmarshal([]byte(update.Annotations[workload.AnnotationChatMessage]), &was)
	now := note{Message: was.Message, Shown: hashOf(update)}
	waits := update.Status.Phase == v1alpha1.PhasePending
	if was == now || was.Message == "" && !waits {
		return nil
	}
	err := ErrNoMessage
	if was.Message != "" {
		err = b.Wall.Change(ctx, was.Message, update)
	}
	if errors.Is(err, ErrNoMessage) && waits {
		now.Message, err = b.Wall.Post(ctx, update)
	}
	if err != nil && !errors.Is(err, ErrNoMessage) {
		return fmt.Errorf("showing update %q in the chat: %w", client.ObjectKeyFromObject(update), err)
	}
	return b.keep(ctx, update, now)
}

// keep notes which message shows an update. If it fails, the message is written again.
func (b *Board) keep(ctx context.Context, update *v1alpha1.ImageUpdate, now note) error {
	text, err := json.Marshal(now)
	if err != nil {
		return fmt.Errorf("writing %s: %w", workload.AnnotationChatMessage, err)
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid":         update.UID, // another of this name has another message
		"annotations": map[string]string{workload.AnnotationChatMessage: string(text)},
	}})
	if err != nil {
		return fmt.Errorf("writing a patch: %w", err)
	}
	if err := b.Client.Patch(ctx, update, client.RawPatch("application/merge-patch+json", patch)); err != nil {
		return client.IgnoreNotFound(err)
	}
	b.Log.V(1).Info("shown", "namespace", update.Namespace, "update", update.Name)
	return nil
}

// hashOf is another one where the message would be.
func hashOf(update *v1alpha1.ImageUpdate) string {
	sum := sha256.Sum256([]byte(Summary(update) + "\n" + Voters(update)))
	return hex.EncodeToString(sum[:8])
}
