package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// chat is a webhook that people read, with what it was sent.
type chat struct {
	*httptest.Server
	hangs chan struct{} // nil, or closed when it answers at last

	mu       sync.Mutex
	messages []string
	asked    int
}

func newChat(t *testing.T, hangs chan struct{}) *chat {
	t.Helper()
	c := &chat{hangs: hangs}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		c.asked++
		hangs := c.hangs
		if hangs == nil {
			c.messages = append(c.messages, string(body))
		}
		c.mu.Unlock()
		if hangs != nil {
			<-hangs
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// about are the lines that name a workload of the space.
func (c *chat) about(s *space, name string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lines []string
	for line := range strings.Lines(strings.Join(c.messages, "\n")) {
		if strings.Contains(line, " "+s.name+"/"+name+": ") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// telling starts the updater with the settings for one channel, and the rights of
// manifests/components/notifications.
func (s *space) telling(c *chat, more string) (settings string) {
	s.t.Helper()
	component := filepath.Join("..", "..", "manifests", "components", "notifications", "notices.yaml")
	if _, _, err := s.Kubectl(s.t.Context(), "", "apply", "-f", component); err != nil {
		s.t.Fatal(err)
	}
	dir := s.t.TempDir()
	settings = filepath.Join(dir, "notifications.yaml")
	for name, text := range map[string]string{
		"url":                "generic+" + c.URL + "/hook",
		"notifications.yaml": "apiVersion: garboard.dev/v1alpha1\nkind: NotificationsConfig\nchannels:\n- {name: team, urlFile: url, level: info" + more + "}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	s.t.Cleanup(func() {
		ctx := context.WithoutCancel(s.t.Context())
		s.restart()
		if _, _, err := s.Kubectl(ctx, "", "delete", "-f", component); err != nil {
			s.t.Error(err)
		}
	})
	s.restart(soon("--notifications-config=" + settings)...)
	return settings
}

// What is kept for the next updater.
func (s *space) waiting() string {
	s.t.Helper()
	kept, err := s.Client().CoreV1().ConfigMaps("garboard").Get(s.t.Context(), "garboard-notices", metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(kept.Data) == 0 {
		return ""
	}
	return fmt.Sprint(kept.Data)
}

func TestAMoveIsToldOnceToTheChannelThatItNames(t *testing.T) {
	alone(t)
	s := newSpace(t)
	c := newChat(t, nil)
	s.telling(c, ", batch: 1s, namespaces: ["+s.name+"]")
	s.push("1.2.0")
	for _, name := range []string{"web", "silent"} {
		annotations := []string{"garboard.dev/policy: minor", everySecond}
		if name == "web" {
			annotations = append(annotations, "keel.sh/notify: '#team'") // as Keel's users write it
		}
		s.must(s.manifest(name, "1.2.0", annotations...), "apply", "-f", "-")
		s.settled(name)
	}
	s.push("1.3.0")
	s.awaitTag("web", "1.3.0")
	s.awaitTag("silent", "1.3.0")
	s.await("the message", func(context.Context) error {
		if lines := c.about(s, "web"); len(lines) == 0 {
			return fmt.Errorf("the chat has %q", c.messages)
		}
		return nil
	})
	polls := s.polls()
	s.await("three more polls, and nothing that waits", func(context.Context) error {
		if n := s.polls() - polls; n < 3 {
			return fmt.Errorf("%d polls", n)
		}
		if kept := s.waiting(); kept != "" {
			return fmt.Errorf("kept: %s", kept)
		}
		return nil
	})
	moves := 0
	for _, line := range c.about(s, "web") {
		if strings.HasPrefix(line, "Deployment "+s.name+"/web: web: "+s.image+":1.2.0 -> ") {
			moves++
		}
	}
	if moves != 1 {
		t.Errorf("the move was told %d times, want once: %q", moves, c.about(s, "web"))
	}
	if lines := c.about(s, "silent"); len(lines) > 0 {
		t.Errorf("a workload that names no channel was told of: %q", lines)
	}
}

// An updater is killed while its channel hangs. What it had taken is kept in the
// API server, and the next one sends it.
func TestWhatAKilledUpdaterHadToTellIsTold(t *testing.T) {
	alone(t)
	s := newSpace(t)
	hangs := make(chan struct{})
	defer close(hangs)
	c := newChat(t, hangs)
	settings := s.telling(c, ", default: true, batch: 0s, namespaces: ["+s.name+"]")
	s.push("1.2.0")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: minor", everySecond), "apply", "-f", "-")
	s.settled("web")
	s.push("1.3.0")
	s.awaitTag("web", "1.3.0")
	s.await("the notice, kept and being sent", func(context.Context) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if kept := s.waiting(); c.asked == 0 || !strings.Contains(kept, s.name) {
			return fmt.Errorf("%d requests, kept: %s", c.asked, kept)
		}
		return nil
	})
	s.killUpdater()
	c.mu.Lock()
	c.hangs = nil
	c.mu.Unlock()
	s.startUpdater(soon("--notifications-config=" + settings)...)
	// The lease of the one that was killed has to run out first.
	s.awaitWithin(2*time.Minute, "the message", func(context.Context) error {
		for _, line := range c.about(s, "web") {
			if strings.Contains(line, ":1.2.0 -> ") {
				return nil
			}
		}
		return fmt.Errorf("the chat has %q", c.messages)
	})
	s.await("nothing that waits", func(context.Context) error {
		if kept := s.waiting(); kept != "" {
			return fmt.Errorf("kept: %s", kept)
		}
		return nil
	})
}
