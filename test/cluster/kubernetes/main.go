// Command kubernetes is those parts of a Kubernetes control plane that have a version of
// their own in a cluster of an older one: API server, controller manager, scheduler and
// kubectl. The first argument picks the part, or the name that the program is called by.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// part makes the command of a part, nil for any other name. Building one registers flags
// and metrics, so that only the one that runs is built.
func part(name string) *cobra.Command {
	switch filepath.Base(name) {
	case "kube-apiserver":
		return apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		return kcm.NewControllerManagerCommand()
	case "kube-scheduler":
		return scheduler.NewSchedulerCommand()
	case "kubectl":
		return kubectl.NewDefaultKubectlCommand()
	}
	return nil
}

func main() {
	for range 2 { // "kubernetes kubectl get …" becomes "kubectl get …"
		if len(os.Args) == 0 {
			break
		}
		if command := part(os.Args[0]); command != nil {
			os.Exit(cli.Run(command))
		}
		os.Args = os.Args[1:]
	}
	fmt.Fprintln(os.Stderr, "usage: kubernetes kube-apiserver|kube-controller-manager|kube-scheduler|kubectl [flags]")
	os.Exit(2)
}
