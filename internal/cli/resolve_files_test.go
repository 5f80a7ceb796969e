package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResolveReadsFilesAndNamespaces(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.2.9", "shop:1.3.1")
	team := "apiVersion: v1\nkind: Namespace\nmetadata: {name: team, annotations: {garboard.dev/policy: patch}}\n"
	here := "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\",\n \"metadata\": {\"name\": \"here\", \"annotations\": {\"garboard.dev/policy\": \"minor\"}}}\n"
	nowhere := strings.Replace(podYAML, "namespace: team, ", "", 1)

	code, out, errOut := s.resolve(map[string]string{"a.yaml": podYAML, "team.yaml": team, "here.json": here}, nowhere,
		"-f", "a.yaml", "-f=team.yaml", "--filename", "here.json", "-f-", "-n", "here")

	want := strings.Replace(podYAML, "1.2.0", "1.2.9", 1) + "---\n" + team + "---\n" + here + "---\n" + strings.Replace(nowhere, "1.2.0", "1.3.1", 1)
	if diff := cmp.Diff(want, out); diff != "" || code != 0 || errOut != "" {
		t.Errorf("code %d, standard error %q, (-want +got):\n%s", code, errOut, diff)
	}
}

// A folder is read as kubectl reads it.
func TestResolveReadsFolders(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.3.1")
	pod := func(name string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", annotations: {garboard.dev/policy: minor}}\nspec: {containers: [{name: shop, image: HOST/shop:1.2.0}]}\n"
	}
	resolved := func(names ...string) string {
		all := make([]string, 0, len(names))
		for _, name := range names {
			all = append(all, strings.ReplaceAll(pod(name), ":1.2.0", ":1.3.1"))
		}
		return strings.Join(all, "---\n")
	}
	files := map[string]string{
		"app/b.yml": pod("b"), "app/a.yaml": pod("a"), "app/README.md": "# No manifest", "app/notes.yaml.orig": "{", "app/yaml": "{",
		"app/base/c.json": `{"apiVersion":"v1","kind":"ConfigMap"}`, "app/base/deep/d.yaml": pod("d"), "other.yaml": pod("other"), "-": pod("dash"), "none/README": "{",
	}
	for name, c := range map[string]struct {
		args        []string
		out, errOut string
		code        int
	}{
		"its manifests in order, and no others":  {[]string{"-f", "app"}, resolved("a", "b"), "", 0},
		"beside a file":                          {[]string{"-f", "other.yaml", "-f", "./app/"}, resolved("other", "a", "b"), "", 0},
		"with the folders inside":                {[]string{"-R", "-f", "app"}, resolved("a", "b") + "---\n" + files["app/base/c.json"] + "\n---\n" + resolved("d"), "", 0},
		"a file twice, once by its folder":       {[]string{"-f", "app", "-f", "app/a.yaml"}, "", "garboard: --filename: \"app/a.yaml\": given more than once\n", 1},
		"a folder twice, by two names":           {[]string{"-f", "app", "-f", "./app"}, "", "garboard: --filename: \"app/a.yaml\": given more than once\n", 1},
		"a file that is named as standard input": {[]string{"-f", "./-"}, resolved("dash"), "", 0},
		"no manifest in it":                      {[]string{"-f", "none"}, "", "garboard: --filename: \"none\": no manifests in this folder; allowed: files that end in .json, .yaml or .yml; with -R also in folders inside of it\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			code, out, errOut := s.resolve(files, "", c.args...)
			if diff := cmp.Diff(c.out, out); diff != "" || code != c.code || errOut != c.errOut {
				t.Errorf("code %d, standard error %q, (-want +got):\n%s", code, errOut, diff)
			}
		})
	}
}

func TestResolvePrintsNothingWhereItFails(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.2.9")
	deny := strings.Replace(pods("all 127.0.0.1:1/shop:1.2.0"), "policy: all", "policy: all, garboard.dev/onUnresolvable: deny", 1)
	for name, tc := range map[string]struct {
		in, errOut string
		args       []string
		code       int
	}{
		"text that is no manifest": {pods("all HOST/shop:1.2.0") + "---\na: b: c\n", "garboard: standard input:7: not YAML: mapping values are not allowed in this context\n", nil, 1},
		"a file that is not there": {"", "garboard: reading manifests: open x.yaml: no such file or directory\n", []string{"-f", "x.yaml"}, 1},
		"a URL": {
			"", "--filename: \"https://example.com/x.yaml\": a URL; allowed: files and folders, and - for what another program fetches\n",
			[]string{"-f", "https://example.com/x.yaml"}, 2,
		},
		"a pattern in quotes": {
			"", "--filename: \"*.none\": no file has this name; allowed: files and folders, and patterns without quotes, which the shell expands\n",
			[]string{"-f", "*.none"}, 2,
		},
		"onUnresolvable":    {deny + pods("all HOST/shop:1.2.0"), "garboard: standard input:2: Pod a: c: registry cannot be reached, and onUnresolvable is deny", nil, 1},
		"an unknown format": {"", "--output: \"xml\": allowed: yaml, json, diff\n", []string{"-o", "xml"}, 2},
		"a registry that is none": {
			"", "--filename: \"-\": given more than once\n--insecure-registries: \"!!\": allowed: a host or host:port\n",
			[]string{"-f-", "-f-", "--insecure-registries", "a:5000,!!"}, 2,
		},
		"a custom kind without a path": {
			"", "--custom-kinds: \"Rollout.v1alpha1.argoproj.io\": allowed: KIND.VERSION.GROUP=PATH, such as Rollout.v1alpha1.argoproj.io=spec.template\n",
			[]string{"--custom-kinds=Rollout.v1alpha1.argoproj.io"}, 2,
		},
		"the same file twice": {"", "--filename: \"-\": given more than once\n", []string{"-f-", "-f", "-"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			code, out, errOut := s.resolve(nil, tc.in, tc.args...)
			if code != tc.code || out != "" || !strings.HasPrefix(errOut, tc.errOut) {
				t.Errorf("got code %d, output %q, standard error %q, want code %d, %q", code, out, errOut, tc.code, tc.errOut)
			}
		})
	}
}
