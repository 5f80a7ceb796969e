package workload

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
)

// maxTemplateDepth bounds the path of a pod template. A CronJob's, the longest
// of Kubernetes itself, has four keys.
const maxTemplateDepth = 16

// kindForm is how a custom kind is written.
const kindForm = "KIND.VERSION.GROUP=PATH, such as Rollout.v1alpha1.argoproj.io=spec.template"

// KindError is an entry that ParseKinds does not understand.
type KindError struct {
	// Entry is what was given.
	Entry string
	// Allowed says what would be good in its place.
	Allowed string
}

// Error names the entry and what is allowed.
func (e *KindError) Error() string { return fmt.Sprintf("%q: allowed: %s", e.Entry, e.Allowed) }

// ParseKinds returns the kinds of Kubernetes itself and the custom ones of the
// entries, each KIND.VERSION.GROUP=PATH: the kind as `kubectl get` takes it,
// and the keys that lead to its pod template, joined with dots. It also returns
// what is wrong with the others, a fault an entry.
func ParseKinds(entries []string) (Kinds, []*KindError) {
	var kinds Kinds
	var faults []*KindError
	for _, entry := range entries {
		kind, allowed := parseKind(entry)
		if allowed == "" {
			allowed = kinds.collision(kind)
		}
		if allowed != "" {
			faults = append(faults, &KindError{Entry: entry, Allowed: allowed})
			continue
		}
		kinds.custom = append(kinds.custom, kind)
	}
	return kinds, faults
}

// parseKind reads one entry, or says what is allowed in its place.
func parseKind(entry string) (kind Kind, allowed string) {
	name, path, ok := strings.Cut(entry, "=")
	gvk, _ := schema.ParseKindArg(name)
	if !ok || gvk == nil {
		return Kind{}, kindForm
	}
	switch {
	case !kindName.MatchString(gvk.Kind):
		return Kind{}, fmt.Sprintf("a kind that begins with a capital, not a resource; %s", kindForm)
	case len(validation.IsDNS1035Label(gvk.Version)) > 0:
		return Kind{}, fmt.Sprintf("a version such as v1 or v1alpha1; %s", kindForm)
	case len(validation.IsDNS1123Subdomain(gvk.Group)) > 0:
		return Kind{}, fmt.Sprintf("an API group such as argoproj.io; %s", kindForm)
	}
	template := strings.Split(path, ".")
	if allowed := checkTemplate(template); allowed != "" {
		return Kind{}, allowed
	}
	return Kind{GroupVersionKind: *gvk, Template: template}, ""
}

var (
	kindName    = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,62}$`)
	templateKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`)
)

// notTemplates are the parts of every object that hold no pod template.
var notTemplates = []string{"apiVersion", "kind", "metadata", "status"}

func checkTemplate(path []string) (allowed string) {
	switch bad := func(key string) bool { return !templateKey.MatchString(key) }; {
	case slices.ContainsFunc(path, bad):
		return "a path of keys joined with dots, such as spec.template; not through lists"
	case len(path) > maxTemplateDepth:
		return fmt.Sprintf("a path of at most %d keys", maxTemplateDepth)
	case slices.Contains(notTemplates, path[0]):
		return "a path outside " + strings.Join(notTemplates, ", ")
	}
	return ""
}

// collision says what is allowed in place of a kind that is there already.
func (k Kinds) collision(kind Kind) (allowed string) {
	known, ok := k.For(kind.Group, kind.GroupVersionKind.Kind)
	switch {
	case !ok:
		return ""
	case k.Custom(known):
		return "a kind once, in one version"
	default:
		return "a kind other than those of Kubernetes itself"
	}
}
