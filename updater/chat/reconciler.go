package chat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/workload"
)

// lookAgain is when an update is looked at again whose message another replica is to
// write, or that no chat shows.
const lookAgain = 30 * time.Second

// ErrNoMessage is returned for a message that is no longer there.
var ErrNoMessage = errors.New("the message is gone")

// LaterError is returned where a chat wants to be left alone for a while.
type LaterError struct{ After time.Duration }

// Error implements error.
func (e *LaterError) Error() string {
	return fmt.Sprintf("the chat takes no more messages for %s", e.After)
}

// Messenger puts messages into a chat, and changes them.
type Messenger interface {
	// Shows reports whether updates of a namespace belong there; never while no chat
	// is set up.
	Shows(namespace string) bool
	// Post writes a message about an update, and returns what names the message.
	Post(ctx context.Context, update *v1alpha1.ImageUpdate) (message string, err error)
	// Change makes a message show how the update stands now. The error is
	// ErrNoMessage where there is none of that name.
	Change(ctx context.Context, message string, update *v1alpha1.ImageUpdate) error
}

// Reconciler keeps one message for each update that waits, and changes it as votes come in. It
// is a reconciler of ImageUpdates.
type Reconciler struct {
	// Client reads updates, and notes their messages. Required.
	Client client.Client
	// Messenger is required.
	Messenger Messenger
	// Owns reports whether the updates of a repository are this replica's to show; nil is
	// all.
	Owns func(repository string) bool
	// Log is told of messages.
	Log logr.Logger

	mu   sync.Mutex
	kept map[types.NamespacedName]keptNote
}

// note is the content of workload.AnnotationChatMessage, by which the next process changes
// the message that is there.
type note struct {
	// Message is what the chat calls it, Shown a hash of what it shows.
	Message string `json:"message"`
	Shown   string `json:"shown"`
}

// keptNote is the last note of an update, which the cache does not show at once.
type keptNote struct {
	note
	uid types.UID
	// version is the resourceVersion that has the note; empty while it could not be
	// written.
	version string
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	update := &v1alpha1.ImageUpdate{}
	if err := r.Client.Get(ctx, request.NamespacedName, update); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.NamespacedName)
			return reconcile.Result{}, nil
		}
		return reconcile.Result{}, fmt.Errorf("reading update %q: %w", request.NamespacedName, err)
	}
	shows := r.Messenger.Shows(update.Namespace)
	if !shows || r.Owns != nil && !r.Owns(update.Spec.Repository) {
		if r.isDue(update, shows) { // settings change, and so do owners
			return reconcile.Result{RequeueAfter: lookAgain}, nil
		}
		return reconcile.Result{}, nil
	}
	err := r.show(ctx, update)
	var later *LaterError
	if errors.As(err, &later) {
		return reconcile.Result{RequeueAfter: later.After}, nil
	}
	return reconcile.Result{}, err
}

// isDue reports whether an update has to be looked at again: its message does not show it
// as it stands. Of one that is decided another replica changes the message, if there is one
// and a chat shows it.
func (r *Reconciler) isDue(update *v1alpha1.ImageUpdate, shows bool) bool {
	was, _ := r.noteOf(update)
	waits := update.Status.Phase == v1alpha1.PhasePending
	return was.Shown != hashOf(update) && (waits || shows && was.Message != "")
}

func (r *Reconciler) show(ctx context.Context, update *v1alpha1.ImageUpdate) error {
	was, written := r.noteOf(update)
	now := note{Message: was.Message, Shown: hashOf(update)}
	waits := update.Status.Phase == v1alpha1.PhasePending
	switch {
	case was == now && !written:
		return r.keep(ctx, update, now)
	case was == now || was.Message == "" && !waits:
		return nil
	}
	err := ErrNoMessage
	if was.Message != "" {
		err = r.Messenger.Change(ctx, was.Message, update)
	}
	if errors.Is(err, ErrNoMessage) && waits {
		now.Message, err = r.Messenger.Post(ctx, update)
	}
	if err != nil && !errors.Is(err, ErrNoMessage) {
		return fmt.Errorf("showing update %q in the chat: %w", client.ObjectKeyFromObject(update), err)
	}
	return r.keep(ctx, update, now)
}

// noteOf returns the note of an update: our own, while it is not written, or the cache is
// behind it.
func (r *Reconciler) noteOf(update *v1alpha1.ImageUpdate) (n note, written bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kept, ok := r.kept[client.ObjectKeyFromObject(update)]; ok && kept.uid == update.UID {
		if kept.version == "" {
			return kept.note, false
		}
		if order, err := resourceversion.CompareResourceVersion(update.ResourceVersion, kept.version); err == nil && order < 0 {
			return kept.note, true
		}
	}
	// An annotation that a person broke is one that is not there.
	_ = json.Unmarshal([]byte(update.Annotations[workload.AnnotationChatMessage]), &n)
	return n, true
}

func (r *Reconciler) remember(update *v1alpha1.ImageUpdate, n note, version string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil {
		r.kept = map[types.NamespacedName]keptNote{}
	}
	r.kept[client.ObjectKeyFromObject(update)] = keptNote{n, update.UID, version}
}

func (r *Reconciler) forget(name types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.kept, name)
}

// keep notes which message shows an update. If it fails, another process writes the
// message again.
func (r *Reconciler) keep(ctx context.Context, update *v1alpha1.ImageUpdate, now note) error {
	r.remember(update, now, "")
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
	if err := r.Client.Patch(ctx, update, client.RawPatch("application/merge-patch+json", patch)); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.remember(update, now, update.ResourceVersion)
	r.Log.V(1).Info("shown", "namespace", update.Namespace, "update", update.Name)
	return nil
}

// hashOf is another one where the message would be.
func hashOf(update *v1alpha1.ImageUpdate) string {
	sum := sha256.Sum256([]byte(Summary(update) + "\n" + Voters(update)))
	return hex.EncodeToString(sum[:8])
}
