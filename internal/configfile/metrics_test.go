package configfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/garboard-dev/garboard/internal/configfile"
)

// An alert looks at the first of the two: the next start of the process fails.
func TestMetricsTellWhetherTheSettingsAreInForce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Unix(1000, 0)
	watcher, err := configfile.NewWatcher(configfile.WatcherOptions[string]{
		What: "the settings", Path: file, Now: func() time.Time { return now },
		Parse: func(_ string, data []byte, _ *configfile.Files) (*string, error) {
			if text := string(data); text != "bad" {
				return &text, nil
			}
			return nil, errors.New("bad settings")
		},
		Apply: func(*string) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	metrics := prometheus.NewRegistry()
	if err := watcher.Register(metrics, prometheus.GaugeOpts{Name: "in_force"}, prometheus.GaugeOpts{Name: "since"}); err != nil {
		t.Fatal(err)
	}
	want := func(inForce, since string) {
		t.Helper()
		text := "# HELP in_force\n# TYPE in_force gauge\nin_force " + inForce + "\n# HELP since\n# TYPE since gauge\nsince " + since + "\n"
		if err := testutil.GatherAndCompare(metrics, strings.NewReader(text)); err != nil {
			t.Error(err)
		}
	}
	write("good")
	if err := watcher.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("1", "1000")
	now = time.Unix(2000, 0)
	write("bad")
	watcher.Tick()
	want("0", "1000")
	write("better")
	watcher.Tick()
	want("1", "2000")
	if err := watcher.Register(metrics, prometheus.GaugeOpts{Name: "in_force"}, prometheus.GaugeOpts{Name: "since"}); err == nil {
		t.Error("the metrics are registered twice without a word")
	}
}
