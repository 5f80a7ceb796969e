package helmvalues

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// pack wraps a release as Helm does.
func pack(t testing.TB, release []byte) []byte {
	t.Helper()
	return []byte(base64.StdEncoding.EncodeToString(zip(t, release)))
}

func zip(t testing.TB, data []byte) []byte {
	t.Helper()
	var zipped bytes.Buffer
	writer, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return zipped.Bytes()
}

// revisionOf is the Secret of a revision of the release shop, with the chart's
// values and the user's as YAML.
func revisionOf(t testing.TB, number int, status, chart, user string) *corev1.Secret {
	t.Helper()
	read := func(text string) map[string]any {
		values := map[string]any{}
		if err := yaml.Unmarshal([]byte(text), &values); err != nil {
			t.Fatal(err)
		}
		return values
	}
	release, err := json.Marshal(map[string]any{
		"name": "shop", "chart": map[string]any{"templates": []any{map[string]any{"data": "e30="}}, "values": read(chart)},
		"config": read(user), "manifest": "---\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	return secretOf(number, status, pack(t, release))
}

func secretOf(number int, status string, data []byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "team", Name: fmt.Sprintf("sh.helm.release.v1.shop.v%d", number), UID: types.UID(strconv.Itoa(number)), ResourceVersion: "1",
			Labels: map[string]string{"owner": "helm", "name": "shop", "status": status, "version": strconv.Itoa(number)},
		},
		Type: secretType, Data: map[string][]byte{"release": data},
	}
}

// server is the API server's part: it holds Secrets, counts what it is asked,
// and may fail.
type server struct {
	mu          sync.Mutex
	secrets     map[string]*corev1.Secret
	gets, lists int
	err         error
	onGet       func()
}

func newServer(secrets ...*corev1.Secret) *server {
	s := &server{secrets: map[string]*corev1.Secret{}}
	s.put(secrets...)
	return s
}

func (s *server) put(secrets ...*corev1.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range secrets {
		s.secrets[secret.Namespace+"/"+secret.Name] = secret
	}
}

func (s *server) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *server) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	if s.onGet != nil {
		s.onGet()
	}
	if s.err != nil || ctx.Err() != nil {
		return errorsOr(s.err, ctx.Err())
	}
	secret, ok := s.secrets[key.String()]
	if !ok {
		return apierrors.NewNotFound(corev1.Resource("secrets"), key.Name)
	}
	secret.DeepCopyInto(into.(*corev1.Secret))
	return nil
}

func (s *server) List(ctx context.Context, into client.ObjectList, options ...client.ListOption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	if s.err != nil || ctx.Err() != nil {
		return errorsOr(s.err, ctx.Err())
	}
	var by client.ListOptions
	by.ApplyOptions(options)
	list := into.(*metav1.PartialObjectMetadataList)
	for _, secret := range s.secrets {
		if secret.Namespace == by.Namespace && by.LabelSelector.Matches(labelsOf(secret)) && int64(len(list.Items)) < by.Limit {
			list.Items = append(list.Items, metav1.PartialObjectMetadata{ObjectMeta: secret.ObjectMeta})
		}
	}
	return nil
}

func errorsOr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// workloadOf is a Deployment of the release shop, that runs the images.
func workloadOf(t testing.TB, images ...string) *workload.Object {
	t.Helper()
	var containers []any
	for i, image := range images {
		containers = append(containers, map[string]any{"name": fmt.Sprint("c", i), "image": image})
	}
	o, ok := workload.StandardKinds().FromMap(map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{
			"name": "web", "labels": map[string]any{"app.kubernetes.io/managed-by": "Helm"},
			"annotations": map[string]any{"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "team"},
		},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": containers}}},
	})
	if !ok {
		t.Fatal("not a workload")
	}
	return o
}

// governed lists the policies of the workload's containers by a release: "-" for
// none.
func governed(o *workload.Object, r settings.Release) (policies []string, faults []string) {
	o = o.WithRelease(r)
	settings := settings.ReadSettings(o, workload.Namespace{})
	for _, slot := range o.Slots() {
		name := "-"
		if rule := settings.Rule(slot); rule.Governed() {
			name = rule.Policy.Name()
		}
		policies = append(policies, name)
	}
	for _, f := range settings.Faults {
		faults = append(faults, f.Error().Error())
	}
	return policies, faults
}
