package access

import (
	"errors"
	"fmt"
	"net/http"

	"k8s.io/client-go/discovery"
	admissionregistrationv1 "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	appsv1 "k8s.io/client-go/kubernetes/typed/apps/v1"
	authorizationv1 "k8s.io/client-go/kubernetes/typed/authorization/v1"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	discoveryv1 "k8s.io/client-go/kubernetes/typed/discovery/v1"
	"k8s.io/client-go/rest"
)

// Clients are the clients of those API groups that commands ask, over one connection.
// client-go's clientset has those of all groups, which are a tenth of the program.
type Clients struct {
	admission    *admissionregistrationv1.AdmissionregistrationV1Client
	apps         *appsv1.AppsV1Client
	authorize    *authorizationv1.AuthorizationV1Client
	coordination *coordinationv1.CoordinationV1Client
	core         *corev1.CoreV1Client
	discovery    *discovery.DiscoveryClient
	slices       *discoveryv1.DiscoveryV1Client
}

// NewClients makes them.
func NewClients(config *rest.Config) (*Clients, error) {
	connection, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	c := &Clients{}
	err = errors.Join(
		set(&c.admission, admissionregistrationv1.NewForConfigAndClient, config, connection),
		set(&c.apps, appsv1.NewForConfigAndClient, config, connection),
		set(&c.authorize, authorizationv1.NewForConfigAndClient, config, connection),
		set(&c.coordination, coordinationv1.NewForConfigAndClient, config, connection),
		set(&c.core, corev1.NewForConfigAndClient, config, connection),
		set(&c.discovery, discovery.NewDiscoveryClientForConfigAndClient, config, connection),
		set(&c.slices, discoveryv1.NewForConfigAndClient, config, connection),
	)
	if err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	return c, nil
}

func set[T any](to **T, newFor func(*rest.Config, *http.Client) (*T, error), config *rest.Config, connection *http.Client) (err error) {
	*to, err = newFor(config, connection)
	return err
}

// AdmissionregistrationV1 is as a clientset has it, as are the methods below.
func (c *Clients) AdmissionregistrationV1() admissionregistrationv1.AdmissionregistrationV1Interface {
	return c.admission
}

// AppsV1 is for Deployments.
func (c *Clients) AppsV1() appsv1.AppsV1Interface { return c.apps }

// AuthorizationV1 is for questions about rights.
func (c *Clients) AuthorizationV1() authorizationv1.AuthorizationV1Interface { return c.authorize }

// CoordinationV1 is for Leases.
func (c *Clients) CoordinationV1() coordinationv1.CoordinationV1Interface { return c.coordination }

// CoreV1 is for Pods, Secrets and what else has no group.
func (c *Clients) CoreV1() corev1.CoreV1Interface { return c.core }

// Discovery is for the API server's version and kinds.
func (c *Clients) Discovery() discovery.DiscoveryInterfaces { return c.discovery }

// DiscoveryV1 is for EndpointSlices.
func (c *Clients) DiscoveryV1() discoveryv1.DiscoveryV1Interface { return c.slices }
