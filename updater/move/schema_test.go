package move

import (
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What the API server says of a field that it does not know has the object in
// it, and with it what people write into environment variables.
func TestRefusalsAreToldWithoutTheObject(t *testing.T) {
	invalid := func(at *field.Path) error {
		return apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{field.Invalid(at, `{"env":[{"value":"secret"}]}`, "unknown field")})
	}
	if got := explainRefusal(invalid(field.NewPath("patch"))); !errors.Is(got, errNoAnnotations) || strings.Contains(got.Error(), "secret") {
		t.Errorf("an unknown field: %v", got)
	}
	for _, other := range []error{nil, errors.New("away"), invalid(field.NewPath("spec", "replicas")), apierrors.NewForbidden(schema.GroupResource{}, "it", nil)} {
		if got := explainRefusal(other); !errors.Is(got, other) {
			t.Errorf("%v became %v", other, got)
		}
	}
}
