package main

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/installation"
)

// awaitCertificate notes when the certificate is there, and when the API server has its CA.
func (r *round) awaitCertificate(ctx context.Context) error {
	err := installation.Promptly(ctx, "the certificate", func(ctx context.Context) error {
		_, err := r.Client().CoreV1().Secrets("garboard").Get(ctx, "garboard-webhook-tls", metav1.GetOptions{})
		return err
	})
	if err != nil {
		return err
	}
	r.done(issued)
	err = installation.Promptly(ctx, "the CA", r.wantCA)
	r.done(injected)
	return err
}

// wantCA is an error until both configurations have a CA for each of their webhooks.
func (r *round) wantCA(ctx context.Context) error {
	configurations := r.Client().AdmissionregistrationV1()
	mutating, err := configurations.MutatingWebhookConfigurations().Get(ctx, "garboard", metav1.GetOptions{})
	if err != nil {
		return err
	}
	validating, err := configurations.ValidatingWebhookConfigurations().Get(ctx, "garboard", metav1.GetOptions{})
	if err != nil {
		return err
	}
	bundles := map[string][]byte{}
	for i := range mutating.Webhooks {
		bundles[mutating.Webhooks[i].Name] = mutating.Webhooks[i].ClientConfig.CABundle
	}
	for i := range validating.Webhooks {
		bundles[validating.Webhooks[i].Name] = validating.Webhooks[i].ClientConfig.CABundle
	}
	for name, bundle := range bundles {
		if len(bundle) == 0 {
			return fmt.Errorf("%s has none", name)
		}
	}
	return nil
}
