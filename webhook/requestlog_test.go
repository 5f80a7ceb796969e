package webhook

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

func TestLinesOfARequestNameWhoWroteThem(t *testing.T) {
	for name, write := range map[string]func(logr.Logger){
		"a line":                 func(l logr.Logger) { l.Info("it was answered") },
		"an error":               func(l logr.Logger) { l.Error(errors.New("broken"), "it was not answered") },
		"a line of values":       func(l logr.Logger) { l.WithValues("container", "web").Info("it was answered") },
		"a line that is at hand": func(l logr.Logger) { l.WithValues().Info("it was answered") },
		"a line from deeper": func(l logr.Logger) {
			func() { l.WithCallDepth(1).Info("it was answered") }()
		},
	} {
		t.Run(name, func(t *testing.T) {
			var line string
			base := funcr.New(func(_, text string) { line = text }, funcr.Options{LogCaller: funcr.All})
			write(requestLogger(base, "mutate", &admission.Request{}))
			if !strings.Contains(line, `"file"="requestlog_test.go"`) || !strings.Contains(line, `"webhook"="mutate"`) {
				t.Errorf("got %s", line)
			}
		})
	}
}
