package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

const (
	byHelm    = "helm"
	byKubectl = "kubectl"

	namespace  = "team"
	repository = "team/shop"
)

// The steps, in the order in which they are printed. Those of cert-manager are from the start of
// its own installation, the others from that of Garboard's.
const (
	ofCertManager = "cert-manager: helm install --wait has returned"
	certManagerUp = "cert-manager: its kinds are served, and its program is started"
	applied       = "the command has returned"
	issued        = "the certificate is issued"
	injected      = "its CA is in all webhook configurations"
	ready         = "the webhook is ready"
	answered      = "the first write is answered with a resolved tag"
)

func steps() []string {
	return []string{ofCertManager, certManagerUp, applied, issued, injected, ready, answered}
}

// bench is what all installations have in common.
type bench struct {
	source, binary string
	chart          string // cert-manager's
}

// round is one installation, in a cluster of its own.
type round struct {
	*bench
	*cluster.Cluster
	way string

	mu    sync.Mutex // Garboard's certificate is waited for beside the rest
	began time.Time
	took  map[string]time.Duration
}

func (r *round) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = time.Now()
}

func (r *round) done(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took[step] = time.Since(r.began)
}

// install installs cert-manager and Garboard, and writes until an answer is resolved.
func (r *round) install(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.installCertManager(ctx); err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	r.begin()
	certificate := make(chan error, 1)
	go func() { certificate <- r.awaitCertificate(watching) }()
	_, err := installation.Install(ctx, r.Cluster, installation.Options{
		Source: r.source, Binary: r.binary, NoUpdater: true, Replicas: 1, Unasked: true, Apply: r.apply,
	})
	if err != nil {
		return err
	}
	r.done(ready)
	if err := <-certificate; err != nil {
		return err
	}
	return r.awaitAnswer(ctx)
}

// prepare does what is not measured: there is a newer tag and a namespace that has opted in, and
// Helm is built where it has to be.
func (r *round) prepare(ctx context.Context) error {
	for _, tag := range []string{"1.2.0", "1.2.7"} {
		if _, err := r.Push(ctx, repository, tag); err != nil {
			return err
		}
	}
	const team = `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"` + namespace + `","labels":{"garboard.dev/enabled":"true"}}}`
	if _, _, err := r.Kubectl(ctx, team, "apply", "-f", "-"); err != nil {
		return err
	}
	_, _, err := r.Helm(ctx, "", "version")
	return err
}

// installCertManager installs its chart. Its Pods are played, as all are, and its program is
// started beside them.
func (r *round) installCertManager(ctx context.Context) error {
	r.begin()
	_, _, err := r.Helm(ctx, "", "install", "cert-manager", r.chart, "--namespace", "cert-manager", "--create-namespace", "--wait",
		"--set", "crds.enabled=true", "--set", "startupapicheck.enabled=false")
	if err != nil {
		return err
	}
	r.done(ofCertManager)
	// Its own admission webhook has no program here.
	_, _, err = r.Kubectl(ctx, "", "delete", "mutatingwebhookconfiguration,validatingwebhookconfiguration", "cert-manager-webhook")
	if err != nil {
		return err
	}
	if err := r.StartCertManager(ctx); err != nil {
		return err
	}
	r.done(certManagerUp)
	return nil
}

// apply runs the command of docs/install.md.
func (r *round) apply(ctx context.Context) error {
	var err error
	if r.way == byHelm {
		_, _, err = r.Helm(ctx, "", "install", "garboard", filepath.Join(r.source, "manifests", "chart"), "--namespace", "garboard", "--create-namespace", "--wait")
	} else {
		_, _, err = r.Kubectl(ctx, "", "apply", "--server-side", "-f", filepath.Join(r.source, "manifests", "install.yaml"))
	}
	r.done(applied)
	return err
}

// awaitAnswer asks by dry runs, until one comes back with the newest tag.
func (r *round) awaitAnswer(ctx context.Context) error {
	config := r.RESTConfig()
	config.WarningHandler = rest.NoWarnings{}
	quiet, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	err = installation.Promptly(ctx, "an answer", func(ctx context.Context) error {
		image, err := create(ctx, quiet, r.Registry+"/"+repository+":1.2.0")
		if err == nil && !strings.HasSuffix(image, ":1.2.7") {
			err = fmt.Errorf("answered with %s", image)
		}
		return err
	})
	r.done(answered)
	return err
}
