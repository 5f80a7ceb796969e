package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// The passwords that the registry can be told to take, and one that it never
// does. They are like nothing else in a log.
const (
	firstPassword  = "first-pw-7fd1c2"
	secondPassword = "second-pw-9ab3e4"
	stalePassword  = "stale-pw-5c8d06"
)

// hashes are those of the passwords, by bcrypt, as htpasswd makes them.
var hashes = map[string]string{ //nolint:gochecknoglobals // a constant table
	firstPassword:  "$2a$04$yqtoeKHoUx5Gz5B1oxl1fObt9MKlbkIXOnOiN06Vbin71Wxzlo7Ha",
	secondPassword: "$2a$04$930V1SlbjP7N6NUF0Z.QC.ZSao9r.XP6fWRmFSrcsAHimuRAyB9h.",
}

// robot is the user of all tests but those that change a password.
const robot = "robot"

// privateRegistry is a registry that wants a password: distribution, with a
// file of users that it reads again whenever it changes.
type privateRegistry struct {
	address, file string

	mu    sync.Mutex
	users map[string]string // passwords
}

func startPrivateRegistry(ctx context.Context, c *cluster.Cluster) (*privateRegistry, error) {
	binaries, err := cluster.Build(ctx, io.Discard) // done already
	if err != nil {
		return nil, err
	}
	port, err := cluster.FreePort()
	if err != nil {
		return nil, err
	}
	r := &privateRegistry{
		address: "127.0.0.1:" + strconv.Itoa(port), file: filepath.Join(c.Dir, "htpasswd"), users: map[string]string{},
	}
	if err := r.set(robot, firstPassword); err != nil {
		return nil, err
	}
	config := filepath.Join(c.Dir, "private-registry.yaml")
	text := fmt.Sprintf(`version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {inmemory: {}}
http: {addr: %q}
auth: {htpasswd: {realm: test, path: %q}}
`, r.address, r.file)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	process, err := c.StartProcess("private-registry", binaries.Path("controlplane"),
		strings.Fields("OTEL_TRACES_EXPORTER=none OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none"), "registry", "serve", config)
	if err != nil {
		return nil, err
	}
	if err := r.await(ctx, process); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *privateRegistry) await(ctx context.Context, process *cluster.Process) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return installation.Until(ctx, "the private registry", func(ctx context.Context) error {
		select {
		case <-process.Done():
			cancel()
			return errors.New("it ended")
		default:
		}
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// set gives a user a password, in the place of the one before.
func (r *privateRegistry) set(user, password string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.users[user] = password
	var text strings.Builder
	for _, user := range slices.Sorted(maps.Keys(r.users)) {
		fmt.Fprintf(&text, "%s:%s\n", user, hashes[r.users[user]])
	}
	// In one step, so that no request meets half a file.
	if err := os.WriteFile(r.file+".new", []byte(text.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(r.file+".new", r.file)
}

// auth is what a push signs in with.
func (r *privateRegistry) auth() remote.Option {
	return remote.WithAuth(&authn.Basic{Username: robot, Password: firstPassword})
}

// newPrivateSpace makes a namespace that opted in, whose repository is in the
// private registry.
func newPrivateSpace(t testing.TB) *space {
	t.Helper()
	s := newSpace(t)
	s.image = s.private.address + "/" + s.name + "/app"
	return s
}

// pushPrivate pushes tags to the space's repository in the private registry.
func (s *space) pushPrivate(tags ...string) {
	s.t.Helper()
	for _, tag := range tags {
		image, err := random.Image(64, 1)
		if err != nil {
			s.t.Fatal(err)
		}
		ref, err := name.NewTag(s.image + ":" + tag)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := remote.Write(ref, image, remote.WithContext(s.t.Context()), s.private.auth()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// secret writes a pull secret for the private registry, or changes it.
func (s *space) secret(name, user, password string) {
	s.t.Helper()
	text, err := json.Marshal(map[string]any{
		"auths": map[string]any{s.private.address: map[string]string{"username": user, "password": password}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: text},
	})
}

func (s *space) write(secret *corev1.Secret) {
	s.t.Helper()
	secrets := s.Client().CoreV1().Secrets(s.name)
	_, err := secrets.Create(s.t.Context(), secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = secrets.Update(s.t.Context(), secret, metav1.UpdateOptions{})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// account makes a ServiceAccount with pull secrets.
func (s *space) account(name string, secrets ...string) {
	s.t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, secret := range secrets {
		account.ImagePullSecrets = append(account.ImagePullSecrets, corev1.LocalObjectReference{Name: secret})
	}
	if _, err := s.Client().CoreV1().ServiceAccounts(s.name).Create(s.t.Context(), account, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
}
