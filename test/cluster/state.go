package cluster

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Files in the cluster's folder.
const (
	stateFile    = "cluster.json"
	routesFile   = "routes"
	auditLog     = "audit.log"
	egressSocket = "egress.sock"
	pidSuffix    = ".pid"
)

//go:embed config/*.yaml
var config embed.FS

// state is what another process must know of a cluster: see Open.
type state struct {
	Binaries   string
	Kubernetes string // see Options.Kubernetes
	Ports      ports
	Address    string   // of API server and registry
	Flags      []string // of the API server
	EtcdFlags  []string
}

// prepare writes all that the parts read and returns a cluster that is ready to
// boot.
func prepare(o Options, binaries, kubernetes Binaries) (*Cluster, error) {
	dir, temporary := o.Dir, false
	if dir == "" {
		made, err := os.MkdirTemp("", "garboard-cluster-")
		if err != nil {
			return nil, err
		}
		dir, temporary = made, true
	}
	c, err := prepareIn(dir, o, binaries, kubernetes)
	if err != nil {
		if temporary {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return nil, fmt.Errorf("preparing the cluster's folder: %w", err)
	}
	c.temporary, c.nodes, c.withCertManager, c.log, c.helm = temporary, o.Nodes, !o.NoCertManager, o.Log, o.Helm
	c.lessCollection = o.LessCollection
	return c, nil
}

func prepareIn(dir string, o Options, binaries, kubernetes Binaries) (*Cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	s, err := readState(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && s.Ports.free() != nil {
		s.Ports, err = newPorts()
	}
	if err != nil {
		return nil, err
	}
	s.Binaries, s.Kubernetes, s.Address, s.Flags, s.EtcdFlags = binaries.Dir, kubernetes.Dir, o.Address, o.APIServerFlags, o.EtcdFlags
	if err := errors.Join(writeState(dir, s), writeConfig(dir), writeKeys(dir, o.Address), removeLogs(dir)); err != nil {
		return nil, err
	}
	c, err := newCluster(dir, s)
	if err != nil {
		return nil, err
	}
	return c, writeKubeconfig(c.Kubeconfig, c.rest, "")
}

// newCluster only reads.
func newCluster(dir string, s state) (*Cluster, error) {
	ca, err := os.ReadFile(filepath.Join(dir, keysDir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile(filepath.Join(dir, keysDir, "token"))
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		Dir:         dir,
		Kubeconfig:  filepath.Join(dir, "kubeconfig"),
		Registry:    net.JoinHostPort(s.Address, strconv.Itoa(s.Ports.Registry)),
		AuditLog:    filepath.Join(dir, auditLog),
		KubectlPath: Binaries{s.Kubernetes}.Path(toolKubectl),
		binaries:    Binaries{s.Binaries},
		kubernetes:  Binaries{s.Kubernetes},
		ports:       s.Ports,
		address:     s.Address,
		flags:       s.Flags,
		etcdFlags:   s.EtcdFlags,
		parts:       map[string]*Process{},
		log:         os.Stderr,
		rest: &rest.Config{
			Host:            "https://" + net.JoinHostPort(s.Address, strconv.Itoa(s.Ports.API)),
			BearerToken:     string(token),
			TLSClientConfig: rest.TLSClientConfig{CAData: ca},
			QPS:             -1, // the test decides how fast it goes
		},
	}
	c.life, c.end = context.WithCancel(context.Background())
	c.client, err = kubernetes.NewForConfig(c.rest)
	return c, err
}

func readState(dir string) (s state, err error) {
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return state{}, err
	}
	err = json.Unmarshal(text, &s)
	return s, err
}

func writeState(dir string, s state) error {
	text, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, stateFile), text)
}

func writeConfig(dir string) error {
	files, err := config.ReadDir("config")
	if err != nil {
		return err
	}
	for _, f := range files {
		text, err := config.ReadFile("config/" + f.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name()), text, 0o600); err != nil {
			return err
		}
	}
	routes, err := os.OpenFile(filepath.Join(dir, routesFile), os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return routes.Close()
}

// removeLogs: the logs are of one run, except for the audit log, which is data.
func removeLogs(dir string) error {
	var errs []error
	for _, name := range logFiles(dir) {
		if filepath.Base(name) != auditLog {
			errs = append(errs, os.Remove(name))
		}
	}
	return errors.Join(errs...)
}

func logFiles(dir string) []string {
	names, _ := fs.Glob(os.DirFS(dir), "*.log") // the pattern is good
	for i, name := range names {
		names[i] = filepath.Join(dir, name)
	}
	return names
}

// writeKubeconfig writes a file that needs no other one.
func writeKubeconfig(name string, config *rest.Config, namespace string) error {
	file := clientcmdapi.NewConfig()
	const entry = "garboard"
	file.Clusters[entry] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	file.AuthInfos[entry] = &clientcmdapi.AuthInfo{Token: config.BearerToken}
	file.Contexts[entry] = &clientcmdapi.Context{Cluster: entry, AuthInfo: entry, Namespace: namespace}
	file.CurrentContext = entry
	text, err := clientcmd.Write(*file)
	if err != nil {
		return err
	}
	return replaceFile(name, text)
}

// replaceFile writes a file so that a reader sees the old text or the new one, also
// where several write it at a time.
func replaceFile(name string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".tmp-")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), name)
	}
	return err
}
