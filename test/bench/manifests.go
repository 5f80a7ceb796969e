package main

import "fmt"

// webhooks are those that Garboard is compared with: in the same place, behind a
// Service, with a certificate of the same issuer. conditions are Garboard's.
func webhooks(conditions string) string {
	return certificate + service("noop") + service("each") + service("patched") + service("whole") + service("library") +
		configuration("Mutating", "noop-one", "noop", "/") +
		configuration("Mutating", "noop", "noop", "/") + configuration("Validating", "noop", "noop", "/") +
		configuration("Mutating", "patched", "patched", "/mutate") + configuration("Validating", "patched", "patched", "/validate") +
		configuration("Mutating", "whole", "whole", wholePath) + conditions + configuration("Validating", "whole", "whole", "/validate") + conditions +
		configuration("Mutating", "library", "library", "/mutate") + configuration("Validating", "library", "library", "/validate") +
		configuration("Mutating", "each", "each", "/")
}

const certificate = `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: other-webhook, namespace: garboard}
spec:
  secretName: other-webhook-tls
  dnsNames: [noop-webhook.garboard.svc, each-webhook.garboard.svc, patched-webhook.garboard.svc, whole-webhook.garboard.svc, library-webhook.garboard.svc]
  privateKey: {algorithm: ECDSA, size: 256}
  issuerRef: {name: garboard-ca, kind: Issuer, group: cert-manager.io}
`

func service(name string) string {
	return fmt.Sprintf(`---
apiVersion: v1
kind: Service
metadata: {name: %s-webhook, namespace: garboard}
spec: {ports: [{name: https, port: 443, targetPort: 9443}]}
`, name)
}

// configuration sends the Deployments of one namespace to a path of a service.
func configuration(kind, namespace, service, path string) string {
	return fmt.Sprintf(`---
apiVersion: admissionregistration.k8s.io/v1
kind: %[1]sWebhookConfiguration
metadata:
  name: bench-%[2]s
  annotations: {cert-manager.io/inject-ca-from: garboard/other-webhook}
webhooks:
- name: %[2]s.bench.garboard.dev
  clientConfig: {service: {name: %[3]s-webhook, namespace: garboard, path: %[4]s}}
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 5
  namespaceSelector: {matchLabels: {bench: %[2]s}}
  rules:
  - {operations: [CREATE, UPDATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}
`, kind, namespace, service, path)
}
