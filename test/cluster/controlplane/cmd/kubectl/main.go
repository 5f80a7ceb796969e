//go:build !prebuilt_kubectl

// Command kubectl is kubectl. It is a program of its own: all that the control plane's
// packages set up as they start would double the CPU time of each run.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"

	_ "github.com/garboard-dev/garboard/test/cluster/controlplane/english"
)

func main() { os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand())) }
