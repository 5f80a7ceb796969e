// Command controlplane is one binary that holds every part of a Kubernetes
// control plane, etcd, an OCI registry, cert-manager, a kubelet that is
// played and a webhook to compare with: one link step and one copy of the shared
// packages instead of eight. The first argument
// picks the part, or the name that the program is called by: a symbolic link
// named etcd is etcd.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	registry "github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/auth/token"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/klog/v2"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"github.com/garboard-dev/garboard/test/cluster/controlplane/kubelet"
	"github.com/garboard-dev/garboard/test/cluster/controlplane/noopwebhook"
)

// parts are the programs in this one; each returns its exit code.
func parts() map[string]func() int {
	parts := map[string]func() int{
		"kube-apiserver":          command(apiserver.NewAPIServerCommand),
		"kube-controller-manager": command(kcm.NewControllerManagerCommand),
		"kube-scheduler":          command(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
		"registry":                program(func([]string) error { return registry.RootCmd.Execute() }),
		"certmanager":             program(runCertManager),
		"kubelet":                 program(runKubelet),
		"noopwebhook":             program(noopwebhook.Serve),
	}
	addEtcd(parts)
	return parts
}

func main() {
	parts := parts()
	if _, ok := parts[filepath.Base(os.Args[0])]; !ok {
		// The part sees itself as argv[0]: "controlplane etcd --x" becomes "etcd --x".
		os.Args = os.Args[1:]
	}
	if len(os.Args) > 0 {
		if part, ok := parts[filepath.Base(os.Args[0])]; ok {
			os.Exit(part())
		}
	}
	fmt.Fprintf(os.Stderr, "usage: controlplane %s [flags]\n", strings.Join(sortedKeys(parts), "|"))
	os.Exit(2)
}

// command makes a part of a cobra command, which must not be built before the
// part is chosen: building it registers flags and metrics.
func command(build func() *cobra.Command) func() int {
	return func() int { return cli.Run(build()) }
}

// program makes a part of a function that takes the arguments and returns at
// its end.
func program(run func(args []string) error) func() int {
	return func() int {
		if err := run(os.Args[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
			return 1
		}
		return 0
	}
}

// runKubelet plays the kubelet of all nodes.
func runKubelet(args []string) error {
	flags := flag.NewFlagSet("kubelet", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of an administrator")
	klog.InitFlags(flags)
	_ = flags.Parse(args) // exits

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	return kubelet.Run(ctx, config)
}
