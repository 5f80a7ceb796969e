package webhook_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spanpb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/garboard-dev/garboard/internal/tracing"
	"github.com/garboard-dev/garboard/webhook"
)

// collected is a collector that takes OTLP over HTTP.
type collected struct {
	*httptest.Server
	mu    sync.Mutex
	raw   []byte
	spans map[string]*spanpb.Span // by name
}

func collect(t *testing.T) *collected {
	t.Helper()
	c := &collected{spans: map[string]*spanpb.Span{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if r.URL.Path != "/v1/traces" || err != nil || proto.Unmarshal(body, &request) != nil {
			t.Errorf("not OTLP: %s %v", r.URL, err)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw = append(c.raw, body...)
		for _, resource := range request.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					c.spans[span.GetName()] = span
				}
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func attributeOf(span *spanpb.Span, key string) string {
	for _, a := range span.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

// A trace that the API server began goes on through the decision and the
// resolution to the registry, and no credential goes with it.
func TestOneAdmissionIsOneTrace(t *testing.T) {
	const traceID, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for name, test := range map[string]struct {
		traceparent string
		ratio       float64
		sent        bool
	}{
		"as the API server says":       {"00-" + traceID + "-" + parent + "-01", 0, true},
		"as the API server says not":   {"00-" + traceID + "-" + parent + "-00", 1, false},
		"begun here, all of them":      {"", 1, true},
		"begun here, none of them":     {"", 0, false},
		"a header that is none counts": {"00-nonsense", 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			sink := collect(t)
			provider, err := tracing.New(t.Context(), tracing.Options{Endpoint: sink.URL, Ratio: test.ratio, Service: "garboard-webhook", Version: "test"})
			must(t, err)
			w := watch(t, provider.Tracer(), "1.2.0", "1.2.7")
			private := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if user, password, ok := r.BasicAuth(); !ok || user != "robot" || password != "hunter2" {
					rw.Header().Set("WWW-Authenticate", `Basic realm="private"`)
					rw.WriteHeader(http.StatusUnauthorized)
					return
				}
				if r.Header.Get("Traceparent") != "" {
					t.Error("the registry is told of the trace")
				}
				_, _ = io.WriteString(rw, `{"name":"app","tags":["1.2.0","1.2.7"]}`)
			})
			w.fault.Store(&private)
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, webhook.MutatePath,
				bytes.NewReader(write{object: w.deployment("patch", "1.2.0")}.review()))
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Traceparent", test.traceparent)
			answer := httptest.NewRecorder()
			w.mux.ServeHTTP(answer, request)
			must(t, provider.Shutdown(t.Context()))

			if !test.sent {
				if len(sink.spans) > 0 {
					t.Errorf("%d spans were sent", len(sink.spans))
				}
				return
			}
			admission, resolve, asked := sink.spans["admission mutate"], sink.spans["resolve"], sink.spans["registry request"]
			if admission == nil || resolve == nil || asked == nil {
				t.Fatalf("the spans are %v", sink.spans)
			}
			if got := hex.EncodeToString(admission.GetTraceId()); strings.Contains(test.traceparent, traceID) != (got == traceID) {
				t.Errorf("the trace is %s", got)
			}
			if got := hex.EncodeToString(admission.GetParentSpanId()); strings.Contains(test.traceparent, parent) != (got == parent) {
				t.Errorf("the parent is %s", got)
			}
			if !bytes.Equal(resolve.GetParentSpanId(), admission.GetSpanId()) || !bytes.Equal(asked.GetParentSpanId(), resolve.GetSpanId()) {
				t.Error("the spans are not each other's children")
			}
			for key, want := range map[string]string{
				"garboard.outcome": "moved", "garboard.request.uid": "1", "garboard.request.operation": "CREATE",
				"garboard.object.kind": "Deployment", "k8s.namespace.name": "on",
			} {
				if got := attributeOf(admission, key); got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
			if got := attributeOf(resolve, "garboard.resolution.tag"); got != "1.2.7" {
				t.Errorf("resolved to %q", got)
			}
			if got := attributeOf(asked, "url.full"); !strings.HasPrefix(got, "http://"+w.host+"/v2/") || strings.Contains(got, "?") {
				t.Errorf("the registry's span is of %q", got)
			}
			for _, secret := range []string{"hunter2", "cm9ib3Q6aHVudGVyMg", "Authorization"} {
				if bytes.Contains(sink.raw, []byte(secret)) {
					t.Errorf("a span has %q in it", secret)
				}
			}
		})
	}
}
