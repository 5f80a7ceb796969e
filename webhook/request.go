package webhook

import (
	"context"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// Namespaces tells what a namespace says to Garboard. The error is
// *NotFoundError where there is no such namespace.
type Namespaces interface {
	Namespace(ctx context.Context, name string) (workload.Namespace, error)
}

// readRequest takes a request apart. The error is a *skipError where the request is
// none of ours.
func readRequest(ctx context.Context, kinds workload.Kinds, namespaces Namespaces, req admission.Request) (Input, error) {
	kind, ok := kinds.For(req.Kind.Group, req.Kind.Kind)
	if !ok || req.SubResource != "" {
		return Input{}, &skipError{"not a workload"}
	}
	if req.Operation != admissionv1.Create && req.Operation != admissionv1.Update {
		return Input{}, &skipError{"neither create nor update"}
	}
	in := Input{}
	var err error
	if in.Object, err = workload.Parse(kind, req.Object.Raw); err != nil {
		return Input{}, &requestError{err}
	}
	if err := callerOf(ctx).Err(); err != nil { // a large object takes its time
		return Input{}, fmt.Errorf("reading request: %w", err)
	}
	if req.Operation == admissionv1.Update {
		if in.Stored, err = workload.Parse(kind, req.OldObject.Raw); err != nil {
			return Input{}, &requestError{err}
		}
	}
	// The endpoint trusts no caller: only namespaces that exist and opted in
	// make us ask a registry.
	if in.Namespace, err = namespaces.Namespace(ctx, req.Namespace); err != nil {
		return Input{}, err
	}
	if !in.Namespace.Enabled() {
		return Input{}, &skipError{"namespace has not opted in"}
	}
	in.Manager, in.User = manager(req), req.UserInfo.Username
	in.Method = method(in)
	return in, nil
}

// readSettings reads the settings of both objects. The same text in both is compiled
// once, and nothing more once the caller has left.
func (in *Input) readSettings(ctx context.Context) (err error) {
	reader := settings.NewReader()
	if in.settings, err = reader.Settings(ctx, in.Object, in.Namespace); err != nil || in.Stored == nil {
		return err
	}
	in.before, err = reader.Settings(ctx, in.Stored, in.Namespace)
	return err
}

// manager reads the field manager from the request's options.
func manager(req admission.Request) string {
	var options struct {
		FieldManager string `json:"fieldManager"`
	}
	if json.Unmarshal(req.Options.Raw, &options) != nil {
		return ""
	}
	return options.FieldManager
}

// method tells a PUT of a manifest from a PATCH. The request does not: the API
// server turns the options of a PATCH into those of an update
// (k8s.io/apiserver/pkg/endpoints/handlers/patch.go). But a patched object
// comes with the UID of the stored one, and a manifest has none.
func method(in Input) intent.Method {
	if in.Manager == "kubectl-replace" || in.Stored != nil && in.Stored.UID() != "" && in.Object.UID() == "" {
		return intent.Put
	}
	return intent.Patch
}
