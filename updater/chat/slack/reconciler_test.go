package slack_test

import (
	"context"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// The message of an update is noted in the update, which the cache shows a moment later.
func TestOneMessageAlthoughItsNoteIsNotSeen(t *testing.T) {
	name := types.NamespacedName{Namespace: "shop", Name: "web-1"}
	posts := func(w *world) int { return len(w.Of("chat.postMessage")) }
	t.Run("a vote comes before the cache has the note", func(t *testing.T) {
		w := newWorld(t)
		w.change(func(u *v1alpha1.ImageUpdate) { u.Status.Approvals = 1 })
		behind := &v1alpha1.ImageUpdate{}
		if err := w.client.Get(t.Context(), name, behind); err != nil {
			t.Fatal(err)
		}
		w.reconcile(name)
		w.reconciler.Client = interceptor.NewClient(w.client.(client.WithWatch), interceptor.Funcs{
			Get: func(_ context.Context, _ client.WithWatch, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
				behind.DeepCopyInto(into.(*v1alpha1.ImageUpdate))
				return nil
			},
		})
		w.reconcile(name)
		w.reconciler.Client = w.client
		w.change(func(u *v1alpha1.ImageUpdate) { u.Status.Approvals = 2 })
		w.reconcile(name)
		if got, changes := posts(w), len(w.Of("chat.update")); got != 1 || changes != 1 {
			t.Errorf("got %d messages and %d changes, want one that is changed once", got, changes)
		}
	})
	t.Run("the note is refused for a while", func(t *testing.T) {
		w := newWorld(t)
		refused := errors.New("imageupdates is forbidden")
		w.reconciler.Client = interceptor.NewClient(w.client.(client.WithWatch), interceptor.Funcs{
			Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, options ...client.PatchOption) error {
				if refused != nil {
					return refused
				}
				return c.Patch(ctx, o, p, options...)
			},
		})
		for range 3 {
			if _, err := w.reconciler.Reconcile(t.Context(), reconcile.Request{NamespacedName: name}); err == nil {
				t.Error("nothing is tried again")
			}
		}
		refused = nil
		w.reconcile(name)
		if got := posts(w); got != 1 {
			t.Errorf("got %d messages, want one", got)
		}
		kept := &v1alpha1.ImageUpdate{}
		if err := w.client.Get(t.Context(), name, kept); err != nil || len(kept.Annotations) != 1 {
			t.Errorf("the note is %v, %v", kept.Annotations, err)
		}
	})
}

// A replica that starts owns nothing yet, and no change of the update has to come once it
// does.
func TestUpdateIsShownOnceItIsOurs(t *testing.T) {
	name := types.NamespacedName{Namespace: "shop", Name: "web-1"}
	w := newWorld(t)
	ours := false
	w.reconciler.Owns = func(string) bool { return ours }
	if got := w.reconcile(name); got.RequeueAfter == 0 {
		t.Error("it is not looked at again")
	}
	ours = true
	if got := w.reconcile(name); got.RequeueAfter > 0 || len(w.Of("chat.postMessage")) != 1 {
		t.Errorf("once it is ours: got %v", w.Calls())
	}
	ours = false
	if got := w.reconcile(name); got.RequeueAfter > 0 {
		t.Errorf("one that is shown as it stands is looked at again after %s", got.RequeueAfter)
	}
	settings := w.settings()
	w.workspace.Configure(nil)
	w.change(func(u *v1alpha1.ImageUpdate) { u.Status.Approvals = 1 })
	if got := w.reconcile(name); got.RequeueAfter == 0 {
		t.Error("it is not looked at again while no chat is set up")
	}
	w.workspace.Configure(settings)
	w.change(func(u *v1alpha1.ImageUpdate) { u.Status.Phase = v1alpha1.PhaseRejected })
	if got := w.reconcile(name); got.RequeueAfter == 0 {
		t.Error("its message has buttons although it is decided, and it is not looked at again")
	}
	w.workspace.Configure(nil)
	if got := w.reconcile(name); got.RequeueAfter > 0 {
		t.Errorf("one that is decided is looked at again after %s", got.RequeueAfter)
	}
}
