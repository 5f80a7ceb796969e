package doctor

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apimachinery/pkg/version"
	discovery "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/dynamic/fake"
	kubefake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	core "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// world is an installation of install.yaml in which nothing is wrong, until a test breaks
// it.
type world struct {
	minor             string // of the API server
	webhook, updater  *appsv1.Deployment
	mutating          *admissionregistrationv1.MutatingWebhookConfiguration
	validating        *admissionregistrationv1.ValidatingWebhookConfiguration
	secret            *corev1.Secret
	lease             *coordinationv1.Lease
	endpoints         *discoveryv1.EndpointSlice
	team              *corev1.Namespace
	more, policies    []runtime.Object
	objects           []*unstructured.Unstructured // custom ones
	definitions       []*unstructured.Unstructured
	forbidden         func(a *authorizationv1.ResourceAttributes) bool
	admit             func(d *appsv1.Deployment) (*appsv1.Deployment, error)
	status            lister
	metrics           Counter
	serverTime        time.Time
	dial              func(context.Context) (net.Conn, error)
	version           string
	react             core.ReactionFunc // goes before all others
	forbidReviews     bool
	withoutUpdater    bool
	withoutWebhook    bool
	withoutMutating   bool
	withoutValidating bool
	withoutSecret     bool
	withoutLease      bool
	withoutVotes      bool // the definitions
	forbidDefinitions bool
	now               time.Time
	ca                *authority
}

type lister struct {
	items []status.Item
	err   error
}

func (l lister) List(context.Context, string) (*status.List, error) {
	return &status.List{Items: l.items}, l.err
}

// metricsText is what one updater counts.
type metricsText struct {
	text string
	err  error
}

func (m metricsText) Metrics(context.Context) ([][]byte, error) {
	return [][]byte{[]byte(m.text)}, m.err
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{minor: "37", now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), version: "devel"}
	w.serverTime, w.ca = w.now, newAuthority(t, w.now)
	w.install(t)
	for _, d := range []*appsv1.Deployment{w.webhook, w.updater} {
		d.Status.ReadyReplicas = *d.Spec.Replicas
	}
	w.trust(w.ca.bundle)
	w.secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: servingSecret, Namespace: "garboard"}}
	w.serve(t, w.ca, w.now.Add(90*24*time.Hour), "garboard-webhook.garboard.svc")
	w.team = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team", Labels: map[string]string{workload.LabelEnabled: "true"}}}
	renewed := metav1.NewMicroTime(w.now.Add(300 * time.Millisecond))
	w.lease = &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: updaterName, Namespace: "garboard", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "garboard", Time: ptr.To(metav1.NewTime(w.now))}}},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: ptr.To("garboard-updater-1_x"), LeaseDurationSeconds: ptr.To[int32](30), RenewTime: &renewed},
	}
	checked := metav1.NewTime(w.now)
	w.status = lister{items: []status.Item{{Namespace: "team", Name: "shop", Repository: "registry.corp/shop", Running: "1.2.0", State: report.StateCurrent, LastCheck: &checked}}}
	w.metrics = metricsText{}
	w.admit = func(d *appsv1.Deployment) (*appsv1.Deployment, error) {
		d.Spec.Template.Annotations = map[string]string{workload.AnnotationRecord: "probe=3.9"}
		return d, nil
	}
	return w
}

// run has both Deployments run the images of these tags.
func (w *world) run(webhook, updater string) {
	w.webhook.Spec.Template.Spec.Containers[0].Image = "ghcr.io/garboard-dev/garboard:" + webhook
	w.updater.Spec.Template.Spec.Containers[0].Image = "ghcr.io/garboard-dev/garboard:" + updater
}

// install takes what the doctor looks at out of install.yaml.
func (w *world) install(t *testing.T) {
	t.Helper()
	data, err := os.ReadFile("../../../manifests/install.yaml")
	if err != nil {
		t.Fatal(err)
	}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
		if runtime.IsNotRegisteredError(err) {
			w.define(document)
			continue // or one of cert-manager's
		}
		if err != nil {
			t.Fatal(err)
		}
		switch o := object.(type) {
		case *appsv1.Deployment:
			if o.Name == webhookName {
				w.webhook = o
			} else {
				w.updater = o
			}
		case *admissionregistrationv1.MutatingWebhookConfiguration:
			w.mutating = o
		case *admissionregistrationv1.ValidatingWebhookConfiguration:
			w.validating = o
		case *admissionregistrationv1.ValidatingAdmissionPolicy, *admissionregistrationv1.ValidatingAdmissionPolicyBinding:
			w.policies = append(w.policies, o)
		case *corev1.Service:
			w.more = append(w.more, o)
			w.endpoints = &discoveryv1.EndpointSlice{
				ObjectMeta: metav1.ObjectMeta{Name: o.Name, Namespace: o.Namespace, Labels: map[string]string{discoveryv1.LabelServiceName: o.Name}},
				Endpoints:  []discoveryv1.Endpoint{{}},
			}
			w.more = append(w.more, w.endpoints)
		}
	}
}

// define takes in a CustomResourceDefinition, as an API server has it.
func (w *world) define(document []byte) {
	object := &unstructured.Unstructured{}
	if err := utilyaml.Unmarshal(document, &object.Object); err != nil {
		panic(err)
	}
	if object.GetKind() != "CustomResourceDefinition" {
		return
	}
	status := map[string]any{
		"storedVersions": []any{"v1alpha1"},
		"conditions":     []any{map[string]any{"type": "NamesAccepted", "status": "True"}, map[string]any{"type": "Established", "status": "True"}},
	}
	object.Object["status"] = status
	w.definitions = append(w.definitions, object)
}

// definition changes that of a resource at a path, whose numbers are indices of lists; nil
// removes what is there.
func (w *world) definition(resource string, value any, path ...any) {
	at := slices.IndexFunc(w.definitions, func(o *unstructured.Unstructured) bool { return strings.HasPrefix(o.GetName(), resource+".") })
	var parent any = w.definitions[at].Object
	for _, step := range path[:len(path)-1] {
		switch step := step.(type) {
		case int:
			parent = parent.([]any)[step] //nolint:forcetypeassert // of install.yaml
		case string:
			parent = parent.(map[string]any)[step] //nolint:forcetypeassert // of install.yaml
		}
	}
	fields, last := parent.(map[string]any), path[len(path)-1].(string) //nolint:forcetypeassert // of install.yaml
	if value == nil {
		delete(fields, last)
		return
	}
	fields[last] = value
}

// schemaOf is the path to a field of the schema of updates or votes.
func schemaOf(fields ...any) []any {
	return append([]any{"spec", "versions", 0, "schema", "openAPIV3Schema", "properties"}, fields...)
}

// trust puts a CA into all webhooks.
func (w *world) trust(bundle []byte) {
	for i := range w.mutating.Webhooks {
		w.mutating.Webhooks[i].ClientConfig.CABundle = bundle
	}
	for i := range w.validating.Webhooks {
		w.validating.Webhooks[i].ClientConfig.CABundle = bundle
	}
}

// serve has the Secret hold a certificate.
func (w *world) serve(t *testing.T, ca *authority, until time.Time, name string) {
	t.Helper()
	w.secret.Data = map[string][]byte{}
	w.secret.Data[corev1.TLSCertKey], w.secret.Data[corev1.TLSPrivateKeyKey] = ca.issue(t, w.now, until, name)
}

// binding is that of a policy.
func (w *world) binding(name string) *admissionregistrationv1.ValidatingAdmissionPolicyBinding {
	for _, object := range w.policies {
		if b, ok := object.(*admissionregistrationv1.ValidatingAdmissionPolicyBinding); ok && b.Name == name {
			return b
		}
	}
	panic("install.yaml has no binding " + name)
}

// custom adds an object of a kind that is none of Kubernetes' own.
func (w *world) custom(text string) {
	object := &unstructured.Unstructured{}
	if err := utilyaml.Unmarshal([]byte(text), &object.Object); err != nil {
		panic(err)
	}
	w.objects = append(w.objects, object)
}

func (w *world) kube() *kubefake.Clientset {
	objects := slices.Concat([]runtime.Object{w.team}, w.more, w.policies)
	for object, without := range map[runtime.Object]bool{
		w.webhook: w.withoutWebhook, w.updater: w.withoutUpdater, w.mutating: w.withoutMutating, w.validating: w.withoutValidating, w.secret: w.withoutSecret, w.lease: w.withoutLease,
	} {
		if !without {
			objects = append(objects, object)
		}
	}
	kube := kubefake.NewClientset(objects...)
	kube.Discovery().(*discovery.FakeDiscovery).FakedServerVersion = &version.Info{Major: "1", Minor: w.minor, GitVersion: "v1." + w.minor + ".2"} //nolint:forcetypeassert // its own
	if !w.withoutVotes {
		kube.Resources = append(kube.Resources, &metav1.APIResourceList{
			GroupVersion: "garboard.dev/v1alpha1", APIResources: []metav1.APIResource{{Name: "imageupdates"}, {Name: "imageupdates/status"}, {Name: "imageupdatevotes"}},
		})
	}
	kube.PrependReactor("create", "subjectaccessreviews", func(action core.Action) (bool, runtime.Object, error) {
		review := action.(core.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview) //nolint:forcetypeassert // its own
		if w.forbidReviews {
			return true, nil, forbidden("subjectaccessreviews")
		}
		review.Status.Allowed = w.forbidden == nil || !w.forbidden(review.Spec.ResourceAttributes)
		return true, review, nil
	})
	kube.PrependReactor("create", "deployments", func(action core.Action) (bool, runtime.Object, error) {
		create := action.(core.CreateActionImpl) //nolint:forcetypeassert // its own
		if len(create.CreateOptions.DryRun) == 0 {
			return true, nil, errors.New("the doctor has made a Deployment")
		}
		admitted, err := w.admit(create.GetObject().(*appsv1.Deployment)) //nolint:forcetypeassert // its own
		return true, admitted, err
	})
	if w.react != nil {
		kube.PrependReactor("*", "*", w.react)
	}
	return kube
}

func (w *world) dynamic() *fake.FakeDynamicClient {
	kinds := map[schema.GroupVersionResource]string{
		certificateKind():   "CertificateList",
		definitionKind():    "CustomResourceDefinitionList",
		networkPolicyKind(): "NetworkPolicyList",
		{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}:                         "ApplicationList",
		{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}:                             "RolloutList",
		{Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases"}:                    "HelmReleaseList",
		{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}:             "KustomizationList",
		{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingadmissionpolicies"}: "MutatingAdmissionPolicyList",
		{Group: "apps", Version: "v1", Resource: "deployments"}:                                       "DeploymentList",
		{Group: "apps", Version: "v1", Resource: "daemonsets"}:                                        "DaemonSetList",
		{Group: "apps", Version: "v1", Resource: "statefulsets"}:                                      "StatefulSetList",
		{Group: "batch", Version: "v1", Resource: "cronjobs"}:                                         "CronJobList",
	}
	all := w.objects
	if !w.withoutVotes {
		all = slices.Concat(all, w.definitions)
	}
	objects := make([]runtime.Object, 0, len(all))
	for _, o := range all {
		objects = append(objects, o)
	}
	client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds, objects...)
	client.PrependReactor("get", "customresourcedefinitions", func(core.Action) (bool, runtime.Object, error) {
		return w.forbidDefinitions, nil, forbidden("customresourcedefinitions")
	})
	return client
}

// networkPolicy selects a component of Garboard's.
func networkPolicy(name, component, kind string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": map[string]any{"name": name, "namespace": "garboard"},
		"spec": map[string]any{
			"podSelector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/component": component}},
			"policyTypes": []any{kind},
		},
	}}
}

// examine has the doctor look at it, and fails where it has changed something.
func (w *world) examine(t *testing.T, namespace string) *Report {
	t.Helper()
	kube, objects := w.kube(), w.dynamic()
	report := New(Options{
		Kube: kube, Dynamic: objects, Namespace: namespace, CertManager: "cert-manager", Version: w.version, Status: w.status, Metrics: w.metrics, Dial: w.dial,
		ServerTime: func(context.Context) (time.Time, time.Duration, error) { return w.serverTime, 0, nil },
		Now:        func() time.Time { return w.now },
	}).Examine(t.Context())
	for _, action := range append(kube.Actions(), objects.Actions()...) {
		switch verb, resource := action.GetVerb(), action.GetResource().Resource; {
		case verb == "get", verb == "list", verb == "create" && (resource == "subjectaccessreviews" || resource == "deployments"):
		default:
			t.Errorf("the doctor does %s %s", verb, resource)
		}
	}
	return report
}

// authority is a CA.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	bundle      []byte
}

func newAuthority(t *testing.T, now time.Time) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(87600 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{certificate, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (a *authority) issue(t *testing.T, now, until time.Time, name string) (certificate, key []byte) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: now.Add(-time.Hour), NotAfter: until, DNSNames: []string{name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &own.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})
}

// listen serves TLS with a certificate, and returns what connects to it.
func listen(t *testing.T, certificate, key []byte) func(context.Context) (net.Conn, error) {
	t.Helper()
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_ = connection.(*tls.Conn).Handshake() //nolint:forcetypeassert // its own
			_ = connection.Close()
		}
	}()
	return dialer(listener.Addr().String())
}
