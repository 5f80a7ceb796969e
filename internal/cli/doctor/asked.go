package doctor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/cluster/pullsecret"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/status"
)

const (
	// maxAsked bounds the credentials that are told of one registry, and the workloads that
	// could have one.
	maxAsked = 5
	// maxSecretNamespaces bounds the namespaces whose Secrets are listed: two requests each.
	maxSecretNamespaces = 100
	// nearLimit is when a limit of anonymous use is near: Docker Hub's was 100 in six hours.
	nearLimit = 20
)

// askedWith names what a registry was asked with.
func askedWith(a *status.Asked) string {
	switch {
	case a.Mirrored:
		return "mirrors, with credentials of their own"
	case a.Anonymous:
		return "no credential"
	case a.Source == "":
		return printable.Escape(a.Credential, maxShown)
	}
	return printable.Escape(a.Credential+" of "+a.Source, maxShown)
}

// credentials tells what the registry was asked with, most first; empty where the updater has
// not told.
func (r *registry) credentials() string {
	if len(r.asked) == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(r.asked), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.asked[b], r.asked[a]), cmp.Compare(a, b))
	})
	text := "; asked with " + names[0]
	if len(names) == 1 {
		return text
	}
	told := make([]string, 0, maxAsked)
	for _, name := range names[:min(len(names), maxAsked)] {
		told = append(told, fmt.Sprintf("%s (%d)", name, r.asked[name]))
	}
	text = "; asked with " + strings.Join(told, ", ")
	if more := len(names) - maxAsked; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}

// anonymous looks at the containers for which a registry is asked without a credential:
// whether their namespace has one, and whether the registry's limit is near.
func (d *Doctor) anonymous(ctx context.Context, items []status.Item, traffic map[string]status.Traffic) []Finding {
	asked := slices.DeleteFunc(slices.Clone(items), func(i status.Item) bool {
		return i.Asked == nil || !i.Asked.Anonymous || i.Asked.Mirrored
	})
	byHost := map[string][]status.Item{}
	for _, item := range asked {
		host, _, _ := strings.Cut(item.Repository, "/")
		byHost[host] = append(byHost[host], item)
	}
	var findings []Finding
	for _, host := range slices.Sorted(maps.Keys(byHost)) {
		if left := traffic[host].Remaining; left != nil && *left < nearLimit {
			findings = append(findings, limitIsNear(host, *left, byHost[host]))
		}
	}
	return append(findings, d.unusedSecrets(ctx, asked)...)
}

func limitIsNear(host string, left int, items []status.Item) Finding {
	first := items[0].Namespace
	return Finding{
		Severity: Warning, Object: host,
		Message: fmt.Sprintf("its limit leaves %s, and it is asked without a credential for %s", printable.Count(left, "request"), printable.Count(len(items), "container")),
		Why:     "What is asked for without a credential has the lowest limit, shared by all that come from one address. Once it is used up, images stay where they are.",
		Mend:    fmt.Sprintf("kubectl -n %[1]s create secret docker-registry NAME --docker-server=%[2]s --docker-username=USER --docker-password=TOKEN; kubectl -n %[1]s patch serviceaccount default -p '{\"imagePullSecrets\":[{\"name\":\"NAME\"}]}'", first, serverOf(host)),
	}
}

// serverOf is the key of a registry in pull Secrets.
func serverOf(host string) string {
	if host == "docker.io" {
		return "https://index.docker.io/v1/"
	}
	return host
}

// unusedSecrets finds the pull Secrets that are for an image, beside it, and not used.
func (d *Doctor) unusedSecrets(ctx context.Context, asked []status.Item) []Finding {
	secrets := secretsBeside{doctor: d, read: map[string][]corev1.Secret{}, found: map[string]string{}}
	var findings []Finding
	more := 0
	for _, item := range asked {
		name := secrets.nameFor(ctx, item)
		switch {
		case name == "":
		case len(findings) == maxAsked:
			more++
		default:
			findings = append(findings, unusedSecret(item, name))
		}
	}
	if more > 0 {
		findings[maxAsked-1].Message += fmt.Sprintf("; so it is with %s more", printable.Count(more, "container"))
	}
	if len(secrets.unread) > 0 {
		findings = append(findings, unreadSecrets(secrets.unread))
	}
	return findings
}

// secretsBeside are the pull Secrets of namespaces, each listed once.
type secretsBeside struct {
	doctor *Doctor
	read   map[string][]corev1.Secret // by namespace
	found  map[string]string          // by namespace and repository
	unread []string                   // namespaces, each with why
}

// nameFor is the pull Secret that is for a container's image; empty for none.
func (s *secretsBeside) nameFor(ctx context.Context, item status.Item) string {
	key := item.Namespace + "/" + item.Repository
	name, known := s.found[key]
	if !known {
		name = secretFor(s.of(ctx, item.Namespace), item.Repository)
		s.found[key] = name
	}
	return name
}

func (s *secretsBeside) of(ctx context.Context, namespace string) []corev1.Secret {
	secrets, known := s.read[namespace]
	if known {
		return secrets
	}
	if len(s.read) >= maxSecretNamespaces {
		s.unread = append(s.unread, fmt.Sprintf("%s (one of more than %d)", namespace, maxSecretNamespaces))
		s.read[namespace] = nil
		return nil
	}
	secrets, err := s.doctor.pullSecrets(ctx, namespace)
	if err != nil {
		s.unread = append(s.unread, fmt.Sprintf("%s (%s)", namespace, reasonOf(err)))
	}
	s.read[namespace] = secrets
	return secrets
}

// unreadSecrets tells of namespaces, each with why.
func unreadSecrets(namespaces []string) Finding {
	text := strings.Join(namespaces[:min(len(namespaces), maxAsked)], ", ")
	if more := len(namespaces) - maxAsked; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return Finding{Severity: Note, Message: "registries are asked without a credential for containers in " + text + ", whose Secrets were not listed: whether one of them is for these registries is not known"}
}

func unusedSecret(item status.Item, name string) Finding {
	host, _, _ := strings.Cut(item.Repository, "/")
	workload := strings.ToLower(item.Kind) + "/" + item.Name
	return Finding{
		Severity: Warning, Object: host,
		Message: fmt.Sprintf("is asked without a credential for %s of %s, and secret/%s there has one for it", workload, item.Namespace, name),
		Why:     "Garboard and the nodes use the Secrets that the workload or its ServiceAccount names, and no others: what is private cannot be read, and limits are those of anonymous use.",
		Mend:    fmt.Sprintf("kubectl -n %s annotate %s garboard.dev/imagePullSecret=%s (for Garboard alone; for the nodes, too: imagePullSecrets of the pod template or the ServiceAccount)", item.Namespace, workload, name),
	}
}

// secretFor is the first pull Secret with a credential for a repository.
func secretFor(secrets []corev1.Secret, repository string) string {
	parsed, err := resolver.ParseRepository(repository)
	if err != nil {
		return ""
	}
	for i := range secrets {
		if pullsecret.IsFor(&secrets[i], parsed) {
			return secrets[i].Name
		}
	}
	return ""
}

// pullSecrets are those of a namespace, of both types.
func (d *Doctor) pullSecrets(ctx context.Context, namespace string) ([]corev1.Secret, error) {
	var found []corev1.Secret
	for _, kind := range []corev1.SecretType{corev1.SecretTypeDockerConfigJson, corev1.SecretTypeDockercfg} {
		options := metav1.ListOptions{FieldSelector: "type=" + string(kind), Limit: page}
		for {
			list, err := d.Kube.CoreV1().Secrets(namespace).List(ctx, options)
			if err != nil {
				return found, err
			}
			found = append(found, list.Items...)
			if options.Continue = list.Continue; options.Continue == "" {
				break
			}
		}
	}
	return found, nil
}

// reasonOf is the API server's word for why it gave no answer.
func reasonOf(err error) string {
	return cmp.Or(string(apierrors.ReasonForError(err)), "no answer")
}
