package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/zapr"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/garboard-dev/garboard/internal/tracing"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/webhook"
)

// watched is a world whose log and metrics are read.
type watched struct {
	*world
	log     *journal
	metrics *prometheus.Registry
}

// journal is a log that may be written from several goroutines.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) Sync() error { return nil }

// take returns the lines since the last time.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	text := j.text.String()
	j.text.Reset()
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// fixed is one credential for every repository.
type fixed struct{ credential resolver.Credential }

func (f fixed) For(context.Context, resolver.Repository) ([]resolver.Credential, error) {
	return []resolver.Credential{f.credential}, nil
}

func watch(t testing.TB, tracer trace.Tracer, tags ...string) *watched {
	t.Helper()
	w := &watched{world: newWorld(t, tags...), log: &journal{}, metrics: prometheus.NewRegistry()}
	options := registry.Options{Private: []string{w.host}}
	if tracer != nil {
		options.Span = tracing.Requests(tracer)
	}
	client, err := registry.New(options)
	must(t, err)
	var asked webhook.Resolver = resolver.New(client, resolver.Options{Credentials: fixed{auth.Basic("robot", "hunter2")}})
	if tracer != nil {
		asked = &tracing.Resolver{Inner: asked, Tracer: tracer}
	}
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: asked})
	must(t, err)
	counted, err := webhook.NewMetrics(w.metrics)
	must(t, err)
	known := namespaces{
		"on":  workload.NamespaceOf("on", map[string]string{"garboard.dev/enabled": "true"}, nil),
		"off": workload.NamespaceOf("off", nil, nil),
	}
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	w.mux = http.NewServeMux()
	webhook.Register(muxer{w.mux}, &webhook.Mutate{
		Decider: decider, Namespaces: known, Metrics: counted, Tracer: tracer,
		Log: zapr.NewLogger(zap.New(zapcore.NewCore(encoder, w.log, zap.DebugLevel))),
	}, &webhook.Validate{Namespaces: known})
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// samples reads counters, and how much histograms have observed, by name and
// labels.
func (w *watched) samples(t testing.TB) map[string]float64 {
	t.Helper()
	families, err := w.metrics.Gather()
	must(t, err)
	found := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			series := family.GetName()
			for _, l := range m.GetLabel() {
				series += " " + l.GetName() + "=" + l.GetValue()
			}
			found[series] = m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return found
}

// answered is how many requests each combination of labels has: "mutate CREATE
// moved".
func (w *watched) answered(t testing.TB) map[string]float64 {
	t.Helper()
	found := map[string]float64{}
	for series, n := range w.samples(t) {
		var operation, outcome, hook string
		if _, err := fmt.Sscanf(series, "garboard_admission_duration_seconds operation=%s outcome=%s webhook=%s", &operation, &outcome, &hook); err == nil {
			found[hook+" "+operation+" "+outcome] = n
		}
	}
	return found
}

// Each request is counted once and logged once: what was decided at info, what
// is settled or none of ours at debug.
func TestEachRequestIsToldOfOnce(t *testing.T) {
	const label = `"labels":{"touched":"yes"},"name":"web"`
	named := func(object string) string { return strings.Replace(object, `"name":"web"`, label, 1) }
	moved := func(w *watched) string {
		stored, _ := w.mutate(write{object: w.deployment("patch", "1.2.0")})
		return stored
	}
	down := func(w *watched) {
		dead := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
		w.fault.Store(&dead)
	}
	for name, test := range map[string]struct {
		path    string
		request func(w *watched) write
		counted string // as answered has it
		level   string
		line    string // what the line has besides, HOST for the registry's
		audit   string // the annotation
	}{
		"a create moves": {
			request: func(w *watched) write { return write{object: w.deployment("patch", "1.2.0")} },
			counted: "mutate CREATE moved", level: "info",
			line:  `"containers":[{"name":"c0","row":"created","submitted":"HOST/app:1.2.0","answer":"HOST/app:1.2.7","policy":"patch","reason":"`,
			audit: "images=c0: HOST/app:1.2.0 -> HOST/app:1.2.7 (policy patch; row created; reason ",
		},
		"a create names the newest": {
			request: func(w *watched) write { return write{object: w.deployment("patch", "1.2.7")} },
			counted: "mutate CREATE unchanged", level: "info", line: `"row":"created"`,
		},
		"a label is written": {
			request: func(w *watched) write { stored := moved(w); return write{object: named(stored), old: stored} },
			counted: "mutate UPDATE unchanged", level: "debug", line: `"row":"unchanged"`,
		},
		"a person goes down": {
			request: func(w *watched) write {
				stored := moved(w)
				return write{object: strings.Replace(stored, "app:1.2.7", "app:1.2.0", 1), old: stored, manager: "kubectl-set"}
			},
			counted: "mutate UPDATE unchanged", level: "info", line: `"row":"by_hand","submitted":"HOST/app:1.2.0","stored":"HOST/app:1.2.7"`,
			audit: "images=c0: HOST/app:1.2.7 -> HOST/app:1.2.0 (policy patch; row by_hand; hold 1.2.7)",
		},
		"the manifest is applied again": {
			request: func(w *watched) write {
				stored := moved(w)
				return write{object: strings.Replace(stored, "app:1.2.7", "app:1.2.0", 1), old: stored, manager: "kubectl-client-side-apply"}
			},
			counted: "mutate UPDATE unchanged", level: "info", line: `"manager":"kubectl-client-side-apply"`,
			audit: "images=c0: HOST/app:1.2.7 stays (policy patch; row same_again; reason ",
		},
		"the registry is down": {
			request: func(w *watched) write { down(w); return write{object: w.deployment("patch", "1.2.0")} },
			counted: "mutate CREATE kept", level: "info", line: `"problem":"kept at 1.2.0: `,
			audit: "images=c0: HOST/app:1.2.0 stays (policy patch; row created; reason StayRegistryUnavailable; kept at 1.2.0: ",
		},
		"the registry is down, and that is a refusal": {
			request: func(w *watched) write {
				down(w)
				return write{object: w.annotated("1.2.0", `,"garboard.dev/onUnresolvable":"deny"`, "")}
			},
			counted: "mutate CREATE denied", level: "info", line: `"reason":"c0: `,
			audit: "images=c0: HOST/app:1.2.0 stays",
		},
		"the namespace has not opted in": {
			request: func(w *watched) write { return write{namespace: "off", object: w.deployment("patch", "1.2.0")} },
			counted: "mutate CREATE skipped", level: "debug", line: `"reason":"skipping: `,
		},
		"the object is none": {
			request: func(*watched) write { return write{object: `"nonsense"`} },
			counted: "mutate CREATE error", level: "error", line: `"error":"reading request: `,
		},
		"settings are good": {
			path:    webhook.ValidatePath,
			request: func(w *watched) write { return write{object: w.deployment("patch", "1.2.0")} },
			counted: "validate CREATE allowed", level: "debug", line: `"outcome":"allowed"`,
		},
		"settings are refused": {
			path:    webhook.ValidatePath,
			request: func(w *watched) write { return write{object: w.deployment("nonsense", "1.2.0")} },
			counted: "validate CREATE denied", level: "info", line: "nonsense",
			audit: `faults=Deployment.apps "web" is invalid: metadata.annotations[garboard.dev/policy]: `,
		},
		"an image is warned of": {
			path:    webhook.ValidatePath,
			request: func(w *watched) write { return write{object: w.deployment("semver:<1.0.0", "1.2.0")} },
			counted: "validate CREATE warned", level: "debug", line: `"warnings":["`,
			audit: "faults=spec.template.spec.containers[0].image: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := watch(t, nil, "1.2.0", "1.2.7")
			request := test.request(w)
			w.log.take()
			before := w.answered(t)
			path := test.path
			if path == "" {
				path = webhook.MutatePath
			}
			response := w.post(path, request.review())

			for labels, n := range w.answered(t) {
				if n -= before[labels]; (labels == test.counted) != (n == 1) || n > 1 {
					t.Errorf("%v requests are counted as %q, want one %q", n, labels, test.counted)
				}
			}
			lines := w.log.take()
			if len(lines) != 1 {
				t.Fatalf("%d lines, want one:\n%s", len(lines), strings.Join(lines, "\n"))
			}
			hook, _, _ := strings.Cut(test.counted, " ")
			namespace := request.namespace
			if namespace == "" {
				namespace = "on"
			}
			for _, part := range []string{
				`"level":"` + test.level + `"`, `"webhook":"` + hook + `"`, `"uid":"1"`, `"kind":"Deployment.apps"`,
				`"namespace":"` + namespace + `"`, `"dryRun":false`, strings.ReplaceAll(test.line, "HOST", w.host),
			} {
				if !strings.Contains(lines[0], part) {
					t.Errorf("no %s in %s", part, lines[0])
				}
			}
			var told []string
			for key, value := range response.AuditAnnotations {
				told = append(told, key+"="+value)
			}
			want := strings.ReplaceAll(test.audit, "HOST", w.host)
			if got := strings.Join(told, "\n"); !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("audit annotation %q, want %q", got, want)
			}
		})
	}
}

// Names and images are whatever the writer likes: they fill neither the log nor
// the audit log, and forge no line of theirs.
func TestHostileNamesAreBounded(t *testing.T) {
	w := watch(t, nil)
	long := strings.Repeat("x", 100_000)
	var containers []string
	for i := range 10 {
		containers = append(containers, fmt.Sprintf(`{"name":"c%d\n{\"level\":\"info\"}","image":"no reference %s"}`, i, long))
	}
	object := `{"metadata":{"name":"web\n` + long + `","annotations":{"garboard.dev/policy":"glob:` + long + `"}},"spec":{"template":{"spec":{"containers":[` +
		strings.Join(containers, ",") + `]}}}}`
	response := w.post(webhook.MutatePath, write{object: object, manager: long}.review())
	lines := w.log.take()
	if len(lines) != 1 || !json.Valid([]byte(lines[0])) || len(lines[0]) > 32<<10 {
		t.Errorf("%d lines, the first of %d bytes", len(lines), len(lines[0]))
	}
	if told := response.AuditAnnotations["images"]; len(told) == 0 || len(told) > 4<<10 || strings.Contains(told, "\n") {
		t.Errorf("an audit annotation of %d bytes", len(told))
	}

	many := w.deployment("patch", make([]string, 100)...)
	w.post(webhook.MutatePath, write{object: strings.ReplaceAll(many, "/app:", "/no reference:")}.review())
	if lines := w.log.take(); !strings.Contains(lines[0], `"moreContainers":80`) {
		t.Errorf("a line of %d bytes tells of all containers", len(lines[0]))
	}

	w.post(webhook.MutatePath, bytes.Replace(write{object: object}.review(), []byte(`"operation":"CREATE"`), []byte(`"operation":"`+long+`"`), 1))
	if counted := w.answered(t); counted["mutate other skipped"] != 1 || len(counted) > 3 {
		t.Errorf("the labels are %v", counted)
	}
}

// unwell is a namespace reader with a fault of ours in it.
type unwell struct{}

func (unwell) Namespace(context.Context, string) (workload.Namespace, error) {
	panic("a fault of ours")
}

// A panic is an answer that took time, too, and one that somebody should look at.
func TestPanicIsCounted(t *testing.T) {
	w := watch(t, nil)
	counted := prometheus.NewRegistry()
	metrics, err := webhook.NewMetrics(counted)
	must(t, err)
	w.metrics, w.mux = counted, http.NewServeMux()
	webhook.Register(muxer{w.mux}, &webhook.Mutate{Namespaces: unwell{}, Metrics: metrics}, &webhook.Validate{Namespaces: unwell{}})
	w.post(webhook.MutatePath, write{object: w.deployment("patch", "1.2.0")}.review())
	if got := w.answered(t); got["mutate CREATE error"] != 1 {
		t.Errorf("counted: %v", got)
	}
}

// A row that a decision fell into, and the patch that it made.
func TestDecisionsAreCounted(t *testing.T) {
	w := watch(t, nil, "1.2.0", "1.2.7")
	review := write{object: w.deployment("patch", "1.2.0", "1.2.7")}.review()
	w.post(webhook.MutatePath, review)
	w.post(webhook.MutatePath, bytes.Replace(review, []byte(`"operation":"CREATE"`), []byte(`"operation":"CREATE","dryRun":true`), 1))
	for series, want := range map[string]float64{
		"garboard_admission_decisions_total dry_run=false row=created": 2,
		"garboard_admission_decisions_total dry_run=true row=created":  2,
		"garboard_admission_patch_bytes":                               2,
	} {
		if got := w.samples(t)[series]; got != want {
			t.Errorf("%s is %v, want %v, of %v", series, got, want, w.samples(t))
		}
	}
}
