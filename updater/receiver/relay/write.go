package relay

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/updater/poll"
)

// owner is whom the API server names for the fields.
const owner = client.FieldOwner("garboard-updater")

// patch is a merge patch of the ConfigMap; a key that is nil goes.
type patch struct {
	Metadata *patchMetadata     `json:"metadata,omitempty"`
	Data     map[string]*string `json:"data"`
}

type patchMetadata struct {
	ResourceVersion string `json:"resourceVersion"`
}

// write puts pushes into the ConfigMap, which it makes where there is none.
func (r *Relay) write(ctx context.Context, batch map[string]poll.Push) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	data := map[string]string{}
	for repository, push := range batch {
		data[keyOf(repository)] = formatValue(push)
	}
	change := patch{Data: map[string]*string{}}
	for key, value := range data {
		change.Data[key] = &value
	}
	for _, key := range r.surplus(data) {
		change.Data[key] = nil
	}
	err := r.patch(ctx, change)
	if !apierrors.IsNotFound(err) {
		return err
	}
	made := r.object()
	made.Data = data
	if err = r.options.Client.Create(ctx, made, owner); apierrors.IsAlreadyExists(err) {
		return r.patch(ctx, change) // another replica was faster
	}
	if err != nil {
		return fmt.Errorf("creating the ConfigMap %q: %w", Name, err)
	}
	return nil
}

func (r *Relay) object() *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: r.options.Namespace, Name: Name}}
}

func (r *Relay) patch(ctx context.Context, change patch) error {
	text, err := json.Marshal(change)
	if err == nil {
		err = r.options.Client.Patch(ctx, r.object(), client.RawPatch(types.MergePatchType, text), owner)
	}
	if err != nil {
		return fmt.Errorf("patching the ConfigMap %q: %w", Name, err)
	}
	return nil
}

// surplus are the oldest keys that have to go for new ones to come.
func (r *Relay) surplus(added map[string]string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var others []string
	for key := range r.stored {
		if _, again := added[key]; !again {
			others = append(others, key)
		}
	}
	if over := len(others) + len(added) - MaxKeys; over > 0 {
		slices.SortFunc(others, func(a, b string) int {
			return cmp.Or(receivedAt(r.stored[a]).Compare(receivedAt(r.stored[b])), cmp.Compare(a, b))
		})
		return others[:min(over, len(others))]
	}
	return nil
}

// pruneEvery is the time between two looks for old pushes.
const pruneEvery = time.Minute

// Pruner takes old pushes out of the ConfigMap. The leader's does.
type Pruner struct{ relay *Relay }

// Pruner returns the part of the relay that only the leader runs.
func (r *Relay) Pruner() *Pruner { return &Pruner{relay: r} }

// NeedLeaderElection tells the manager that only the leader prunes.
func (*Pruner) NeedLeaderElection() bool { return true }

// Start prunes now and then until ctx ends.
func (p *Pruner) Start(ctx context.Context) error {
	ticker := p.relay.options.Clock.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
			p.relay.prune(ctx)
		}
	}
}

// prune removes what is old or no push. It names the version that it has seen: a
// push that came in since must not go with the one before it.
func (r *Relay) prune(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	r.mu.Lock()
	stored, version, now := maps.Clone(r.stored), r.version, r.options.Clock.Now()
	r.mu.Unlock()
	change := patch{Metadata: &patchMetadata{ResourceVersion: version}, Data: map[string]*string{}}
	for key, value := range stored {
		if _, ok := parseValue(value, now); !ok {
			change.Data[key] = nil
		}
	}
	if len(change.Data) == 0 {
		return
	}
	err := r.patch(ctx, change)
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		r.options.Log.Error(err, "old pushes stay for now", "repositories", len(change.Data))
	}
}
