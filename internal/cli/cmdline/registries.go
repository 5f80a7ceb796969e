package cmdline

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// HostFaults names the registries of a flag that are none. What is allowed is
// the registry client's to say.
func HostFaults(flag, allowed string, hosts []string, options func(hosts []string) registry.Options) Faults {
	var faults Faults
	for _, host := range hosts {
		if _, err := registry.New(options([]string{host})); err != nil {
			faults = append(faults, fmt.Sprintf("--%s: %q: allowed: %s", flag, host, allowed))
		}
	}
	return faults
}

// InsecureFaults names the values of --insecure-registries that are not registries.
func InsecureFaults(hosts []string) Faults {
	return HostFaults("insecure-registries", "a host or host:port", hosts,
		func(hosts []string) registry.Options { return registry.Options{Insecure: hosts} })
}

// IsHostPort reports whether an address is "host:port".
func IsHostPort(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// ReadRegistriesConfig reads a file of settings; none where none is named.
func ReadRegistriesConfig(name string) (*config.Config, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no settings are good settings
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the registry settings: %w", err)
	}
	return config.Parse(name, data, nil)
}

// FreshForRun is how long a list answers: no run takes longer, so that each
// repository is read once.
const FreshForRun = 24 * time.Hour
