package webhook_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-logr/zapr"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/webhook"
)

// writerFunc is where a log is written to.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(line []byte) (int, error) { return f(line) }

// loggingTo is a running server of webhooks that log to a writer.
func loggingTo(t *testing.T, w *world, log io.Writer) (*served, *prometheus.Registry) {
	t.Helper()
	counted := prometheus.NewRegistry()
	metrics, err := webhook.NewMetrics(counted)
	must(t, err)
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: w.resolver})
	must(t, err)
	known := namespaces{"on": workload.NamespaceOf("on", map[string]string{workload.LabelEnabled: "true"}, nil)}
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(log), zap.InfoLevel)
	mux := http.NewServeMux()
	webhook.Register(muxer{mux}, &webhook.Mutate{
		Decider: decider, Namespaces: known, Metrics: metrics, Log: zapr.NewLogger(zap.New(core)),
	}, &webhook.Validate{Namespaces: known})
	return serve(t, mux, webhook.Limits{Metrics: metrics}), counted
}

// A log that is slow to take a line holds up no write to the cluster.
func TestAnswersDoNotWaitForTheLog(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	answered, lines := make(chan struct{}), make(chan string, 1)
	s, _ := loggingTo(t, w, writerFunc(func(line []byte) (int, error) {
		<-answered
		lines <- string(line)
		return len(line), nil
	}))
	response := s.review(webhook.MutatePath, write{object: w.deployment("patch", "1.2.0")}.review())
	close(answered)
	if !response.Allowed || !strings.Contains(string(response.Patch), "1.2.7") {
		t.Errorf("answered %+v", response)
	}
	if line := <-lines; !strings.Contains(line, `"outcome":"moved"`) || !strings.Contains(line, `"uid":"`) {
		t.Errorf("logged %s", line)
	}
}

// What is told behind an answer is inside a net against panics, too.
func TestPanicWhileLoggingIsCounted(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	var failed atomic.Bool
	s, counted := loggingTo(t, w, writerFunc(func(line []byte) (int, error) {
		if failed.CompareAndSwap(false, true) {
			panic("a fault of the log")
		}
		return len(line), nil
	}))
	review := write{object: w.deployment("patch", "1.2.0")}.review()
	for range 2 {
		if response := s.review(webhook.MutatePath, review); !response.Allowed {
			t.Errorf("answered %+v", response)
		}
	}
	eventually(t, func() bool { return counter(t, counted, "garboard_admission_panics_total", "none") == 1 })
}
