package doctor

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting/enforcement"
)

// right is what a ServiceAccount needs, and for what.
type right struct {
	account, use string
	namespace    string // empty: in the whole cluster
	group, kind  string
	name         string
	verbs        []string
	// narrowed: people may leave it out of the whole cluster, and grant it by namespace.
	narrowed bool
}

func watched() []string { return []string{"get", "list", "watch"} }

// needed are the rights that the features in use take.
func (d *Doctor) needed() []right {
	own := d.Namespace
	rights := []right{
		{webhookName, "to read settings of namespaces", "", "", "namespaces", "", watched(), false},
		{webhookName, "to know platforms", "", "", "nodes", "", watched(), false},
		{updaterName, "to read settings of namespaces", "", "", "namespaces", "", watched(), false},
		{updaterName, "to know platforms", "", "", "nodes", "", watched(), false},
		{updaterName, "to tell why a rollout is late", "", "", "pods", "", []string{"list"}, false},
		{updaterName, "to write Events", "", "events.k8s.io", "events", "", []string{"create", "patch"}, false},
		{updaterName, "to propose updates", "", v1alpha1.Group, "imageupdates", "", append(watched(), "create", "delete"), false},
		{updaterName, "to count votes", "", v1alpha1.Group, "imageupdatevotes", "", append(watched(), "delete"), false},
		{webhookName, "to read pull secrets", "", "", "secrets", "", []string{"get"}, true},
		{updaterName, "to read pull secrets", "", "", "secrets", "", []string{"get"}, true},
	}
	for _, kind := range d.kinds().Rolling() {
		resource := resourceOf(kind)
		rights = append(rights, right{updaterName, "to move " + resource.Resource, "", resource.Group, resource.Resource, "", append(watched(), "patch"), false})
	}
	shards, _ := flagValue(d.found.updater, "shards")
	if shards != "" && shards != "1" {
		rights = append(rights, right{updaterName, "to share the work", own, "coordination.k8s.io", "leases", "", []string{"get", "list", "create", "update", "delete"}, false})
	} else {
		rights = append(rights,
			right{updaterName, "to elect a leader", own, "coordination.k8s.io", "leases", "", []string{"create"}, false},
			right{updaterName, "to elect a leader", own, "coordination.k8s.io", "leases", updaterName, []string{"get", "update"}, false},
			right{updaterName, "to note since when votes are protected", own, "coordination.k8s.io", "leases", enforcement.LeaseName, []string{"get", "delete"}, false})
	}
	if _, on := flagValue(d.found.webhook, "helm-values"); on {
		rights = append(rights,
			right{webhookName, "to read Helm releases", "", "", "secrets", "", watched(), true},
			right{updaterName, "to read Helm releases", "", "", "secrets", "", watched(), false})
	}
	if _, on := flagValue(d.found.updater, "push-config"); on {
		rights = append(rights, right{updaterName, "to hand on pushes", own, "", "configmaps", pushesName, []string{"list", "watch", "patch"}, false},
			right{updaterName, "to hand on pushes", own, "", "configmaps", "", []string{"create"}, false})
	}
	if _, on := flagValue(d.found.updater, "notifications-config"); on {
		rights = append(rights, right{updaterName, "to keep notices that wait", own, "", "configmaps", "garboard-notices", []string{"get", "patch"}, false})
	}
	return rights
}

// rights asks the API server what both accounts may do.
func (d *Doctor) rights(ctx context.Context) []Finding {
	var findings []Finding
	asked := 0
	for _, r := range d.needed() {
		var missing []string
		for _, verb := range r.verbs {
			allowed, err := d.allowed(ctx, r, verb)
			if err != nil {
				f := unknownFinding("serviceaccount/"+r.account, err)
				if apierrors.IsForbidden(err) {
					f.Message = "could not be looked at: you may not create subjectaccessreviews"
				}
				return append(findings, f)
			}
			if asked++; !allowed {
				missing = append(missing, verb)
			}
		}
		if len(missing) > 0 {
			findings = append(findings, d.forbidden(r, missing))
		}
	}
	if len(findings) == 0 {
		findings = append(findings, okFinding("", "both accounts have the %d rights that the features in use take", asked))
	}
	return findings
}

func (d *Doctor) forbidden(r right, verbs []string) Finding {
	resource := strings.TrimSuffix(schema.GroupResource{Group: r.group, Resource: r.kind}.String(), ".")
	if r.name != "" {
		resource += "/" + r.name
	}
	where := "in the whole cluster"
	if r.namespace != "" {
		where = fmt.Sprintf("in namespace %q", r.namespace)
	}
	f := Finding{
		Severity: Failure, Object: "serviceaccount/" + r.account,
		Message: fmt.Sprintf("may not %s %s %s, which it needs %s", strings.Join(verbs, ", "), resource, where, r.use),
		Why:     "It logs the refusal and does without.", Mend: d.reinstall(),
	}
	if r.narrowed {
		f.Severity, f.Why, f.Mend = Note, "That may be meant so: where it is granted by namespace, only those are read.", ""
	}
	return f
}

func (d *Doctor) allowed(ctx context.Context, r right, verb string) (bool, error) {
	account := "system:serviceaccount:" + d.Namespace + ":" + r.account
	review, err := d.Kube.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: account, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + d.Namespace, "system:authenticated"},
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: r.namespace, Verb: verb, Group: r.group, Resource: r.kind, Name: r.name},
	}}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
