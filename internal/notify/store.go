package notify

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// ConfigMapStore keeps what waits under one key of a ConfigMap, which has to
// exist: making it is the installation's, so that the process needs the rights
// to that one object alone.
type ConfigMapStore struct {
	// Client reads and patches the ConfigMap. Required.
	Client typedcorev1.ConfigMapsGetter
	// Namespace and Name are the ConfigMap's, Key is what is ours in it. Required.
	Namespace, Name, Key string
}

// Load reads the key.
func (s *ConfigMapStore) Load(ctx context.Context) ([]byte, error) {
	object, err := s.Client.ConfigMaps(s.Namespace).Get(ctx, s.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the ConfigMap %q: %w", s.Namespace+"/"+s.Name, err)
	}
	return []byte(object.Data[s.Key]), nil
}

// Save writes the key, and nothing else; without data it takes it away.
func (s *ConfigMapStore) Save(ctx context.Context, data []byte) error {
	var text *string
	if len(data) > 0 {
		t := string(data)
		text = &t
	}
	patch, err := json.Marshal(map[string]any{"data": map[string]any{s.Key: text}})
	if err != nil {
		return fmt.Errorf("writing the patch: %w", err)
	}
	if _, err := s.Client.ConfigMaps(s.Namespace).Patch(ctx, s.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("patching the ConfigMap %q: %w", s.Namespace+"/"+s.Name, err)
	}
	return nil
}
