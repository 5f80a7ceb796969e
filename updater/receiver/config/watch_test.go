package config_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/internal/configfile"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

func watcher(t *testing.T, o configfile.WatcherOptions[config.Config]) *configfile.Watcher[config.Config] {
	t.Helper()
	o.What, o.Parse = "the push settings", config.Parse
	w, err := configfile.NewWatcher(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A secret that is renewed, as the kubelet does by swapping a link, is in force
// without a restart; settings that are broken leave the last good ones so.
func TestSettingsAndSecretsAreReadAgain(t *testing.T) {
	dir := folder(t)
	file := filepath.Join(dir, "push.yaml")
	write(t, file, head+"- {sender: github, hmacSecretFile: link/secret}\n")
	for name, text := range map[string]string{"one": "the-first-secret-of-all", "two": "the-second-secret-of-all"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "secret"), text)
	}
	point := func(to string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, "next")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
	}
	point("one")
	applied, reported := make(chan string, 9), make(chan error, 9)
	w := watcher(t, configfile.WatcherOptions[config.Config]{
		Path: file, Interval: time.Millisecond,
		Apply:  func(c *config.Config) error { applied <- string(c.Senders[0].Auth.HMACSecret); return nil },
		Report: func(err error) { reported <- err },
	})
	if err := w.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() { _ = w.Start(ctx) }()
	next := func(want string) {
		t.Helper()
		select {
		case got := <-applied:
			if got != want {
				t.Errorf("applied %q, want %q", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("%q is not applied", want)
		}
	}
	next("the-first-secret-of-all")
	point("two")
	next("the-second-secret-of-all")
	write(t, file, head+"- {sender: nobody, hmacSecretFile: link/secret}\n")
	select {
	case err := <-reported:
		if !strings.Contains(err.Error(), `"nobody"`) {
			t.Errorf("reported %v", err)
		}
	case <-ctx.Done():
		t.Fatal("the fault is not told")
	}
	write(t, file, head+"- {sender: github, bearerTokenFile: link/secret}\n- {sender: github, name: b, hmacSecretFile: link/secret}\n")
	next("") // the first sender has a bearer token now
	if len(applied) > 0 {
		t.Errorf("applied again without a change: %d times", len(applied))
	}
}

func TestAProgramDoesNotStartWithFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "push.yaml")
	w := watcher(t, configfile.WatcherOptions[config.Config]{Path: file, Apply: func(*config.Config) error { t.Error("applied"); return nil }})
	if err := w.Load(t.Context()); err == nil {
		t.Error("no error without a file")
	}
	write(t, file, "{}")
	if err := w.Load(t.Context()); err == nil {
		t.Error("no error with faults")
	}
}
