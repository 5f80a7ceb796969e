//go:build !prebuilt_kubectl

package main

import kubectl "k8s.io/kubectl/pkg/cmd"

func addKubectl(parts map[string]func() int) {
	parts["kubectl"] = command(kubectl.NewDefaultKubectlCommand)
}
