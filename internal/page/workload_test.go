package page

import (
	"context"
	"net/http"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

func holdOf(t *testing.T, w *world, name string) string {
	t.Helper()
	o := &appsv1.Deployment{}
	if err := w.client.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: name}, o); err != nil {
		t.Fatal(err)
	}
	return o.Annotations["garboard.dev/hold"]
}

func TestHolds(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Group: "apps", Resource: "deployments"}, "web", errAway)
	refuse := interceptor.Funcs{Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
		return forbidden
	}}
	warn := interceptor.Funcs{Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, options ...client.PatchOption) error {
		Warnings{}.HandleWarningHeaderWithContext(ctx, 299, "-", "web: admission has a word to say")
		return c.Patch(ctx, o, p, options...)
	}}
	for name, test := range map[string]struct {
		functions interceptor.Funcs
		path      string
		fields    []string
		code      int
		says      string
		workload  string
		held      string
	}{
		"set": {
			path: "/workloads/shop/Deployment/web/hold", fields: []string{"container", "web", "version", " 1.4.1 "},
			code: 200, says: "deployment.apps/web: web stays at 1.0.0: 1.4.1 is held", workload: "web", held: "web=1.4.1",
		},
		"set, and admission says something": {
			functions: warn, path: "/workloads/shop/Deployment/web/hold", fields: []string{"container", "web", "version", "1.4.1"},
			code: 200, says: "web: admission has a word to say", workload: "web", held: "web=1.4.1",
		},
		"cleared": {
			path: "/workloads/shop/Deployment/search/clear", fields: []string{"container", "search"},
			code: 200, says: "2.19.1 is no longer held", workload: "search",
		},
		"nothing to clear": {
			path: "/workloads/shop/Deployment/web/clear", fields: []string{"container", "web"},
			code: 422, says: "container &#34;web&#34; of deployment.apps/web is not held", workload: "web",
		},
		"no version": {
			path: "/workloads/shop/Deployment/web/hold", fields: []string{"container", "web", "version", "no version!"},
			code: 422, says: "A hold needs a version, such as 1.2.8; nothing was held.", workload: "web",
		},
		"no container": {
			path: "/workloads/shop/Deployment/web/clear", code: 422, says: "The form names no container; nothing was changed.", workload: "web",
		},
		"another container": {
			path: "/workloads/shop/Deployment/web/hold", fields: []string{"container", "sidecar", "version", "1"},
			code: 422, says: "deployment.apps/web has no container &#34;sidecar&#34;", workload: "web",
		},
		"the API server refuses the person": {
			functions: refuse, path: "/workloads/shop/Deployment/web/hold", fields: []string{"container", "web", "version", "1.4.1"},
			code: 422, says: "deployments.apps &#34;web&#34; is forbidden", workload: "web",
		},
		"a workload that is gone": {
			path: "/workloads/shop/Deployment/gone/hold", fields: []string{"container", "web", "version", "1.4.1"},
			code: 404, says: "There is no deployment of this name any more.", workload: "web",
		},
		"a kind that there is not": {
			path: "/workloads/shop/Secret/web/hold", fields: []string{"container", "web", "version", "1.4.1"},
			code: 404, says: "There is no such kind of workload.", workload: "web",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.functions)
			got := w.answer(asked(http.MethodPost, test.path, w.form(test.fields...)))
			if got.Code != test.code || !strings.Contains(got.Body.String(), test.says) {
				t.Errorf("got %d:\n%s\nwant %d and %q", got.Code, got.Body, test.code, test.says)
			}
			if held := holdOf(t, w, test.workload); held != test.held {
				t.Errorf("%q is held, want %q", held, test.held)
			}
		})
	}
}

// What was changed is shown at once, and not what was read before it.
func TestHoldIsShownByTheAnswer(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	bodyOf(t, w.answer(asked(http.MethodGet, "/workloads/shop/Deployment/web", nil)))
	body := bodyOf(t, w.answer(asked(http.MethodPost, "/workloads/shop/Deployment/web/hold", w.form("container", "web", "version", "1.4.1"))))
	if !strings.Contains(body, "1.4.1 is held</span>") || !strings.Contains(body, "/web/clear") {
		t.Errorf("the hold is not shown:\n%s", body)
	}
}

// A script asks for the part that it replaces, and forms work without one.
func TestFragmentsForTheScript(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	whole := bodyOf(t, w.answer(asked(http.MethodGet, "/workloads/shop/Deployment/web", nil)))
	r := asked(http.MethodGet, "/workloads/shop/Deployment/web", nil)
	r.Header.Set("HX-Request", "true")
	part := bodyOf(t, w.answer(r))
	if strings.Contains(part, "<html") || !strings.Contains(whole, "<html") || !strings.Contains(whole, strings.TrimSpace(part)) {
		t.Errorf("the part is not one of the whole:\n%s", part)
	}
	for _, want := range []string{`method="post" action="/workloads/shop/Deployment/web/hold"`, w.options.Link.tokenOf(w.cookie.Value), "the window opens at 22:00"} {
		if !strings.Contains(whole, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
