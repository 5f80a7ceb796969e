package pullsecret_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/cluster/pullsecret"
)

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("s%02d", i)
	}
	return names
}

func TestWhereCredentialsComeFrom(t *testing.T) {
	objects := []metav1.Object{
		secret("one", map[string]any{"ghcr.io": login("one")}), secret("two", map[string]any{"ghcr.io": login("two")}),
		secret("again", map[string]any{"ghcr.io": login("one")}), secret("org", map[string]any{"ghcr.io/org": login("org")}),
		secret("elsewhere", map[string]any{"quay.io": login("elsewhere")}),
		dockerConfig("broken", `{"auths":`), account("default", "two"), account("robot", "org", "", "one"), account("none"),
		account("many", numbered(40)...),
	}
	for i, name := range numbered(20) {
		objects = append(objects, secret(name, map[string]any{"ghcr.io": login(fmt.Sprint("n", i%12))}))
	}
	const one, two, org = `one Secret "shop/one"`, `two Secret "shop/two"`, `org Secret "shop/org"`
	tests := map[string]struct {
		workload      pullsecret.Workload
		want, failing []string
	}{
		"the default ServiceAccount's":                      {want: []string{two}},
		"a ServiceAccount's, empty names aside":             {workload: pullsecret.Workload{ServiceAccount: "robot"}, want: []string{org, one}},
		"the template's, and no ServiceAccount":             {workload: pullsecret.Workload{PullSecrets: []string{"one"}, ServiceAccount: "robot"}, want: []string{one}},
		"a list without names keeps the ServiceAccount out": {workload: pullsecret.Workload{PullSecrets: []string{""}}},
		"the setting goes first": {
			workload: pullsecret.Workload{Setting: "one", PullSecrets: []string{"org"}}, want: []string{one, org},
		},
		"the setting alone leaves the ServiceAccount": {workload: pullsecret.Workload{Setting: "one"}, want: []string{one, two}},
		"a longer path goes first within a list":      {workload: pullsecret.Workload{PullSecrets: []string{"two", "org"}}, want: []string{org, two}},
		"the order of the list within one key":        {workload: pullsecret.Workload{PullSecrets: []string{"two", "one"}}, want: []string{two, one}},
		"what is found twice is tried once": {
			workload: pullsecret.Workload{Setting: "one", PullSecrets: []string{"one", "again", "two", "two"}}, want: []string{one, two},
		},
		"nothing for this registry": {workload: pullsecret.Workload{PullSecrets: []string{"elsewhere"}}},
		"missing and broken ones are told, the others count": {
			workload: pullsecret.Workload{Setting: "gone", PullSecrets: []string{"broken", "two"}}, want: []string{two},
			failing: []string{"Missing Secret gone", "Unreadable Secret broken"},
		},
		"a missing ServiceAccount": {
			workload: pullsecret.Workload{Setting: "one", ServiceAccount: "gone"}, want: []string{one},
			failing: []string{"Missing ServiceAccount gone"},
		},
		"a ServiceAccount with none": {workload: pullsecret.Workload{ServiceAccount: "none"}},
		"eight credentials and no more": {
			workload: pullsecret.Workload{PullSecrets: numbered(12)},
			want:     strings.Split(`n0 Secret "shop/s00",n1 Secret "shop/s01",n2 Secret "shop/s02",n3 Secret "shop/s03",n4 Secret "shop/s04",n5 Secret "shop/s05",n6 Secret "shop/s06",n7 Secret "shop/s07"`, ","),
		},
		"sixteen Secrets and no more": {
			workload: pullsecret.Workload{PullSecrets: append(numbered(15)[14:], append(missing(15), "one")...)},
			want:     []string{`n2 Secret "shop/s14"`}, failing: append(missed(15), "TooMany Secret one"),
		},
		"sixteen of a ServiceAccount": {
			workload: pullsecret.Workload{ServiceAccount: "many"},
			want:     strings.Split(`n0 Secret "shop/s00",n1 Secret "shop/s01",n2 Secret "shop/s02",n3 Secret "shop/s03",n4 Secret "shop/s04",n5 Secret "shop/s05",n6 Secret "shop/s06",n7 Secret "shop/s07"`, ","),
			failing:  []string{"TooMany Secret s16"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, newCluster(objects...), pullsecret.Options{}, func(t *testing.T, finder *pullsecret.Finder) {
				test.workload.Namespace = shop
				found, err := finder.For(test.workload).For(t.Context(), named("ghcr.io/org/app"))
				known := []string{"one", "two", "org"}
				for i := range 12 {
					known = append(known, fmt.Sprint("n", i))
				}
				if diff := cmp.Diff(test.want, users(found, known...)); diff != "" {
					t.Errorf("credentials (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.failing, kinds(t, err)); diff != "" {
					t.Errorf("errors (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func missing(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("gone%02d", i)
	}
	return names
}

func missed(n int) []string {
	names := missing(n)
	for i := range names {
		names[i] = "Missing Secret " + names[i]
	}
	return names
}

func TestWhatASecretSays(t *testing.T) {
	padded := base64.StdEncoding.EncodeToString([]byte("a:pass-a"))
	pair := `"auth":"` + padded + `"`
	legacy := func(data string) *corev1.Secret {
		s := dockerConfig("x", "")
		s.Type, s.Data = corev1.SecretTypeDockercfg, map[string][]byte{corev1.DockerConfigKey: []byte(data)}
		return s
	}
	typed := func(kind corev1.SecretType) *corev1.Secret {
		s := dockerConfig("x", `{"auths":{"ghcr.io":{`+pair+`}}}`)
		s.Type = kind
		return s
	}
	config := func(entry string) *corev1.Secret { return dockerConfig("x", `{"auths":{"ghcr.io":`+entry+`}}`) }
	const a = `a Secret "shop/x"`
	const noPair = `reading Secret "x": the auth of an entry is no base64 of user:password`
	const noConfig = `reading Secret "x": its data is no Docker configuration`
	tests := map[string]struct {
		secret *corev1.Secret
		want   []string
		err    string
	}{
		"user and password":                 {config(`{"username":"a","password":"pass-a"}`), []string{a}, ""},
		"auth":                              {config(`{` + pair + `}`), []string{a}, ""},
		"auth without padding":              {config(`{"auth":"` + strings.TrimRight(padded, "=") + `"}`), []string{a}, ""},
		"auth goes before user, password":   {config(`{"username":"b","password":"pass-b",` + pair + `}`), []string{a}, ""},
		"an empty auth is none":             {config(`{"username":"a","password":"pass-a","auth":""}`), []string{a}, ""},
		"a colon in the password":           {config(`{"auth":"` + base64.StdEncoding.EncodeToString([]byte("a:b:c")) + `"}`), []string{`? Secret "shop/x"`}, ""},
		"the legacy type":                   {legacy(`{"ghcr.io":{` + pair + `}}`), []string{a}, ""},
		"the type tells the key":            {legacy(`{"auths":{"ghcr.io":{` + pair + `}}}`), nil, ""},
		"another type is passed over":       {typed(corev1.SecretTypeOpaque), nil, ""},
		"the legacy type without its key":   {typed(corev1.SecretTypeDockercfg), nil, ""},
		"helpers and headers are not used":  {dockerConfig("x", `{"credsStore":"desktop","HttpHeaders":{"a":"b"},"auths":{"ghcr.io":{`+pair+`}}}`), []string{a}, ""},
		"an identity token is not used":     {config(`{"identitytoken":"t"}`), nil, ""},
		"a registry token is not used":      {config(`{"registrytoken":"t"}`), nil, ""},
		"a user alone is none":              {config(`{"username":"a"}`), nil, ""},
		"an entry that is null":             {config(`null`), nil, ""},
		"no entries":                        {dockerConfig("x", `{}`), nil, ""},
		"no data":                           {dockerConfig("x", ``), nil, ""},
		"no base64":                         {config(`{"auth":"pass-word!"}`), nil, noPair},
		"no pair":                           {config(`{"auth":"YWJj"}`), nil, noPair},
		"no JSON":                           {dockerConfig("x", `pass-word`), nil, noConfig},
		"a number for a password":           {config(`{"username":"a","password":31337}`), nil, noConfig},
		"a number for an e-mail address":    {config(`{"username":"a","password":"pass-a","email":5}`), nil, noConfig},
		"a number for a header":             {dockerConfig("x", `{"HttpHeaders":{"a":5},"auths":{"ghcr.io":{`+pair+`}}}`), nil, noConfig},
		"a list for the entries":            {dockerConfig("x", `{"auths":["pass-word"]}`), nil, noConfig},
		"more data than the API server has": {dockerConfig("x", strings.Repeat(" ", 1<<20+1)), nil, `reading Secret "x": its data is larger than 1 MiB`},
		"as many entries as there may be":   {dockerConfig("x", entries(511, pair)), []string{a}, ""},
		"more entries":                      {dockerConfig("x", entries(512, pair)), nil, `reading Secret "x": it has more than 512 entries`},
		"a key longer than a repository":    {dockerConfig("x", `{"auths":{"`+strings.Repeat("g", 641)+`":{},"ghcr.io":{`+pair+`}}}`), []string{a}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, newCluster(test.secret), pullsecret.Options{}, func(t *testing.T, finder *pullsecret.Finder) {
				w := pullsecret.Workload{Namespace: shop, PullSecrets: []string{"x"}}
				found, err := finder.For(w).For(t.Context(), named("ghcr.io/org/app"))
				if diff := cmp.Diff(test.want, users(found, "a", "b")); diff != "" {
					t.Errorf("credentials (-want +got):\n%s", diff)
				}
				if got := text(err); got != test.err {
					t.Errorf("got error %q, want %q", got, test.err)
				}
			})
		})
	}
}

// entries is a configuration with n of them and one for ghcr.io.
func entries(n int, pair string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"r%d.example.com":{},`, i)
	}
	return `{"auths":{` + b.String() + `"ghcr.io":{` + pair + `}}}`
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Names stand in manifests, which anybody may write.
func TestHostileNamesAskForNothing(t *testing.T) {
	names := map[string]string{
		"a path": "../../nodes", "another namespace": "other/regcred", "a selector": "a,metadata.namespace=other",
		"control characters": "a\n\x1b[2J\u202e", "no UTF-8": "\xff\xfe", "capital letters": "Regcred", "very long": strings.Repeat("a", 100_000),
	}
	for name, hostile := range names {
		t.Run(name, func(t *testing.T) {
			c := newCluster()
			bubble(t, c, pullsecret.Options{}, func(t *testing.T, finder *pullsecret.Finder) {
				for _, w := range []pullsecret.Workload{
					{Namespace: shop, Setting: hostile, ServiceAccount: hostile},
					{Namespace: shop, PullSecrets: []string{hostile}},
					{Namespace: hostile, Setting: "a", ServiceAccount: "a"}, {Namespace: "", Setting: "a"},
				} {
					_, err := finder.For(w).For(t.Context(), named("ghcr.io/org/app"))
					if err == nil {
						t.Errorf("%+.80v: got no error", w)
					}
					if s := text(err); len(s) > 2000 || strings.ContainsAny(s, "\n\x1b\u202e") {
						t.Errorf("got %d bytes: %.200q", len(s), s)
					}
				}
				if n := len(c.Actions()); n > 0 {
					t.Errorf("got %d requests, want none", n)
				}
			})
		})
	}
}

func TestNothingIsReadOutsideOfTheNamespace(t *testing.T) {
	other := secret("regcred", map[string]any{"ghcr.io": login("other")})
	other.Namespace = "other"
	c := newCluster(other, secret("regcred", map[string]any{"ghcr.io": login("a")}))
	bubble(t, c, pullsecret.Options{}, func(t *testing.T, finder *pullsecret.Finder) {
		for range 2 {
			for namespace, want := range map[string]string{shop: `a Secret "shop/regcred"`, "other": `other Secret "other/regcred"`} {
				found, err := finder.For(pullsecret.Workload{Namespace: namespace, Setting: "regcred", PullSecrets: []string{""}}).For(t.Context(), named("ghcr.io/app"))
				if diff := cmp.Diff([]string{want}, users(found, "a", "other")); diff != "" || err != nil {
					t.Errorf("%s: %v, credentials (-want +got):\n%s", namespace, err, diff)
				}
			}
		}
	})
}

// Hosts are asked for in lower case, and the keys of Secrets compared with the image as
// it is written: the node would not send the password of another key.
func TestHostInCapitalsFindsKeysInCapitals(t *testing.T) {
	objects := newCluster(
		secret("small", map[string]any{"ghcr.io": login("small")}), secret("large", map[string]any{"GHCR.io": login("large")}),
	)
	tests := map[string]struct {
		image string
		want  []string
	}{
		"no image is known":    {"", []string{`small Secret "shop/small"`}},
		"small letters":        {"ghcr.io/org/app:1.0.0", []string{`small Secret "shop/small"`}},
		"capitals in the tag":  {"ghcr.io/org/app:RC1", []string{`small Secret "shop/small"`}},
		"capitals":             {"GHCR.io/org/app:1.0.0", []string{`large Secret "shop/large"`}},
		"capitals, otherwise":  {"GHCR.IO/org/app:1.0.0", nil},
		"another image":        {"GHCR.io/org/other:1.0.0", []string{`small Secret "shop/small"`}},
		"no image reference":   {"GHCR.io/:", []string{`small Secret "shop/small"`}},
		"capitals in the path": {"ghcr.io/Org/app", []string{`small Secret "shop/small"`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, objects, pullsecret.Options{}, func(t *testing.T, finder *pullsecret.Finder) {
				w := pullsecret.Workload{Namespace: shop, PullSecrets: []string{"small", "large"}, Image: test.image}
				found, err := finder.For(w).For(t.Context(), named("ghcr.io/org/app"))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, users(found, "small", "large")); diff != "" {
					t.Errorf("credentials (-want +got):\n%s", diff)
				}
			})
		})
	}
}
