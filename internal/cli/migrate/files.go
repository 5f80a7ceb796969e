package migrate

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/migrate/plan"
	"github.com/garboard-dev/garboard/internal/cluster/helmvalues"
	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
)

// releases tells what the Helm release of a workload says.
type releases = func(ctx context.Context, namespace string, o *workload.Object) (settings.Release, error)

// fromFiles reads manifests, and the values of Keel's chart. What is neither is an error.
// A manifest that names no namespace is one of the namespace that is given.
func fromFiles(ctx context.Context, manifests cmdline.ManifestOptions, namespace string, in io.Reader, warnings io.Writer) ([]plan.Source, releases, error) {
	files, err := manifests.Read(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	var sources []plan.Source
	var secrets fileSecrets
	for _, file := range files {
		for _, warning := range file.Warnings() {
			fmt.Fprintln(warnings, "garboard:", warning)
		}
		for _, document := range file.Documents() {
			where := fmt.Sprintf("%s:%d", file.Name(), document.Line)
			u := unstructured.Unstructured{Object: document.Object}
			if u.GetKind() == "" || u.GetAPIVersion() == "" {
				if _, ok := keel.FromValues(document.Object); !ok {
					return nil, nil, fmt.Errorf("%s: no manifest; allowed: an object with apiVersion and kind, or the values of Keel's chart", where)
				}
			}
			object := inNamespace(document.Object, cmp.Or(namespace, metav1.NamespaceDefault))
			if u.GetKind() == "Secret" {
				secrets.add(object)
			}
			sources = append(sources, plan.Source{Where: where, Object: object})
		}
	}
	warnOfAbsent(sources, warnings)
	return sources, helmvalues.New(helmvalues.Options{Live: secrets}).Of, nil
}

// warnOfAbsent tells which Secrets and ConfigMaps Keel takes whole into its environment, and
// no file has: nothing else in the plan shows that something is missing.
func warnOfAbsent(sources []plan.Source, warnings io.Writer) {
	there := map[string]bool{}
	for _, s := range sources {
		u := unstructured.Unstructured{Object: s.Object}
		there[u.GetKind()+" "+u.GetNamespace()+"/"+u.GetName()] = true
	}
	for _, s := range sources {
		i, ok := keel.Read(s.Object)
		if !ok {
			continue
		}
		for _, ref := range i.SecretRefs {
			if name := "Secret " + i.Namespace + "/" + ref.Name; !there[name] {
				fmt.Fprintf(warnings, "garboard: Keel's %s is in none of the files, so what it sets is not in the plan; its keys with empty values will do\n", name)
			}
		}
		for _, ref := range i.ConfigMapRefs {
			if name := "ConfigMap " + i.Namespace + "/" + ref.Name; !there[name] {
				fmt.Fprintf(warnings, "garboard: Keel's %s is in none of the files, so what it sets is not in the plan\n", name)
			}
		}
	}
}

// inNamespace is a manifest with a namespace, where it names none. Those that are in no
// namespace are not asked for one.
func inNamespace(object map[string]any, namespace string) map[string]any {
	metadata, ok := object["metadata"].(map[string]any)
	if !ok || workload.Text(metadata["namespace"]) != "" {
		return object
	}
	whole, named := maps.Clone(object), maps.Clone(metadata)
	whole["metadata"], named["namespace"] = named, namespace
	return whole
}

// fileSecrets are the Secrets of Helm's releases among the manifests, as an API server
// would tell of them.
type fileSecrets []*corev1.Secret

func (s *fileSecrets) add(object map[string]any) {
	secret := &corev1.Secret{}
	if runtime.DefaultUnstructuredConverter.FromUnstructured(object, secret) == nil {
		*s = append(*s, secret)
	}
}

var errNotServed = errors.New("files have Secrets alone")

// Get finds a Secret.
func (s fileSecrets) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	to, ok := into.(*corev1.Secret)
	if !ok {
		return errNotServed
	}
	for _, secret := range s {
		if client.ObjectKeyFromObject(secret) == key {
			secret.DeepCopyInto(to)
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, key.Name)
}

// List finds the metadata of Secrets.
func (s fileSecrets) List(_ context.Context, into client.ObjectList, options ...client.ListOption) error {
	to, ok := into.(*metav1.PartialObjectMetadataList)
	if !ok {
		return errNotServed
	}
	var wanted client.ListOptions
	wanted.ApplyOptions(options)
	for _, secret := range s {
		if secret.Namespace == wanted.Namespace && (wanted.LabelSelector == nil || wanted.LabelSelector.Matches(labelSet(secret.Labels))) {
			to.Items = append(to.Items, metav1.PartialObjectMetadata{ObjectMeta: secret.ObjectMeta})
		}
	}
	return nil
}

// maxListLine bounds the line of a repository: some have ten thousand tags.
const maxListLine = 8 << 20

// readLists reads a file with a repository and its tags on each line.
func readLists(name string) (plan.Lists, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the lists of tags: %w", err)
	}
	lists := plan.Lists{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxListLine)
	for number := 1; lines.Scan(); number++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		reference, err := resolver.ParseReference(words[0])
		if err != nil || reference.Tag != "" || reference.Digest != "" {
			return nil, fmt.Errorf("%s:%d: %q: no repository; allowed: a repository and its tags, divided by blanks", name, number, cmdline.Shown(words[0]))
		}
		if at := slices.IndexFunc(words[1:], func(tag string) bool { return !policy.ValidTag(tag) }); at >= 0 {
			return nil, fmt.Errorf("%s:%d: %q: not a tag", name, number, cmdline.Shown(words[1+at]))
		}
		lists[reference.Repository.String()] = append(lists[reference.Repository.String()], words[1:]...)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the lists of tags: %s: %w", name, err)
	}
	return lists, nil
}
