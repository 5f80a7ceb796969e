// Package install tries what people do with an installation as a whole: to make it with
// Helm, to upgrade it, to break and to mend it, and to take it away.
package install

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/internal/cli/doctor"
	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// source is the folder of the repository, from here.
const source = "../.."

var helm = flag.String("helm", "", "the Helm to use, in place of the one that the tests build")

// person has a cluster and types commands, in the folder of the repository.
type person struct {
	*cluster.Cluster
	t        *testing.T
	env      []string
	garboard *installation.Installation
	webhook  string // the address of one that runs
}

// newPerson starts a cluster and puts helm, kubectl and garboard into a PATH.
func newPerson(t *testing.T) *person {
	t.Helper()
	c := cluster.StartForTest(t, cluster.Options{})
	helm := helmToUse(t)
	bin := t.TempDir()
	must(t, installation.Build(t.Context(), source, filepath.Join(bin, "garboard")))
	for name, path := range map[string]string{"helm": helm, "kubectl": c.KubectlPath} {
		must(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	p := &person{Cluster: c, t: t}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HELM_") && !strings.HasPrefix(v, "PATH=") {
			p.env = append(p.env, v)
		}
	}
	p.env = append(p.env, cluster.NoCollection()...)
	p.env = append(p.env, "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+c.Kubeconfig, "HELM_CACHE_HOME="+t.TempDir(), "HELM_CONFIG_HOME="+t.TempDir(), "HELM_DATA_HOME="+t.TempDir())
	return p
}

// helmToUse is the path of the Helm that -helm names, or of the one that the tests build.
func helmToUse(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(*helm)
	if *helm == "" {
		path, err = cluster.BuildHelm(t.Context(), os.Stderr)
	}
	must(t, err)
	return path
}

// start runs what the Pods of the Deployments would, once apply has made these.
func (p *person) start(apply func(context.Context) error) {
	p.t.Helper()
	made, err := installation.Install(p.t.Context(), p.Cluster, installation.Options{
		Source: source, Binary: p.program(), Apply: apply, WebhookArgs: []string{"--fresh-for=50ms"},
	})
	must(p.t, err)
	p.garboard, p.webhook = made, made.Webhooks()[0].Address
}

func (p *person) program() string {
	path, _, _ := strings.Cut(strings.TrimPrefix(p.variable("PATH"), "PATH="), ":")
	return filepath.Join(path, "garboard")
}

func (p *person) variable(name string) string {
	return p.env[slices.IndexFunc(p.env, func(v string) bool { return strings.HasPrefix(v, name+"=") })]
}

// types runs a command line as it is written.
func (p *person) types(line string) (out string, err error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "sh", "-c", line)
	command.Dir, command.Env = source, p.env
	var both bytes.Buffer
	command.Stdout, command.Stderr = &both, &both
	err = command.Run()
	return both.String(), err
}

// does runs a command line that has to go well.
func (p *person) does(line string) string {
	p.t.Helper()
	out, err := p.types(line)
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return out
}

// image is that of a Deployment.
func (p *person) image(name string) string {
	p.t.Helper()
	return p.does("kubectl -n my-team get deployment " + name + " -o jsonpath='{.spec.template.spec.containers[0].image}'")
}

// examine asks the doctor, which is told where the processes are that no Pod leads to.
func (p *person) examine(more string) (*doctor.Report, string, error) {
	p.t.Helper()
	line := "garboard doctor -o json --updater-url=" + p.garboard.Updater().Status + " --webhook-address=" + p.webhook + " " + more
	out, err := p.types(line)
	text, said, _ := strings.Cut(out, "\n}\n")
	var report doctor.Report
	if jsonErr := json.Unmarshal([]byte(text+"\n}"), &report); jsonErr != nil {
		p.t.Fatalf("%s: %v: %v\n%s", line, err, jsonErr, out)
	}
	return &report, said, err
}

// awaitHealth waits until the doctor has nothing to say but what is known.
func (p *person) awaitHealth() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	err := installation.Until(ctx, "health", func(context.Context) error {
		report, _, err := p.examine("")
		if bad := faults(report); len(bad) > 0 {
			return &unwell{bad}
		}
		return err
	})
	must(p.t, err)
}

type unwell struct{ findings []doctor.Finding }

func (u *unwell) Error() string {
	text, err := json.MarshalIndent(u.findings, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func faults(report *doctor.Report) []doctor.Finding {
	return slices.DeleteFunc(slices.Clone(report.Findings), func(f doctor.Finding) bool {
		return f.Severity == doctor.OK || f.Severity == doctor.Note
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
