package resolve

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// manyManifests are so many Deployments of two containers, over 50 repositories.
func manyManifests(host string, count int) []byte {
	var b bytes.Buffer
	for n := range count {
		fmt.Fprintf(&b, `---
# Deployment %[2]d
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%[2]d
  namespace: team
  labels: {app.kubernetes.io/name: app-%[2]d}
  annotations:
    garboard.dev/policy: minor
spec:
  replicas: 2
  selector:
    matchLabels: {app: app-%[2]d}
  template:
    metadata:
      labels: {app: app-%[2]d}
    spec:
      containers:
        - name: web
          image: %[1]s/team/app-%[3]d:1.2.0 # the page
          ports: [{containerPort: 8080}]
          env:
            - name: LOG
              value: "info"
            - name: PORT
              value: "8080"
          resources:
            requests: {cpu: 10m, memory: 64Mi}
            limits: {memory: 128Mi}
          readinessProbe:
            httpGet: {path: /ready, port: 8080}
        - name: sidecar
          image: %[1]s/team/app-%[4]d:1.0.0
          args: ["--verbose"]
`, host, n, n%50, (n+1)%50)
	}
	return b.Bytes()
}

// tagsRegistry answers each list with the same 200 tags.
func tagsRegistry(b *testing.B) string {
	b.Helper()
	var tags []string
	for n := range 200 {
		tags = append(tags, fmt.Sprintf(`"1.%d.%d"`, n/20, n%20))
	}
	list := `{"name":"x","tags":[` + strings.Join(tags, ",") + `]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/tags/list") {
			_, _ = io.WriteString(w, list)
		}
	}))
	b.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// BenchmarkResolve is `garboard resolve` of a thousand manifests in one file, from its
// bytes to those of the output, with a registry that answers at once and is asked at any
// pace.
func BenchmarkResolve(b *testing.B) {
	host := tagsRegistry(b)
	config := filepath.Join(b.TempDir(), "registries.yaml")
	settings := "apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\nregistries:\n  - prefix: " + host + "\n    requestsPerSecond: 1000\n    burst: 1000\n"
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		b.Fatal(err)
	}
	manifests := manyManifests(host, 1000)
	for _, format := range []manifestFormat{manifestYAML, manifestDiff} {
		b.Run(string(format), func(b *testing.B) {
			o := &resolveOptions{namespace: "default", config: config, output: format}
			b.ReportAllocs()
			for b.Loop() {
				var out, errOut bytes.Buffer
				if err := o.run(b.Context(), bytes.NewReader(manifests), &out, &errOut); err != nil {
					b.Fatal(err)
				}
				if n := strings.Count(out.String(), ":1.9.19"); n < 2000 || errOut.Len() > 0 {
					b.Fatalf("%d images of the newest tag; %.300s", n, errOut.String())
				}
			}
		})
	}
}
