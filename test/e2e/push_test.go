package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// pushToken is what the registry proves itself by. It is like nothing else in a
// log.
const pushToken = "push-token-51c0b6940168"

const pushConfig = `apiVersion: garboard.dev/v1alpha1
kind: PushConfig
senders:
- {sender: registry, bearerTokenFile: token}
`

// A registry tells a replica that does not lead, and the Deployment moves, though
// nobody polls. The next push comes in while the leader is dead: the one that
// accepted it is the next leader, or tells it.
func TestPushToAnyReplicaMovesTheWorkload(t *testing.T) {
	alone(t)
	s := newSpace(t)
	registry, receivers := freeAddress(t), [2]string{freeAddress(t), freeAddress(t)}
	s.startNotifyingRegistry(t, registry, "http://"+receivers[1]+"/v1/webhooks/registry")
	s.image = registry + "/" + s.name + "/app"
	webhook, err := s.garboard.StartUnrouted(t.Context(), "--private-registries="+registry)
	if err != nil {
		t.Fatal(err)
	}
	s.only(webhook)
	leader, standby := s.receivingUpdaters(registry, receivers)

	s.pushTo(registry, "1.2.0")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: minor", quiet), "apply", "-f", "-")
	s.settled("web")
	before := time.Now()
	s.pushTo(registry, "1.3.0")
	s.awaitTag("web", "1.3.0")
	t.Logf("from the push to the Deployment's image, the push itself included: %s", time.Since(before))
	if got := s.metric(standby.Metrics, "garboard_push_notifications_total"); got == 0 {
		t.Error("the standby counts no notification")
	}
	if got := s.metric(leader.Metrics, "garboard_push_notifications_total"); got != 0 {
		t.Errorf("the leader counts %d notifications, want none", got)
	}
	if got := s.metric(standby.Metrics, "garboard_updater_polls_total"); got != 0 {
		t.Errorf("the standby polled %d times", got)
	}

	if err := leader.Kill(); err != nil {
		t.Fatal(err)
	}
	kept := func(ctx context.Context) (string, error) {
		object, err := s.Client().CoreV1().ConfigMaps("garboard").Get(ctx, "garboard-pushes", metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		for _, value := range object.Data {
			if strings.Contains(value, s.image) {
				return value, nil
			}
		}
		return "", nil
	}
	former, err := kept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.pushTo(registry, "1.4.0")
	s.await("the standby to accept the push", func(ctx context.Context) error {
		switch value, err := kept(ctx); {
		case err != nil:
			return err
		case value == "" || value == former:
			return fmt.Errorf("it has %q, as before", value)
		}
		return nil
	})
	if got := s.tag("web"); got != "1.3.0" {
		t.Errorf("it names %s while nobody leads", got)
	}
	s.awaitTagWithin(nextLeader, "web", "1.4.0")
	for _, server := range []*installation.Server{leader, standby} {
		if text, err := os.ReadFile(server.Log); err != nil || strings.Contains(string(text), pushToken) {
			t.Errorf("%s has the token in its log, or none: %v", server.Name, err)
		}
	}
}

// nextLeader bounds how long it takes until another updater leads, and has read what
// the former one may have missed.
const nextLeader = 2 * time.Minute

// What was pushed while nobody led was told to nobody: a workload that is not polled
// would wait for the push after it.
func TestNextLeaderReadsForThoseThatAreOnlyPushed(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.updater(soon()...)
	repository := s.readFirst()
	push := func(tag string) {
		if _, err := s.Push(t.Context(), repository, tag); err != nil {
			t.Fatal(err)
		}
	}
	push("1.2.0")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: minor", quiet), "apply", "-f", "-")
	s.settled("web")
	s.killUpdater()
	push("1.3.0")
	s.startUpdater(soon()...)
	s.awaitTagWithin(nextLeader, "web", "1.3.0")
}

// readFirst gives the space a repository that comes first where a new leader reads all,
// which it does within a minute: the place in it goes by a hash of the name. With another
// hash the test takes longer.
func (s *space) readFirst() (repository string) {
	for n := 0; ; n++ {
		repository = fmt.Sprintf("%s/app-%d", s.name, n)
		s.image = s.Registry + "/" + repository
		hash := sha256.Sum256([]byte(s.image))
		if binary.BigEndian.Uint64(hash[:]) < math.MaxUint64/60 {
			return repository
		}
	}
}

// receivingUpdaters puts two updaters that receive pushes in the place of the one
// that does not, with the rights that the component gives. The first leads.
func (s *space) receivingUpdaters(registry string, addresses [2]string) (leader, standby *installation.Server) {
	s.t.Helper()
	dir := s.t.TempDir()
	for file, text := range map[string]string{"push.yaml": pushConfig, "token": pushToken + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	if _, _, err := s.Kubectl(s.t.Context(), "", "apply", "-f", "../../manifests/components/push/rbac.yaml"); err != nil {
		s.t.Fatal(err)
	}
	s.stopUpdater()
	var started []*installation.Server
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), time.Minute)
		defer cancel()
		for _, server := range started {
			_ = server.Stop(ctx) // the leader was killed
		}
		s.startUpdater()
	})
	start := func(address string) *installation.Server {
		s.t.Helper()
		s.startUpdater(soon("--private-registries="+registry, "--push-address="+address, "--push-config="+filepath.Join(dir, "push.yaml"))...)
		server := s.garboard.Updater()
		started = append(started, server)
		return server
	}
	leader = start(addresses[0])
	s.await("the first updater to lead", func(ctx context.Context) error {
		lease, err := s.Client().CoordinationV1().Leases("garboard").Get(ctx, "garboard-updater", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if holder := lease.Spec.HolderIdentity; holder == nil || *holder == "" {
			return fmt.Errorf("nobody leads")
		}
		return nil
	})
	return leader, start(addresses[1])
}

func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := cluster.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// startNotifyingRegistry starts a registry that tells a receiver of each push.
func (s *space) startNotifyingRegistry(t *testing.T, address, receiver string) {
	t.Helper()
	binaries, err := cluster.Build(t.Context(), io.Discard) // done already
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "registry.yaml")
	text := fmt.Sprintf(`version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {inmemory: {}}
http: {addr: %q}
notifications:
  endpoints:
  - name: garboard
    url: %q
    headers: {Authorization: ["Bearer %s"]}
    timeout: 1s
    threshold: 3
    backoff: 1s
`, address, receiver, pushToken)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	process, err := s.StartProcess("notifying-registry", binaries.Path("controlplane"),
		strings.Fields("OTEL_TRACES_EXPORTER=none OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none"), "registry", "serve", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Stop(context.WithoutCancel(t.Context())) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = installation.Until(ctx, "the registry", func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pushTo pushes a tag to the space's repository in another registry.
func (s *space) pushTo(registry, tag string) {
	s.t.Helper()
	image, err := random.Image(64, 1)
	if err != nil {
		s.t.Fatal(err)
	}
	ref, err := name.NewTag(registry + "/" + s.name + "/app:" + tag)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := remote.Write(ref, image, remote.WithContext(s.t.Context())); err != nil {
		s.t.Fatal(err)
	}
}
