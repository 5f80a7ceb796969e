package main

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-logr/zapr"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/keelson-dev/keelson/resolver"
	"github.com/keelson-dev/keelson/resolver/registry"
)

// serverOptions are the flags that both servers have.
type serverOptions struct {
	kubeconfig     string
	metricsAddress string
	healthAddress  string
	logLevel       string
	registries     registryOptions
}

// check returns the faults of the flags' values.
func (o *serverOptions) check() usageFaults {
	if _, err := zapcore.ParseLevel(o.logLevel); err != nil {
		return usageFaults{fmt.Sprintf("--log-level: %q: allowed: debug, info, error", o.logLevel)}
	}
	return nil
}

func (o *serverOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "file that names the cluster; in a Pod the cluster's own is the default")
	flags.StringVar(&o.metricsAddress, "metrics-address", ":8080", `address to serve /metrics at; "0" for none`)
	flags.StringVar(&o.healthAddress, "health-address", ":8081", `address to serve /healthz and /readyz at; "0" for none`)
	flags.StringVar(&o.logLevel, "log-level", "info", "least level to log: debug, info or error")
	o.registries.addFlags(flags)
}

// registryOptions are the flags that say which registries may be reached, and
// how.
type registryOptions struct {
	insecure, private []string
	freshFor          time.Duration
}

func (o *registryOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.insecure, "insecure-registries", nil, "registries (host or host:port) that are spoken to in plain HTTP")
	flags.StringSliceVar(&o.private, "private-registries", nil,
		"registries (host, host:port or CIDR) that may have loopback, link-local or private addresses")
	flags.DurationVar(&o.freshFor, "fresh-for", time.Minute, "how long a tag list answers before it is read again")
}

// logger returns the program's logger and hands it to the libraries too.
func (o *serverOptions) logger() (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(o.logLevel)
	if err != nil {
		return nil, fmt.Errorf("parsing --log-level: %w", err)
	}
	config := zap.NewProductionConfig()
	config.Level = zap.NewAtomicLevelAt(level)
	config.EncoderConfig.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	config.Sampling = nil // one line a decision means every decision
	logger, err := config.Build()
	if err != nil {
		return nil, fmt.Errorf("making the logger: %w", err)
	}
	ctrl.SetLogger(zapr.NewLogger(logger))
	klog.SetLogger(zapr.NewLogger(logger))
	return logger, nil
}

// restConfig finds the cluster as kubectl does: the flag, KUBECONFIG, the
// user's file, or the Pod's own.
func (o *serverOptions) restConfig() (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	config.QPS = -1 // the API server's own fairness decides
	return config, nil
}

func (o *registryOptions) resolver() (*resolver.Resolver, error) {
	client, err := registry.New(registry.Options{Insecure: o.insecure, Private: o.private, UserAgent: "keelson/" + version})
	if err != nil {
		return nil, err
	}
	return resolver.New(client, resolver.Options{FreshFor: o.freshFor}), nil
}

// listenAddress takes "host:port" apart.
func listenAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("--listen-address: %q: allowed: host:port or :port", address)
	}
	return host, port, nil
}
