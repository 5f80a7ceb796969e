package pullsecret_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	fakecorev1 "k8s.io/client-go/kubernetes/typed/core/v1/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/garboard-dev/garboard/internal/cluster/pullsecret"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// cluster is an API server as far as a Finder sees one. It is used in bubbles
// alone, and between two waits.
type cluster struct {
	*fakecorev1.FakeCoreV1
	objects           map[string]runtime.Object // by resource/namespace/name
	getErr, watchErr  error
	beforeGet         func()
	watches           map[string]*watch.FakeWatcher // the last of each
	selectors, starts []string                      // of the watches
}

func newCluster(objects ...metav1.Object) *cluster {
	c := &cluster{
		FakeCoreV1: &fakecorev1.FakeCoreV1{Fake: &clienttesting.Fake{}},
		objects:    map[string]runtime.Object{}, watches: map[string]*watch.FakeWatcher{},
	}
	for _, o := range objects {
		c.put(o)
	}
	c.AddReactor("get", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		get := action.(clienttesting.GetAction)
		if c.beforeGet != nil {
			c.beforeGet()
		}
		if c.getErr != nil {
			return true, nil, c.getErr
		}
		id := get.GetResource().Resource + "/" + get.GetNamespace() + "/" + get.GetName()
		if o, ok := c.objects[id]; ok {
			return true, o, nil
		}
		return true, nil, apierrors.NewNotFound(get.GetResource().GroupResource(), get.GetName())
	})
	c.AddWatchReactor("*", func(action clienttesting.Action) (bool, watch.Interface, error) {
		options := action.(clienttesting.WatchActionImpl).ListOptions
		c.selectors = append(c.selectors, options.FieldSelector)
		c.starts = append(c.starts, options.ResourceVersion)
		if c.watchErr != nil {
			return true, nil, c.watchErr
		}
		name, _ := action.(clienttesting.WatchAction).GetWatchRestrictions().Fields.RequiresExactMatch("metadata.name")
		w := watch.NewFake()
		c.watches[action.GetResource().Resource+"/"+action.GetNamespace()+"/"+name] = w
		return true, w, nil
	})
	return c
}

func (c *cluster) put(o metav1.Object) {
	resource := "secrets"
	if _, ok := o.(*corev1.ServiceAccount); ok {
		resource = "serviceaccounts"
	}
	c.objects[resource+"/"+o.GetNamespace()+"/"+o.GetName()] = o.(runtime.Object)
}

// count is how many requests with the verb were made since the last reset.
func (c *cluster) count(verb string) int {
	return len(slices.DeleteFunc(c.Actions(), func(a clienttesting.Action) bool { return a.GetVerb() != verb }))
}

func (c *cluster) reset() { c.ClearActions() }

const shop = "shop"

// secret has the entries of a Docker configuration.
func secret(name string, auths map[string]any) *corev1.Secret {
	data, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		panic(err) // the entries are the test's own
	}
	return dockerConfig(name, string(data))
}

func dockerConfig(name, data string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: name, ResourceVersion: "7"},
		Type:       corev1.SecretTypeDockerConfigJson,
		Data:       map[string][]byte{corev1.DockerConfigJsonKey: []byte(data)},
	}
}

// login is an entry for user, whose password is named after it.
func login(user string) map[string]any {
	return map[string]any{"username": user, "password": "pass-" + user}
}

func account(name string, secrets ...string) *corev1.ServiceAccount {
	a := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: name, ResourceVersion: "7"}}
	for _, s := range secrets {
		a.ImagePullSecrets = append(a.ImagePullSecrets, corev1.LocalObjectReference{Name: s})
	}
	return a
}

// users names credentials by the user that login made them for.
func users(credentials []resolver.Credential, known ...string) []string {
	var names []string
	for _, c := range credentials {
		name := "?"
		for _, user := range known {
			if c.ID() == auth.Basic(user, "pass-"+user).ID() {
				name = user
			}
		}
		names = append(names, name+" "+c.Source())
	}
	return names
}

// kinds are those of the errors beside credentials, with the objects' names.
func kinds(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var all pullsecret.Errors
	if !errors.As(err, &all) {
		t.Fatalf("got %T, want Errors", err)
	}
	var got []string
	for _, e := range all {
		got = append(got, string(e.Kind)+" "+e.Object+" "+e.Name)
	}
	return got
}

// pass lets time go by, and all that it sets off come to rest.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// bubble runs a test with a started Finder and a clock of its own.
func bubble(t *testing.T, c *cluster, options pullsecret.Options, test func(*testing.T, *pullsecret.Finder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		options.Client = c
		finder := pullsecret.New(options)
		go func() { _ = finder.Start(t.Context()) }()
		synctest.Wait()
		test(t, finder)
	})
}
