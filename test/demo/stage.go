package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
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
// the story there.
func local(ctx context.Context, source string, keep bool) error {
	fmt.Println("A Kubernetes control plane on this machine: etcd, API server, controllers, scheduler,")
	fmt.Println("a registry and cert-manager, all real; the kubelet and its containers are played.")
	if keep {
		return kept(ctx, source)
	}
	start := time.Now()
	return cluster.Use(ctx, cluster.Options{}, func(c *cluster.Cluster) error {
		_, err := tellOn(ctx, c, source, start)
		return err
	})
}

// tellOn installs Garboard in a local cluster, which was begun at start, and tells
// the story there.
func tellOn(ctx context.Context, c *cluster.Cluster, source string, start time.Time) (*installation.Installation, error) {
	fmt.Printf("The cluster is up after %s. Installing Garboard:\n", time.Since(start).Round(time.Second))
	i, err := installation.Install(ctx, c, installation.Options{Source: source, Log: indent{}})
	if err != nil {
		return nil, err
	}
	fmt.Println("Garboard is installed: 2 webhooks and an updater.")
	return i, tell(ctx, &stage{registry: c.Registry, kubectl: c.Kubectl, push: func(ctx context.Context, repository, tag string) error {
		_, err := c.Push(ctx, repository, tag)
		return err
	}})
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
