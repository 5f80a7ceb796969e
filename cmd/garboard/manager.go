package main

import (
	"fmt"

	"github.com/go-logr/zapr"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// processOptions are the flags that all servers have.
type processOptions struct {
	kubeconfig     string
	metricsAddress string
	healthAddress  string
	logLevel       string
	custom         cmdline.KindOptions
}

// serverOptions are the flags of the servers that ask registries.
type serverOptions struct {
	processOptions
	helmValues bool
	registries registryOptions
	tracing    tracingOptions
}

// check returns the faults of the flags' values.
func (o *serverOptions) check() cmdline.Faults {
	faults := append(o.registries.check(), o.tracing.check()...)
	return append(faults, o.processOptions.check()...)
}

func (o *serverOptions) addFlags(flags *pflag.FlagSet) {
	o.processOptions.addFlags(flags)
	flags.BoolVar(&o.helmValues, "helm-values", false, "read settings from the keel: values of Helm releases, too")
	o.registries.addFlags(flags)
	o.tracing.addFlags(flags)
}

// check returns the faults of the flags' values.
func (o *processOptions) check() cmdline.Faults {
	faults := servedFaults("metrics-address", o.metricsAddress)
	faults = append(faults, servedFaults("health-address", o.healthAddress)...)
	faults = append(faults, o.custom.Check()...)
	switch o.logLevel {
	case "debug", "info", "warn", "error":
	default: // zap knows more: names in capitals, and levels that nothing logs at
		faults = append(faults, fmt.Sprintf("--log-level: %q: allowed: debug, info, warn, error", o.logLevel))
	}
	return faults
}

// servedFaults are those of an address to serve something at that need not be
// served.
func servedFaults(flag, address string) cmdline.Faults {
	if cmdline.IsHostPort(address) || address == "0" {
		return nil
	}
	return cmdline.Faults{fmt.Sprintf(`--%s: %q: allowed: host:port or :port; "0" for none`, flag, address)}
}

func (o *processOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "file that names the cluster; in a Pod the cluster's own is the default")
	flags.StringVar(&o.metricsAddress, "metrics-address", ":8080", `address to serve /metrics at; "0" for none`)
	flags.StringVar(&o.healthAddress, "health-address", ":8081", `address to serve /healthz and /readyz at; "0" for none`)
	flags.StringVar(&o.logLevel, "log-level", "info", "least level to log: debug, info, warn or error")
	o.custom.AddFlags(flags)
}

// logger returns the program's logger and hands it to the libraries too.
func (o *processOptions) logger() (*zap.Logger, error) {
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

func (o *processOptions) restConfig() (*rest.Config, error) {
	cluster := access.ConfigOf(o.kubeconfig, "")
	config, err := cluster.ClientConfig()
	if err != nil {
		return nil, access.Finding(cluster, "", err)
	}
	config.QPS = -1 // the API server's own fairness decides
	// A newer API server compresses each event of a watch, which takes it, and this process,
	// more time than a cluster's network does.
	config.DisableCompression = true
	return config, nil
}
