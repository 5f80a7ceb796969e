package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/garboard-dev/garboard/test/installation"
)

// memoryLimit bounds all reviews together.
const memoryLimit = 30 * time.Minute

// memory sends reviews straight to a webhook of its own, over TLS, which is what
// the API server does, but faster. They name the repositories in turns.
func (b *bench) memory(ctx context.Context) error {
	server, err := b.garboard.StartUnrouted(ctx)
	if err != nil {
		return err
	}
	idle, _, err := resident(server.Pid())
	if err != nil {
		return err
	}
	client, err := b.reviewer(ctx)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	before := b.quick.requests.Load()
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, memoryLimit)
	defer cancel()
	var next atomic.Int64
	var senders errgroup.Group
	for range b.clients {
		senders.Go(func() error {
			for n := next.Add(1); n <= int64(b.admissions); n = next.Add(1) {
				// The first of a repository may find the registry too slow.
				err := installation.Until(ctx, "a move", func(ctx context.Context) error {
					return b.review(ctx, client, "https://"+server.Address, n)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := senders.Wait(); err != nil {
		return err
	}
	took := time.Since(start)
	now, peak, err := resident(server.Pid())
	if err != nil {
		return err
	}
	fmt.Printf("\nMemory: %d admissions over %d repositories of 102 tags each, sent straight to one webhook in %s (%.0f a second), with %d registry requests.\n",
		b.admissions, b.repositories, took.Round(time.Second), float64(b.admissions)/took.Seconds(), b.quick.requests.Load()-before)
	fmt.Printf("Resident: %d MB after its start, %d MB at the end, %d MB at most.\n", idle>>20, now>>20, peak>>20)
	return nil
}

// reviewer trusts the CA of Garboard's certificate.
func (b *bench) reviewer(ctx context.Context) (*http.Client, error) {
	secret, err := b.cluster.Client().CoreV1().Secrets("garboard").Get(ctx, "garboard-webhook-tls", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(secret.Data["ca.crt"]) {
		return nil, errors.New("reading the CA of the webhook's certificate: no PEM in ca.crt")
	}
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		MaxIdleConnsPerHost: b.clients,
		TLSClientConfig:     &tls.Config{RootCAs: roots, ServerName: "garboard-webhook.garboard.svc", MinVersion: tls.VersionTLS12},
	}}, nil
}

// review has one Deployment admitted, and its image moved.
func (b *bench) review(ctx context.Context, client *http.Client, address string, n int64) error {
	answer, err := b.ask(ctx, client, address, deployment("web", fmt.Sprintf("%s/%s-memory-%d:1.2.0", b.quick.host(), repository, n%int64(b.repositories))))
	if err != nil {
		return err
	}
	if !bytes.Contains(answer.Patch, []byte(":1.2.7")) {
		return fmt.Errorf("admission %d moved nothing: %s", n, answer.Patch)
	}
	return nil
}

// answerOf is what Garboard answers for the creation of a Deployment.
func (b *bench) answerOf(ctx context.Context, d *appsv1.Deployment) (*admissionv1.AdmissionResponse, error) {
	client, err := b.reviewer(ctx)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	answer, err := b.ask(ctx, client, "https://"+b.garboard.Webhooks()[0].Address, d)
	if err == nil && len(answer.Patch) == 0 {
		err = errNoPatch
	}
	return answer, err
}

// ask sends a webhook the creation of a Deployment, and returns its answer.
func (b *bench) ask(ctx context.Context, client *http.Client, address string, d *appsv1.Deployment) (*admissionv1.AdmissionResponse, error) {
	d.TypeMeta = metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}
	object, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Operation: admissionv1.Create, Namespace: "warm", Name: "web",
			Kind:     metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"},
			Resource: metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
			Object:   runtime.RawExtension{Raw: object},
		},
	})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/mutate?timeout=5s", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var answer admissionv1.AdmissionReview
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	if answer.Response == nil {
		return nil, fmt.Errorf("the webhook's answer has no response: %s", text)
	}
	return answer.Response, nil
}

// resident is a process's memory now and at most, in bytes.
func resident(pid int) (now, peak int64, err error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, 0, fmt.Errorf("reading the webhook's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] != "kB" {
			continue
		}
		kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			continue
		}
		switch fields[0] {
		case "VmRSS:":
			now = kilobytes << 10
		case "VmHWM:":
			peak = kilobytes << 10
		}
	}
	return now, peak, nil
}
