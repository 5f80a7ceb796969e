package plan

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/internal/workload"
)

// Source is an object, and where it was read.
type Source struct {
	// Where is what a message calls the place; empty for the cluster.
	Where  string
	Object map[string]any
}

// input is what was found.
type input struct {
	keel       *keel.Installation
	workloads  []*workload.Object
	namespaces map[string]workload.Namespace
	// reached tells how Keel's webhooks can be reached; empty where nothing leads to it.
	reached string
}

// NothingError is a place in which there is nothing of Keel.
type NothingError struct{}

// Error says what was looked for.
func (*NothingError) Error() string {
	return "nothing of Keel found: no Deployment that runs its image, and no workload with a policy of Keel"
}

// SeveralError is a place in which there are several Keels.
type SeveralError struct{ Names []string }

// Error names them.
func (e *SeveralError) Error() string {
	return "several Keels: " + strings.Join(e.Names, ", ") + "; name one with --keel"
}

// AbsentError is a Keel that was named and is not there.
type AbsentError struct {
	Name  string
	Found []string
}

// Error names it, and those that are there.
func (e *AbsentError) Error() string {
	return fmt.Sprintf("%q: no Deployment of Keel; found: %s", e.Name, strings.Join(orNone(e.Found), ", "))
}

func orNone(names []string) []string {
	if len(names) == 0 {
		return []string{"none"}
	}
	return names
}

// readSources sorts objects by what they are. named is the Keel that is meant, as
// NAMESPACE/NAME, or empty.
func readSources(sources []Source, kinds workload.Kinds, named string) (*input, error) {
	in := &input{namespaces: map[string]workload.Namespace{}}
	var found []*keel.Installation
	var names []string
	var inGit *keel.Installation
	for _, s := range sources {
		u := unstructured.Unstructured{Object: s.Object}
		if u.GetKind() == workload.NamespaceKind.Kind && u.GetAPIVersion() == workload.NamespaceKind.Version {
			in.namespaces[u.GetName()] = workload.NamespaceOf(u.GetName(), u.GetLabels(), u.GetAnnotations())
		}
		if i, ok := installation(s.Object); ok {
			found = append(found, &i)
			names = append(names, i.Namespace+"/"+i.Name)
			continue // it looks after itself
		}
		if i, ok := keel.FromGitOps(s.Object); ok {
			inGit = &i
		}
		if o, ok := kinds.FromMap(s.Object); ok && !o.Owned() && !o.Deleting() {
			in.workloads = append(in.workloads, o)
		}
	}
	if len(found) == 0 && inGit != nil { // what it installs says more
		found, names = []*keel.Installation{inGit}, []string{inGit.Namespace + "/" + inGit.Name}
	}
	at := slices.Index(names, named)
	switch {
	case named != "" && at < 0:
		return nil, &AbsentError{named, names}
	case named != "":
		in.keel = found[at]
	case len(found) > 1:
		return nil, &SeveralError{names}
	case len(found) == 1:
		in.keel = found[0]
	}
	if in.keel != nil {
		in.takeSources(sources)
		in.reached = whatReaches(in.keel, sources)
	}
	return in, nil
}

// installation reads Keel's Deployment, or the values of its chart.
func installation(object map[string]any) (keel.Installation, bool) {
	if object["kind"] == nil {
		return keel.FromValues(object)
	}
	return keel.Read(object)
}

// takeSources learns which variables come from ConfigMaps, and from Secrets that are taken
// whole. Of these the names of keys are read.
func (in *input) takeSources(sources []Source) {
	for _, s := range sources {
		u := unstructured.Unstructured{Object: s.Object}
		if u.GetNamespace() != in.keel.Namespace {
			continue
		}
		switch u.GetKind() {
		case "Secret":
			in.keel.Take(u.GetName(), secretKeys(&u))
		case "ConfigMap":
			data, _, _ := unstructured.NestedStringMap(u.Object, "data")
			in.keel.TakeConfigMap(u.GetName(), data)
		}
	}
}

// secretKeys are the names of a Secret's keys. Its metadata tells them, too: the managed
// fields name each.
func secretKeys(u *unstructured.Unstructured) []string {
	var keys []string
	for _, field := range []string{"data", "stringData"} {
		m, _ := u.Object[field].(map[string]any)
		for key := range m {
			keys = append(keys, key)
		}
	}
	for _, entry := range u.GetManagedFields() {
		if entry.FieldsV1 != nil {
			keys = append(keys, dataFields(entry.FieldsV1.GetRawBytes())...)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// whatReaches tells what leads to Keel's port.
func whatReaches(k *keel.Installation, sources []Source) string {
	for _, s := range sources {
		u := unstructured.Unstructured{Object: s.Object}
		if u.GetKind() != "Service" || u.GetNamespace() != k.Namespace {
			continue
		}
		ports, _, _ := unstructured.NestedSlice(u.Object, "spec", "ports")
		for _, port := range ports {
			p, _ := port.(map[string]any)
			if fmt.Sprint(p["targetPort"]) == keelPort || fmt.Sprint(p["port"]) == keelPort {
				return "Service " + u.GetName()
			}
		}
	}
	if k.Service != "" {
		return "Service " + k.Service
	}
	if k.Relay {
		return "Webhook Relay"
	}
	return ""
}

// keelPort is where Keel listens.
const keelPort = "9300"
