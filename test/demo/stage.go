package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// stage is the cluster that the story is told on.
type stage struct {
	// registry is where images are pushed, as the cluster names it.
	registry string
	kubectl  func(ctx context.Context, stdin string, args ...string) (stdout, stderr string, err error)
	push     func(ctx context.Context, repository, tag string) error
}

// local starts a cluster of the demo's own, installs Garboard in it and tells
// the story there. A cluster that is kept outlives the program.
func local(ctx context.Context, source string, keep bool) (err error) {
	fmt.Println("A Kubernetes control plane on this machine: etcd, API server, controllers, scheduler,")
	fmt.Println("a registry and cert-manager, all real; the kubelet and its containers are played by kwok.")
	start := time.Now()
	c, stop, err := startCluster(ctx, keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	fmt.Printf("The cluster is up after %s. Installing Garboard:\n", time.Since(start).Round(time.Second))
	if _, err := installation.Install(ctx, c, installation.Options{Source: source, Log: indent{}}); err != nil {
		return err
	}
	fmt.Println("Garboard is installed: 2 webhooks and an updater.")
	return tell(ctx, &stage{registry: c.Registry, kubectl: c.Kubectl, push: func(ctx context.Context, repository, tag string) error {
		_, err := c.Push(ctx, repository, tag)
		return err
	}})
}

// startCluster returns a cluster and how to end it.
func startCluster(ctx context.Context, keep bool) (*cluster.Cluster, func() error, error) {
	if !keep {
		c, err := cluster.Start(ctx, cluster.Options{})
		if err != nil {
			return nil, nil, err
		}
		return c, func() error {
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			return c.Stop(end)
		}, nil
	}
	dir := filepath.Join(os.TempDir(), "garboard-demo")
	c, err := cluster.Up(ctx, cluster.Options{Dir: dir})
	if err != nil {
		return nil, nil, err
	}
	return c, func() error {
		fmt.Printf("\nThe cluster goes on. Use it:   export KUBECONFIG=%s\n", c.Kubeconfig)
		fmt.Printf("kubectl of its version:        %s\n", c.KubectlPath)
		fmt.Printf("Push another version:          go run ./test/cluster/cmd/localcluster push --dir %s netutils 1.2.0\n", dir)
		fmt.Printf("Its registry, and the logs:    %s, %s\n", c.Registry, filepath.Join(dir, "garboard-*.log"))
		fmt.Printf("Stop it:                       make cluster-down DIR=%s\n", dir)
		return nil
	}, nil
}

// existing is a cluster of the user's own, reached with the kubectl in PATH.
// Garboard has to be installed there: the demo installs nothing in it.
func existing(kubeContext, registry string) *stage {
	s := &stage{registry: strings.TrimSuffix(registry, "/")}
	s.kubectl = func(ctx context.Context, stdin string, args ...string) (string, string, error) {
		command := exec.CommandContext(ctx, "kubectl", append([]string{"--context=" + kubeContext}, args...)...)
		command.Stdin = strings.NewReader(stdin)
		var out, errs bytes.Buffer
		command.Stdout, command.Stderr = &out, &errs
		if err := command.Run(); err != nil {
			return out.String(), errs.String(), fmt.Errorf("running kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
		}
		return out.String(), errs.String(), nil
	}
	s.push = func(ctx context.Context, repository, tag string) error {
		target, err := name.ParseReference(s.registry + "/" + repository + ":" + tag)
		if err != nil {
			return err
		}
		image, err := random.Image(64, 1)
		if err != nil {
			return err
		}
		return remote.Write(target, image, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	}
	return s
}

// indent prints the lines of the installation below their heading.
type indent struct{}

func (indent) Write(p []byte) (int, error) {
	if _, err := fmt.Print("  ", string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
