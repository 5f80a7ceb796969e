package status

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/clock"
)

// maxAnswer bounds what is read of an answer: a hundred times what ten thousand
// workloads need would be no status.
const maxAnswer = 64 << 20

// maxTries is how often a question is asked anew of who leads by then.
const maxTries = 2

// LeaseName is the Lease that the replicas of the updater elect a leader by.
const LeaseName = "garboard-updater"

// Kube is what of a clientset is used.
type Kube interface {
	CoordinationV1() coordinationv1client.CoordinationV1Interface
	CoreV1() corev1client.CoreV1Interface
}

// Client asks the leading updater of a cluster, through the API server: the
// rights of who asks decide, and no port has to be opened.
type Client struct {
	Kube Kube
	// Namespace is Garboard's own.
	Namespace string
	// Lease is the one that the updaters elect a leader by, and the start of the
	// names of those that they share the work by.
	Lease string
	// Clock is the time. The default is the real one.
	Clock clock.PassiveClock
}

// List returns what the updater knows of a namespace, or of all where it is
// empty.
func (c *Client) List(ctx context.Context, namespace string) (*List, error) {
	for try := 1; ; try++ {
		list, err := c.list(ctx, namespace)
		var refused apierrors.APIStatus
		if try < maxTries && errors.As(err, &refused) && refused.Status().Reason == reasonNotLeading {
			continue // the leader has changed since the Lease was read
		}
		return list, err
	}
}

func (c *Client) list(ctx context.Context, namespace string) (*List, error) {
	owners, err := c.owners(ctx)
	if err != nil {
		return nil, err
	}
	var lists []*List
	for _, pod := range owners.pods {
		list, err := c.ask(ctx, pod, namespace)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	all := merged(lists)
	all.Unowned = owners.missing()
	return all, nil
}

// ask asks one updater for its list.
func (c *Client) ask(ctx context.Context, pod, namespace string) (*List, error) {
	stream, err := c.stream(ctx, pod, Path, namespaceValues(namespace))
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	return readList(stream)
}

// namespaceValues ask for one namespace, or for all where it is empty.
func namespaceValues(namespace string) url.Values {
	if namespace == "" {
		return nil
	}
	return url.Values{namespaceParameter: {namespace}}
}

// stream asks one updater by the proxy of its Pod.
func (c *Client) stream(ctx context.Context, pod, path string, values url.Values) (io.ReadCloser, error) {
	name := c.Namespace + "/" + pod
	request := c.Kube.CoreV1().RESTClient().Get().Namespace(c.Namespace).Resource("pods").SubResource("proxy").
		Name(pod + ":" + strconv.Itoa(Port)).Suffix(path)
	for parameter, all := range values {
		for _, value := range all {
			request = request.Param(parameter, value)
		}
	}
	stream, err := request.Stream(ctx)
	if err == nil {
		return stream, nil
	}
	var refused apierrors.APIStatus
	switch {
	case !errors.As(err, &refused):
		return nil, fmt.Errorf("asking the updater %s: %w", name, err)
	case apierrors.IsForbidden(err):
		return nil, fmt.Errorf("asking the updater %s: %w; the Role garboard-status allows it, or use kubectl port-forward and --updater-url", name, err)
	case refused.Status().Reason == reasonNotLeading:
		return nil, fmt.Errorf("asking the updater %s: %w; ask again in a moment", name, err)
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("asking the updater %s: %w; it is gone, or older than this program; where it is gone, another takes over within a minute", name, err)
	default:
		return nil, fmt.Errorf("asking the updater %s at port %d: %w; it may be older than this program, or run with another --status-address", name, Port, err)
	}
}

// Direct asks an updater that was made reachable by other means.
type Direct struct {
	// URL is where it listens: http://127.0.0.1:8082.
	URL *url.URL
	// Client is whom to ask by.
	Client *http.Client
}

// List returns what the updater knows of a namespace, or of all where it is
// empty.
func (d *Direct) List(ctx context.Context, namespace string) (*List, error) {
	body, err := d.get(ctx, Path, namespaceValues(namespace))
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return readList(body)
}

// get asks the updater.
func (d *Direct) get(ctx context.Context, path string, values url.Values) (io.ReadCloser, error) {
	at := d.URL.JoinPath(path)
	at.RawQuery = values.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("asking the updater: %w", err)
	}
	response, err := d.Client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the updater: %w", err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer func() { _ = response.Body.Close() }()
	var status metav1.Status
	if err := json.NewDecoder(io.LimitReader(response.Body, maxHeader)).Decode(&status); err != nil || status.Message == "" {
		return nil, fmt.Errorf("asking the updater at %q: %s; is it an updater, and not older than this program?", d.URL.Redacted(), response.Status)
	}
	return nil, fmt.Errorf("asking the updater at %q: %w", d.URL.Redacted(), &apierrors.StatusError{ErrStatus: status})
}

// readList reads a list, and nothing else.
func readList(body io.Reader) (*List, error) {
	limited := &io.LimitedReader{R: body, N: maxAnswer + 1}
	list := &List{}
	err := json.NewDecoder(limited).Decode(list)
	switch {
	case limited.N <= 0:
		return nil, fmt.Errorf("reading the updater's answer: more than %d MiB", maxAnswer>>20)
	case err != nil:
		return nil, fmt.Errorf("reading the updater's answer: %w", err)
	case list.APIVersion != APIVersion || list.Kind != Kind:
		return nil, fmt.Errorf("reading the updater's answer: it is a %q of %q, not a %q of %q", list.Kind, list.APIVersion, Kind, APIVersion)
	}
	return list, nil
}

// merged is one list of several updaters' parts.
func merged(lists []*List) *List {
	all := listOf(nil)
	for _, list := range lists {
		all.Items = append(all.Items, list.Items...)
	}
	slices.SortStableFunc(all.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Container, b.Container))
	})
	return all
}
