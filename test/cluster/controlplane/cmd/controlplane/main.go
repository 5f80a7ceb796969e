// Command controlplane is one binary that holds every part of a Kubernetes
// control plane, etcd, kubectl, an OCI registry and cert-manager: one link step
// and one copy of the shared packages instead of seven. The first argument
// picks the part, or the name that the program is called by: a symbolic link
// named kubectl is kubectl.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	registry "github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/auth/token"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/spf13/cobra"
	etcd "go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// parts are the programs in this one; each returns its exit code.
var parts = map[string]func() int{
	"etcd":                    func() int { etcd.Main(os.Args); return 0 },
	"kube-apiserver":          command(apiserver.NewAPIServerCommand),
	"kube-controller-manager": command(kcm.NewControllerManagerCommand),
	"kube-scheduler":          command(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubectl":                 command(kubectl.NewDefaultKubectlCommand),
	"registry":                runRegistry,
	"certmanager":             runCertManager,
}

func main() {
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

func runRegistry() int {
	if err := registry.RootCmd.Execute(); err != nil {
		return 1
	}
	return 0
}

func runCertManager() int {
	if err := certmanager(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "certmanager:", err)
		return 1
	}
	return 0
}
