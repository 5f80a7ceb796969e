package access

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/updater/status"
)

// UpdaterOptions are the flags that say where the updater is.
type UpdaterOptions struct {
	// Namespace is Garboard's own.
	Namespace string
	address   string
}

// AddFlags adds the flags to a command.
func (o *UpdaterOptions) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Namespace, "garboard-namespace", "garboard", "namespace that Garboard runs in")
	flags.StringVar(&o.address, "updater-url", "", "`URL` of the updater, where kubectl port-forward has made it reachable")
}

// Check returns the faults of the flags' values.
func (o *UpdaterOptions) Check() cmdline.Faults {
	at, err := url.Parse(o.address)
	if o.address == "" || err == nil && (at.Scheme == "http" || at.Scheme == "https") && at.Host != "" {
		return nil
	}
	return cmdline.Faults{fmt.Sprintf("--updater-url: %q: allowed: a URL such as http://127.0.0.1:%d", cmdline.Shown(o.address), status.Port)}
}

// Direct asks the updater at --updater-url; it is nil without that flag.
func (o *UpdaterOptions) Direct() (*status.Direct, error) {
	if o.address == "" {
		return nil, nil //nolint:nilnil // the flag may be left out
	}
	at, err := url.Parse(o.address)
	if err != nil {
		return nil, fmt.Errorf("parsing --updater-url: %w", err)
	}
	return &status.Direct{URL: at, Client: &http.Client{}}, nil
}

// Through asks the updater through the API server.
func (o *UpdaterOptions) Through(kube status.Kube) *status.Client {
	return &status.Client{Kube: kube, Namespace: o.Namespace, Lease: status.LeaseName}
}
