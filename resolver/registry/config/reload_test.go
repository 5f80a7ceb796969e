package config_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/configfile"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

const settings = `apiVersion: garboard.dev/v1alpha1
kind: RegistriesConfig
registries:
- prefix: docker.io
  ca: ca.pem
  client: {cert: client.crt, key: client.key}
  credentials: {username: u, passwordFile: password}
`

// A change of any of the files counts, as the kubelet makes it: by another
// folder behind the same links.
func TestWatcherFollowsEachFile(t *testing.T) {
	ca, _ := pair(t)
	cert, key := pair(t)
	tests := map[string]map[string]string{
		"the settings file":      {"registries.yaml": settings + "  burst: 5\n"},
		"a CA":                   {"ca.pem": ca},
		"a client certificate":   {"client.crt": cert, "client.key": key},
		"a password":             {"password": "another"},
		"a password's last byte": {"password": secret + "\n\n"},
	}
	for name, changes := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			must(t, w.watcher.Load(t.Context()))
			w.watcher.Tick()
			w.want(t, 1)

			w.publish(t, changes)
			w.watcher.Tick()
			w.want(t, 2)
			w.watcher.Tick()
			w.want(t, 2)
		})
	}
}

func TestWatcherKeepsTheOldSettingsWhileTheNewHaveFaults(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"faults in the file":         {map[string]string{"registries.yaml": settings + "  burst: 0\n"}, `registries.yaml:8: registries[0].burst: "0": allowed: a whole number from 1 to 10000`},
		"an empty file":              {map[string]string{"registries.yaml": ""}, "registries.yaml:1: the file is empty"},
		"no file":                    {map[string]string{"registries.yaml": absent}, "no such file"},
		"a named file that went":     {map[string]string{"ca.pem": absent}, `registries[0].ca: "ca.pem": no such file`},
		"a pair that is none":        {map[string]string{"client.key": "x"}, "registries[0].client: the files are not a certificate and its key"},
		"settings that do not apply": {map[string]string{"password": "refused"}, `registries.yaml": refused`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			must(t, w.watcher.Load(t.Context()))
			loaded := w.watcher.LastReload()

			w.now = w.now.Add(time.Minute)
			before := w.publish(t, test.files)
			w.watcher.Tick()
			w.watcher.Tick()
			w.want(t, 1, test.want)
			if got := w.watcher.LastReload(); got.Success || got.Time != loaded.Time {
				t.Errorf("last reload: got %v, want no success, and the time %v", got, loaded.Time)
			}

			w.publish(t, before)
			w.watcher.Tick()
			w.want(t, 2, test.want)
			if got := w.watcher.LastReload(); !got.Success || got.Time != w.now {
				t.Errorf("last reload: got %v, want success at %v", got, w.now)
			}

			// The same fault is news after all was well.
			w.publish(t, test.files)
			w.watcher.Tick()
			w.want(t, 2, test.want, test.want)
		})
	}
}

func TestWatcherReportsEachFailureOnce(t *testing.T) {
	w := newWorld(t)
	must(t, w.watcher.Load(t.Context()))
	for _, burst := range []string{"0", "0", "fast", "fast"} {
		w.publish(t, map[string]string{"registries.yaml": settings + "  burst: " + burst + "\n"})
		w.watcher.Tick()
	}
	w.want(t, 1, `burst: "0"`, `burst: "fast"`)
}

// What could not be applied may be so a moment later, with the same files.
func TestWatcherTriesToApplyAgain(t *testing.T) {
	w := newWorld(t)
	must(t, w.watcher.Load(t.Context()))
	w.publish(t, map[string]string{"password": "refused"})
	w.watcher.Tick()
	w.want(t, 1, "refused")
	w.refuses = false
	w.watcher.Tick()
	w.want(t, 2, "refused")
}

func TestLoadTellsOfFaults(t *testing.T) {
	w := newWorld(t)
	w.publish(t, map[string]string{"registries.yaml": settings + "  burst: 0\n"})
	err := w.watcher.Load(t.Context())
	var faults config.Faults
	if !errors.As(err, &faults) || len(faults) != 1 {
		t.Errorf("got error %v, want one fault", err)
	}
	w.want(t, 0)
	w.publish(t, map[string]string{"registries.yaml": absent})
	if err := w.watcher.Load(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v, want %v", err, os.ErrNotExist)
	}
	w.publish(t, map[string]string{"registries.yaml": strings.Repeat("#", 2<<20)})
	if err := w.watcher.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a file of 2 MiB: got error %v", err)
	}
	if got := w.watcher.LastReload(); got.Success || !got.Time.IsZero() {
		t.Errorf("last reload: got %v, want none", got)
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := newWorld(t)
	if err := w.watcher.Load(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

func TestStartFollowsUntilItsContextEnds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "registries.yaml")
	const text = "apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\n"
	must(t, os.WriteFile(file, []byte(text), 0o600))
	applied := make(chan *config.Config, 2)
	w, err := newWatcher(watcherOptions{
		Path: file, Interval: time.Millisecond,
		Apply: func(c *config.Config) error {
			applied <- c
			return nil
		},
	})
	must(t, err)
	must(t, w.Load(t.Context()))
	<-applied

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Start(ctx) }()
	changed := file + ".new"
	must(t, os.WriteFile(changed, []byte(text+"deny: [docker.io]\n"), 0o600))
	must(t, os.Rename(changed, file))
	if c := <-applied; c.Allows("docker.io", "library/nginx") {
		t.Error("got the old settings, want the new ones")
	}

	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Start: got error %v, want none", err)
	}
	if w.NeedLeaderElection() {
		t.Error("a replica that is no leader would not follow its settings")
	}
}

func TestNewWatcherNeedsItsOptions(t *testing.T) {
	for name, o := range map[string]watcherOptions{
		"no file":             {Apply: func(*config.Config) error { return nil }},
		"nobody who applies":  {Path: "registries.yaml"},
		"nothing of the kind": {},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newWatcher(o); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}

type watcherOptions = configfile.WatcherOptions[config.Config]

// newWatcher follows registry settings, as the servers do.
func newWatcher(o watcherOptions) (*configfile.Watcher[config.Config], error) {
	o.What, o.Parse = "the registry settings", config.Parse
	return configfile.NewWatcher(o)
}

// absent is in place of a file's text.
const absent = "\x00absent"

// world is a watcher of a folder that is written to as the kubelet writes a
// volume: name -> ..data/name, ..data -> ..N.
type world struct {
	dir     string
	version int
	files   map[string]string

	watcher  *configfile.Watcher[config.Config]
	now      time.Time
	refuses  bool // settings whose password is "refused"
	applied  int
	reported []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		dir: t.TempDir(), files: named(t), refuses: true,
		now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	w.publish(t, map[string]string{"registries.yaml": settings})
	for name := range w.files {
		must(t, os.Symlink(filepath.Join("..data", name), filepath.Join(w.dir, name)))
	}
	var err error
	w.watcher, err = newWatcher(watcherOptions{
		Path: filepath.Join(w.dir, "registries.yaml"), Apply: w.apply,
		Report: func(err error) { w.reported = append(w.reported, err.Error()) },
		Now:    func() time.Time { return w.now },
	})
	must(t, err)
	return w
}

func (w *world) apply(c *config.Config) error {
	if w.refuses && c.For("docker.io", "a").Credentials.Password == "refused" {
		return errors.New("refused")
	}
	w.applied++
	return nil
}

// publish changes files, all at once, and returns what they were.
func (w *world) publish(t *testing.T, changes map[string]string) (before map[string]string) {
	t.Helper()
	before = map[string]string{}
	for name, text := range changes {
		before[name] = w.files[name]
		w.files[name] = text
	}
	w.version++
	folder := ".." + strconv.Itoa(w.version)
	must(t, os.Mkdir(filepath.Join(w.dir, folder), 0o700))
	for name, text := range w.files {
		if text != absent {
			must(t, os.WriteFile(filepath.Join(w.dir, folder, name), []byte(text), 0o600))
		}
	}
	link := filepath.Join(w.dir, "..new")
	must(t, os.Symlink(folder, link))
	must(t, os.Rename(link, filepath.Join(w.dir, "..data")))
	return before
}

func (w *world) want(t *testing.T, applied int, reported ...string) {
	t.Helper()
	if w.applied != applied {
		t.Errorf("settings applied: got %d times, want %d", w.applied, applied)
	}
	if len(w.reported) != len(reported) {
		t.Fatalf("reported: got %q, want %q", w.reported, reported)
	}
	for i, part := range reported {
		if !strings.Contains(w.reported[i], part) {
			t.Errorf("reported (-want +got):\n%s", cmp.Diff(part, w.reported[i]))
		}
	}
}
