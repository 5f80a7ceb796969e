// Package manifests_test holds what the manifests promise, and keeps
// install.yaml the rendered base:
//
//	go test ./manifests -run 'TestInstall|TestRBAC|TestAdmissionPolicy' -update
package manifests_test

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"testing"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/test/cluster"
)

var update = flag.Bool("update", false, "write the rendered manifest and the golden files again")

const installFile = "install.yaml"

const installHeader = `# Garboard, whole, for the namespace "garboard". cert-manager has to be there first.
# To take it away again, delete the two webhook configurations "garboard" before
# all else: left behind, they refuse writes to opted-in namespaces.
#
# Rendered from manifests/base by: make manifests
`

func TestInstallIsTheRenderedBase(t *testing.T) {
	want := installHeader + kustomize(t, "base")
	if *update {
		must(t, os.WriteFile(installFile, []byte(want), 0o644))
	}
	got, err := os.ReadFile(installFile)
	must(t, err)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not the rendered base; run: make manifests (-want +got):\n%s", installFile, diff)
	}
}

// kustomize renders a folder with the local cluster's kubectl, which is of one
// version on every machine. Where it is not built yet, that takes minutes.
func kustomize(t *testing.T, dir string) string {
	t.Helper()
	programs, err := cluster.Build(t.Context(), os.Stderr)
	must(t, err)
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), programs.Path("kubectl"), "kustomize", dir)
	cmd.Env, cmd.Stderr = append(cmd.Environ(), cluster.NoCollection()...), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("rendering %q: %v\n%s", dir, err, stderr.String())
	}
	return string(out)
}

// install reads install.yaml as typed objects. A field that the types do not
// know, or one given twice, ends the test.
func install(t *testing.T) []client.Object {
	t.Helper()
	text, err := os.ReadFile(installFile)
	must(t, err)
	return decode(t, text)
}

func rendered(t *testing.T, dir string) []client.Object {
	t.Helper()
	return decode(t, []byte(kustomize(t, dir)))
}

func decode(t *testing.T, text []byte) []client.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	must(t, clientscheme.AddToScheme(scheme))
	must(t, cmv1.AddToScheme(scheme))
	must(t, apiextensionsv1.AddToScheme(scheme))
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()

	var objects []client.Object
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		must(t, err)
		decoded, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			t.Fatalf("decoding a document: %v\n%s", err, document)
		}
		object, ok := decoded.(client.Object)
		if !ok {
			t.Fatalf("decoding a document: got a %T, want one object", decoded)
		}
		objects = append(objects, object)
	}
}

// all returns the objects of one type.
func all[T client.Object](objects []client.Object) []T {
	var found []T
	for _, o := range objects {
		if typed, ok := o.(T); ok {
			found = append(found, typed)
		}
	}
	return found
}

// one returns the object of this type and name.
func one[T client.Object](t *testing.T, objects []client.Object, name string) T {
	t.Helper()
	for _, o := range all[T](objects) {
		if o.GetName() == name {
			return o
		}
	}
	var none T
	t.Fatalf("no %T %q", none, name)
	return none
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
