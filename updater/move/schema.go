package move

import (
	"errors"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// errNoAnnotations is a custom kind that no bump can reach.
var errNoAnnotations = errors.New("the kind's schema has no annotations on the pod template, so that it cannot be updated")

// strictly asks the API server to refuse a bump with a field that the schema of
// a custom kind does not have. It would drop the bump otherwise, before admission
// sees it, and the answer would read as one that moves nothing.
const strictly = client.FieldValidation(metav1.FieldValidationStrict)

// explainRefusal puts the refusal that strictly asks for in our own words. The API
// server's has the whole object in it, and what stands in an object belongs in
// no Event and no log.
func explainRefusal(err error) error {
	var refused apierrors.APIStatus
	if !errors.As(err, &refused) || refused.Status().Details == nil {
		return err
	}
	ofPatch := func(cause metav1.StatusCause) bool { return cause.Field == "patch" }
	if slices.ContainsFunc(refused.Status().Details.Causes, ofPatch) {
		return errNoAnnotations
	}
	return err
}
