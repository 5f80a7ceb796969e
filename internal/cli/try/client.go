package try

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"
)

// demoManifest is a Deployment as Keel's users write it. REGISTRY is the host.
//
//go:embed keel-demo.yaml
var demoManifest string

// person is who uses kubectl.
const person = "kubernetes-admin"

// client plays kubectl: what it sends for a command, and no more.
type client struct {
	api      *apiServer
	manifest string
}

func newClient(api *apiServer, host string) *client {
	return &client{api: api, manifest: strings.ReplaceAll(demoManifest, "REGISTRY", host)}
}

// parse returns the Deployment of the manifest.
func (c *client) parse() (*unstructured.Unstructured, error) {
	object := map[string]any{}
	if err := yaml.Unmarshal([]byte(c.manifest), &object); err != nil {
		return nil, fmt.Errorf("parsing the manifest: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}

// apply is a client-side kubectl apply: it merges the manifest by what was applied
// last and what is stored.
func (c *client) apply(ctx context.Context) (*answer, error) {
	wanted, err := c.parse()
	if err != nil {
		return nil, err
	}
	text, err := wanted.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("applying the manifest: %w", err)
	}
	wanted.SetAnnotations(map[string]string{corev1.LastAppliedConfigAnnotation: string(text)})
	submitted := wanted
	if c.api.stored != nil {
		if submitted, err = mergeApply(c.api.stored, wanted); err != nil {
			return nil, fmt.Errorf("applying the manifest: %w", err)
		}
	}
	return c.api.do(ctx, write{object: submitted, user: person, manager: "kubectl-client-side-apply"})
}

// mergeApply is the three-way merge of kubectl apply.
func mergeApply(stored, wanted *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	schema, err := strategicpatch.NewPatchMetaFromStruct(appsv1.Deployment{})
	if err != nil {
		return nil, err
	}
	current, err := stored.MarshalJSON()
	if err != nil {
		return nil, err
	}
	modified, err := wanted.MarshalJSON()
	if err != nil {
		return nil, err
	}
	original := []byte(stored.GetAnnotations()[corev1.LastAppliedConfigAnnotation])
	patch, err := strategicpatch.CreateThreeWayMergePatch(original, modified, current, schema, true)
	if err != nil {
		return nil, err
	}
	text, err := strategicpatch.StrategicMergePatchUsingLookupPatchMeta(current, patch, schema)
	if err != nil {
		return nil, err
	}
	result := &unstructured.Unstructured{}
	err = result.UnmarshalJSON(text)
	return result, err
}

// errNoRevision is why there is nothing to undo.
var errNoRevision = errors.New("no rollout history found")

// undo is kubectl rollout undo: the template of the revision before, with the
// annotations that the Deployment had then. It returns that revision's number.
func (c *client) undo(ctx context.Context) (*answer, int, error) {
	if len(c.api.revisions) < 2 {
		return nil, 0, fmt.Errorf("undoing the rollout: %w", errNoRevision)
	}
	before := c.api.revisions[len(c.api.revisions)-2]
	submitted := c.api.stored.DeepCopy()
	annotations := maps.Clone(before.annotations)
	annotations[corev1.LastAppliedConfigAnnotation] = submitted.GetAnnotations()[corev1.LastAppliedConfigAnnotation]
	submitted.SetAnnotations(annotations)
	if err := unstructured.SetNestedMap(submitted.Object, before.template, "spec", "template"); err != nil {
		return nil, 0, fmt.Errorf("undoing the rollout: %w", err)
	}
	// It gives no field manager, as kubectl gives none.
	a, err := c.api.do(ctx, write{object: submitted, user: person})
	return a, before.number, err
}
