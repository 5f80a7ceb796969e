package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// resolve runs the command with files in a folder of their own.
func (s *tagServer) resolve(files map[string]string, in string, args ...string) (code int, out, errOut string) {
	s.t.Helper()
	s.t.Chdir(s.t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(s.fill(text)), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	code = Run(s.t.Context(), append([]string{"resolve"}, args...), Streams{
		In: strings.NewReader(s.fill(in)), Out: &stdout, Err: &stderr,
		Env: func(string) (string, bool) { return "", false },
	})
	return code, s.clear(stdout.String()), s.clear(stderr.String())
}

const deployYAML = `# The shop.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  annotations: {garboard.dev/policy: minor} # up to 1.x
spec:
  template:
    spec:
      containers:
      - name: shop
        image: "HOST/shop:1.2.0"   # the shop itself
      - {image: HOST/proxy:2.0.0, name: proxy}
---
kind: ConfigMap
apiVersion: v1
data: {image: "HOST/shop:1.2.0"}
`

func TestResolveReplacesImagesInPlace(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.3.1", "shop:2.0.0", "proxy:2.0.0", "proxy:2.0.9")

	code, out, errOut := s.resolve(nil, deployYAML)

	want := strings.Replace(deployYAML, `"HOST/shop:1.2.0"   #`, `"HOST/shop:1.3.1"   #`, 1)
	want = strings.Replace(want, "HOST/proxy:2.0.0", "HOST/proxy:2.0.9", 1)
	if diff := cmp.Diff(want, out); diff != "" || code != 0 || errOut != "" {
		t.Errorf("code %d, standard error %q, (-want +got):\n%s", code, errOut, diff)
	}
}

func TestResolvePrintsDiffs(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.3.1", "proxy:2.0.0")

	code, out, _ := s.resolve(map[string]string{"deploy.yaml": deployYAML}, "", "-f", "deploy.yaml", "-o", "diff")

	want := `--- deploy.yaml
+++ deploy.yaml
@@ -9,7 +9,7 @@
     spec:
       containers:
       - name: shop
-        image: "HOST/shop:1.2.0"   # the shop itself
+        image: "HOST/shop:1.3.1"   # the shop itself
       - {image: HOST/proxy:2.0.0, name: proxy}
 ---
 kind: ConfigMap
`
	if diff := cmp.Diff(want, out); diff != "" || code != 0 {
		t.Errorf("code %d, (-want +got):\n%s", code, diff)
	}
}

const podYAML = `apiVersion: v1
kind: Pod
metadata: {name: a, namespace: team, annotations: {}}
spec:
  containers: [{name: a, image: HOST/shop:1.2.0}]
`

func TestResolvePrintsJSON(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.2.9")
	pod := strings.Replace(podYAML, "annotations: {}", "labels: {garboard.dev/policy: all}", 1)

	code, out, errOut := s.resolve(nil, pod, "-o", "json")

	want := `{
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "labels": {
            "garboard.dev/policy": "all"
        },
        "name": "a",
        "namespace": "team"
    },
    "spec": {
        "containers": [
            {
                "image": "HOST/shop:1.2.9",
                "name": "a"
            }
        ]
    }
}
`
	if diff := cmp.Diff(want, out); diff != "" || code != 0 || errOut != "" {
		t.Errorf("code %d, standard error %q, (-want +got):\n%s", code, errOut, diff)
	}
}

// pods are one Pod a policy and image.
func pods(policyAndImage ...string) string {
	var text strings.Builder
	for _, each := range policyAndImage {
		policy, image, _ := strings.Cut(each, " ")
		text.WriteString("---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {garboard.dev/policy: " + policy + "}}\n" +
			"spec: {containers: [{name: c, image: " + image + "}]}\n")
	}
	return text.String()
}

// templated is a workload, with annotations on itself and on its pod template.
func templated(version, kind, annotations, onTemplate string) string {
	return "apiVersion: " + version + "\nkind: " + kind + "\nmetadata: {name: a, annotations: {" + annotations + "}}\n" +
		"spec: {template: {metadata: {annotations: {" + onTemplate + "}}, spec: {containers: [{name: c, image: HOST/shop:1.2.0}]}}}\n"
}

// A label that is put on all manifests of a folder reaches those without containers.
func TestResolvePassesOverPoliciesOnWhatHasNoContainers(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0")
	in := "apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {keel.sh/policy: all}}\nspec: {ports: [{port: 80}]}\n"

	code, out, errOut := s.resolve(nil, in)

	if code != 0 || out != in || errOut != "" {
		t.Errorf("code %d, output %q, standard error %q", code, out, errOut)
	}
}

func TestResolveWarnsAndGoesOn(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.2.9", "built:1.2.0-7f3c2e1", "built:1.3.0-0a1b2c3")
	for name, tc := range map[string]struct{ in, out, warning string }{
		"a tag that is no version": {
			pods("minor HOST/shop:latest"), pods("minor HOST/shop:latest"),
			"standard input:2: Pod a: c: stays at latest: not a version tag; use semver:, force or newest",
		},
		"a bad policy, and a good one beside it": {
			pods("mayor HOST/shop:1.2.0", "all HOST/shop:1.2.0"), pods("mayor HOST/shop:1.2.0", "all HOST/shop:1.2.9"),
			`standard input:2: Pod a: metadata.annotations[garboard.dev/policy]: Invalid value: "mayor"`,
		},
		"a tag that has no line to move in": {
			pods("minor HOST/built:1.2.0-7f3c2e1"), pods("minor HOST/built:1.2.0-7f3c2e1"),
			"standard input:2: Pod a: c: stays at 1.2.0-7f3c2e1: nothing newer in its line; filter and extract would let in 1.3.0-0a1b2c3",
		},
		"an empty image": {
			pods("minor ''"), pods("minor ''"), "standard input:2: Pod a: c: has no image",
		},
		"a host that is told by a capital letter alone": {
			pods("minor Docker/shop:1.2.0"), pods("minor Docker/shop:1.2.0"),
			`standard input:2: Pod a: c: the capital letter makes "Docker" a host, and a registry's host needs a dot or a port; left as it is`,
		},
		"an image with a scheme": {
			pods("minor https://HOST/shop:1.2.0"), pods("minor https://HOST/shop:1.2.0"),
			"standard input:2: Pod a: c: not an image reference, left as it is: an image has no scheme such as https://",
		},
		"a name in capitals": {
			pods("minor HOST/Shop:1.2.0"), pods("minor HOST/Shop:1.2.0"),
			"standard input:2: Pod a: c: not an image reference, left as it is: its name has capital letters",
		},
		"an image that a shell was to fill in": {
			pods("minor HOST/shop:$(TAG)"), pods("minor HOST/shop:$(TAG)"),
			"standard input:2: Pod a: c: not an image reference, left as it is: a template that was not filled in",
		},
		"an image that a pipeline was to fill in": {
			pods("minor 'HOST/shop:#{tag}#'"), pods("minor 'HOST/shop:#{tag}#'"),
			"standard input:2: Pod a: c: not an image reference, left as it is: a template that was not filled in",
		},
		"a variable in place of the name": {
			pods("minor $IMAGE:1.2.0"), pods("minor $IMAGE:1.2.0"),
			"standard input:2: Pod a: c: not an image reference, left as it is: a template that was not filled in",
		},
		"a tag behind a tag": {
			pods("minor HOST/shop:1.2.0:latest"), pods("minor HOST/shop:1.2.0:latest"),
			"standard input:2: Pod a: c: not an image reference, left as it is: it has two tags",
		},
		"a tag that a chart has left empty": {
			pods("minor 'HOST/shop:'"), pods("minor 'HOST/shop:'"),
			"standard input:2: Pod a: c: not an image reference, left as it is: its tag is empty",
		},
		"a tag with build metadata": {
			pods("minor HOST/shop:1.2.0+7"), pods("minor HOST/shop:1.2.0+7"),
			"standard input:2: Pod a: c: not an image reference, left as it is: a tag has no +; _ and - are allowed",
		},
		"a digest in place of a tag": {
			pods("minor HOST/shop:sha256:0123"), pods("minor HOST/shop:sha256:0123"),
			"standard input:2: Pod a: c: not an image reference, left as it is: a digest has @ before it",
		},
		"a digest that is cut": {
			pods("minor HOST/shop:1.2.0@sha256:0123"), pods("minor HOST/shop:1.2.0@sha256:0123"),
			"standard input:2: Pod a: c: not an image reference, left as it is: what is behind @ is no digest",
		},
		"a character that is not seen": {
			pods("minor 'HOST/shop:1.2.0\u200b'"), pods("minor 'HOST/shop:1.2.0\u200b'"),
			"standard input:2: Pod a: c: not an image reference, left as it is: it has the character U+200B in it",
		},
		"a host with an underscore": {
			pods("minor build_host.example.com/shop:1.2.0"), pods("minor build_host.example.com/shop:1.2.0"),
			`standard input:2: Pod a: c: "build_host.example.com" is no host of a registry: letters, digits, '-' and '.' are allowed; left as it is`,
		},
		"a policy for a container that is not there": {
			strings.Replace(pods("minor HOST/shop:1.2.9"), "policy:", "policy.web: all, garboard.dev/policy:", 1),
			strings.Replace(pods("minor HOST/shop:1.2.9"), "policy:", "policy.web: all, garboard.dev/policy:", 1),
			`standard input:2: Pod a: metadata.annotations[garboard.dev/policy.web]: nothing here is named "web"`,
		},
		"a policy on the pod template alone": {
			templated("apps/v1", "Deployment", "", "keel.sh/policy: all"), templated("apps/v1", "Deployment", "", "keel.sh/policy: all"),
			"standard input:1: Deployment a: keel.sh/policy stands on the pod template, where it is not read: put it on the deployment",
		},
		"a policy on the template of Jobs": {
			"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {metadata: {annotations: {garboard.dev/policy: all}}, spec: {template: {spec: {containers: [{name: c, image: HOST/shop:1.2.0}]}}}}}\n",
			"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {metadata: {annotations: {garboard.dev/policy: all}}, spec: {template: {spec: {containers: [{name: c, image: HOST/shop:1.2.0}]}}}}}\n",
			"standard input:1: CronJob a: garboard.dev/policy stands on the job template, where it is not read: put it on the cronjob",
		},
		"a kind in lower case": {
			templated("apps/v1", "deployment", "keel.sh/policy: all", ""), templated("apps/v1", "deployment", "keel.sh/policy: all", ""),
			`standard input:1: deployment a: keel.sh/policy is not read: kind "deployment"; did you mean "Deployment"?`,
		},
		"what is no manifest": {
			"404: Not Found\n", "404: Not Found\n", "standard input:1: no manifest, left as it is: it has no apiVersion and no kind",
		},
		"values beside manifests": {
			pods("all HOST/shop:1.2.0") + "---\nimage: {repository: HOST/shop}\n", pods("all HOST/shop:1.2.9") + "---\nimage: {repository: HOST/shop}\n",
			"standard input:7: no manifest, left as it is: it has no apiVersion and no kind",
		},
		"a key that is given again": {
			strings.Replace(pods("all HOST/shop:1.2.0"), "{name: a, ", "{name: b, name: a, ", 1), strings.Replace(pods("all HOST/shop:1.2.9"), "{name: a, ", "{name: b, name: a, ", 1),
			`standard input:4: key "name" is given again; the last one counts, as for kubectl`,
		},
		"an API version of old, whose images are resolved all the same": {
			templated("apps/v1beta2", "Deployment", "keel.sh/policy: all", ""),
			strings.Replace(templated("apps/v1beta2", "Deployment", "keel.sh/policy: all", ""), "1.2.0", "1.2.9", 1),
			`standard input:1: Deployment a: apiVersion "apps/v1beta2": Kubernetes serves Deployment as apps/v1`,
		},
		"an API group of old": {
			templated("extensions/v1beta1", "Deployment", "keel.sh/policy: all", ""), templated("extensions/v1beta1", "Deployment", "keel.sh/policy: all", ""),
			`standard input:1: Deployment a: keel.sh/policy is not read: Kubernetes serves Deployment as apps/v1, not as "extensions/v1beta1"`,
		},
		"a kind that is not governed": {
			templated("argoproj.io/v1alpha1", "Rollout", "keel.sh/policy: all", ""), templated("argoproj.io/v1alpha1", "Rollout", "keel.sh/policy: all", ""),
			`standard input:1: Rollout a: keel.sh/policy is not read: kind "Rollout" of "argoproj.io/v1alpha1" is not governed; --custom-kinds names further kinds`,
		},
		"a registry that is not there": {
			pods("all 127.0.0.1:1/shop:1.2.0"), pods("all 127.0.0.1:1/shop:1.2.0"),
			"standard input:2: Pod a: c: kept at 1.2.0: ",
		},
		"a bad default": {
			"apiVersion: v1\nkind: Namespace\nmetadata: {name: a, annotations: {garboard.dev/polcy: all}}\n",
			"apiVersion: v1\nkind: Namespace\nmetadata: {name: a, annotations: {garboard.dev/polcy: all}}\n",
			"standard input:1: Namespace a: metadata.annotations[garboard.dev/polcy]: Invalid value",
		},
		"text that other places share": {
			"x: &c {name: c, image: HOST/shop:1.2.0}\napiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {garboard.dev/policy: all}}\nspec: {containers: [*c]}\n",
			"x: &c {name: c, image: HOST/shop:1.2.0}\napiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {garboard.dev/policy: all}}\nspec: {containers: [*c]}\n",
			"standard input:1: spec.containers[0].image cannot become HOST/shop:1.2.9 in place: other places share the text through an anchor",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			code, out, errOut := s.resolve(nil, tc.in)
			if diff := cmp.Diff(tc.out, out); diff != "" || code != 0 {
				t.Errorf("code %d, (-want +got):\n%s", code, diff)
			}
			if !strings.HasPrefix(errOut, "garboard: "+tc.warning) || strings.Count(errOut, "\n") != 1 {
				t.Errorf("standard error: got %q, want %q", errOut, tc.warning)
			}
		})
	}
}

// Each repository is read once, however many manifests name it.
func TestResolveSparesTheRegistry(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.2.9")
	many := make([]string, 40)
	for i := range many {
		many[i] = "minor HOST/shop:1.2.0"
	}

	code, _, errOut := s.resolve(nil, pods(many...), "--explain")

	if got := s.requests.Load(); code != 0 || got != 2 {
		t.Errorf("got code %d and %d requests, want a ping and a list; %s", code, got, errOut)
	}
}

func TestResolveLogsInAsDockerDoes(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.2.9")
	s.login.Store("me:secret")
	config := s.fill(`{"auths": {"HOST": {"auth": "bWU6c2VjcmV0"}}}`)
	if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}

	code, out, errOut := s.resolve(nil, pods("all HOST/shop:1.2.0"))

	if want := pods("all HOST/shop:1.2.9"); code != 0 || out != want || strings.Contains(errOut, "secret") {
		t.Errorf("got code %d, %q, %q, want %q", code, out, errOut, want)
	}
}

func TestResolveIsInterrupted(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errOut bytes.Buffer

	code := Run(ctx, []string{"resolve"}, Streams{
		In: strings.NewReader(s.fill(pods("all HOST/shop:1.2.0"))), Out: &out, Err: &errOut,
		Env: func(string) (string, bool) { return "", false },
	})

	if code != cmdline.ExitInterrupted || out.Len() > 0 {
		t.Errorf("got code %d, output %q", code, out.String())
	}
}

// The image as written stays in the manifest; only the question goes elsewhere.
func TestResolveObeysRegistrySettings(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.3.1", "proxy:2.0.0", "proxy:2.0.9")
	in := strings.ReplaceAll(deployYAML, "HOST/", "registry.example.com/")
	settings := `apiVersion: garboard.dev/v1alpha1
kind: RegistriesConfig
deny: [registry.example.com/proxy]
registries:
- {prefix: registry.example.com, server: "http://HOST"}
`
	code, out, errOut := s.resolve(map[string]string{"registries.yaml": settings}, in, "--registries-config", "registries.yaml")

	want := strings.Replace(in, `"registry.example.com/shop:1.2.0"   #`, `"registry.example.com/shop:1.3.1"   #`, 1)
	warning := "garboard: standard input:2: Deployment shop: proxy: kept at 2.0.0: not allowed by the registry settings\n"
	if diff := cmp.Diff(want, out); diff != "" || code != 0 || errOut != warning {
		t.Errorf("code %d, standard error %q, (-want +got):\n%s", code, errOut, diff)
	}
}
