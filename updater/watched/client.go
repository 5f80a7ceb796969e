package watched

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// NewClient returns a client that patches workloads of Kubernetes' own kinds as typed
// objects. Of the answer it has what reduce keeps.
func NewClient(inner client.Client) client.Client { return typedClient{inner} }

type typedClient struct{ client.Client }

// Patch implements client.Writer.
func (c typedClient) Patch(ctx context.Context, o client.Object, patch client.Patch, options ...client.PatchOption) error {
	into, ok := o.(*unstructured.Unstructured)
	if !ok {
		return c.Client.Patch(ctx, o, patch, options...)
	}
	typed := typedFor(into.GroupVersionKind())
	if typed == nil {
		return c.Client.Patch(ctx, o, patch, options...)
	}
	typed.SetNamespace(into.GetNamespace())
	typed.SetName(into.GetName())
	if err := c.Client.Patch(ctx, typed, patch, options...); err != nil {
		return err
	}
	answer, _, err := reduce(typed)
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	into.Object = answer.Object
	return nil
}
