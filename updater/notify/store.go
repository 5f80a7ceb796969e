package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// ConfigMapStore keeps what waits in a ConfigMap, each process under a key of
// its own. The ConfigMap has to exist: making it is the installation's, so that
// the process needs the rights to that one object alone.
type ConfigMapStore struct {
	// Client reads and patches the ConfigMap. Required.
	Client typedcorev1.ConfigMapsGetter
	// Namespace and Name are the ConfigMap's, Key is what is this process's in
	// it. Required.
	Namespace, Name, Key string

	mu     sync.Mutex
	others []string // keys that were taken over, and are to go
}

// Load reads all keys, in the order of their names: those of other processes,
// too. One that still runs goes on with what it has, so that notices of it may
// come twice; for one that does not, this is the only way.
func (s *ConfigMapStore) Load(ctx context.Context) ([][]byte, error) {
	object, err := s.Client.ConfigMaps(s.Namespace).Get(ctx, s.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the ConfigMap %q: %w", s.Namespace+"/"+s.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.others = nil
	var all [][]byte
	for _, key := range slices.Sorted(maps.Keys(object.Data)) {
		all = append(all, []byte(object.Data[key]))
		if key != s.Key {
			s.others = append(s.others, key)
		}
	}
	return all, nil
}

// Save writes the key, or takes it away where there is no data, and in the same
// write takes away those that were taken over.
func (s *ConfigMapStore) Save(ctx context.Context, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := map[string]*string{s.Key: nil}
	for _, key := range s.others {
		changes[key] = nil
	}
	if len(data) > 0 {
		text := string(data)
		changes[s.Key] = &text
	}
	patch, err := json.Marshal(map[string]any{"data": changes})
	if err != nil {
		return fmt.Errorf("writing the patch: %w", err)
	}
	if _, err := s.Client.ConfigMaps(s.Namespace).Patch(ctx, s.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("patching the ConfigMap %q: %w", s.Namespace+"/"+s.Name, err)
	}
	s.others = nil
	return nil
}
