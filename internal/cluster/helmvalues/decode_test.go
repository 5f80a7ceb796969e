package helmvalues

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// The chart that the tables start from.
const chartValues = `
image: {repository: example.com/shop, tag: 1.2.0}
sidecar: {image: {repository: example.com/proxy}}
password: hunter2
keel:
  policy: minor
  images: [{repository: image.repository, tag: image.tag}]
`

// As Helm coalesces values: maps key by key, all else whole, and null takes away.
func TestValuesAreMergedAsHelmMergesThem(t *testing.T) {
	for name, test := range map[string]struct{ chart, user, want string }{
		"the chart's own":                          {chartValues, "", "minor -"},
		"the user's policy":                        {chartValues, "keel: {policy: patch}", "patch -"},
		"the user's images in place of the list":   {chartValues, "keel: {images: [{repository: sidecar.image.repository}]}", "- minor"},
		"the user's value at a path":               {chartValues, "image: {repository: example.com/other}", "- -"},
		"a value of the user's alone":              {"image: {tag: 1.2.0}\nkeel: {policy: all, images: [{repository: image.repository}]}", "image: {repository: example.com/shop}", "all -"},
		"null takes the block away":                {chartValues, "keel: null", "- -"},
		"null takes the policy away":               {chartValues, "keel: {policy: null}", "- -"},
		"null takes a value at a path away":        {chartValues, "image: {repository: null}", "- -"},
		"null takes a map on the way away":         {chartValues, "image: null", "- -"},
		"null of the user's alone":                 {"a: 1", "keel: null", "- -"},
		"null of the chart's":                      {chartValues + "other: null", "other: {a: 1}", "minor -"},
		"a map in place of the chart's text":       {"image: text\n" + strings.Replace(chartValues, "image:", "was:", 1), "image: {repository: example.com/shop}", "minor -"},
		"a text in place of the chart's map":       {chartValues, "image: text", "- -"},
		"a block of the user's alone":              {"image: {repository: example.com/shop}", "keel: {policy: force, images: [{repository: image.repository}]}", "force -"},
		"no block":                                 {"image: {repository: example.com/shop}", "", "- -"},
		"nothing at all":                           {"", "", "- -"},
		"a list at the path":                       {chartValues, "image: {repository: [example.com/shop]}", "- -"},
		"a map at the path":                        {chartValues, "image: {repository: {a: example.com/shop}}", "- -"},
		"a path that goes on below a text":         {chartValues, "keel: {images: [{repository: image.repository.name}]}", "- -"},
		"a path of nothing but dots":               {chartValues, "keel: {images: [{repository: ....}]}", "- -"},
		"a full image where a repository is meant": {chartValues, "image: {repository: 'example.com/shop:1.2.0'}", "minor -"},
	} {
		t.Run(name, func(t *testing.T) {
			release, err := decodeRelease(revisionOf(t, 1, "deployed", test.chart, test.user))
			if err != nil {
				t.Fatal(err)
			}
			got, _ := governed(workloadOf(t, "example.com/shop:1.2.0", "example.com/proxy:1.0.0"), release)
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("policies (-want +got):\n%s", diff)
			}
		})
	}
}

// A Secret is anybody's to write who may create it. What cannot be used is told
// in our own words, and nothing of it is in them.
func TestHostileSecrets(t *testing.T) {
	const secret = "hunter2"
	values := func(values string) []byte {
		return pack(t, fmt.Appendf(nil, `{"chart":{"values":%s},"config":{}}`, values))
	}
	block := func(keel string) []byte { return values(`{"password":"` + secret + `","keel":` + keel + `}`) }
	for name, test := range map[string]struct {
		data []byte
		kind corev1.SecretType
		want error
	}{
		"another type":              {data: block(`{}`), kind: corev1.SecretTypeOpaque, want: errNoRelease},
		"nothing":                   {want: errNoRelease},
		"no base64":                 {data: []byte(secret + "!"), want: errNoRelease},
		"no gzip":                   {data: []byte("aHVudGVyMg=="), want: errNoRelease},
		"half of it":                {data: block(`{}`)[:40], want: errNoRelease},
		"no JSON":                   {data: pack(t, []byte(secret)), want: errNoRelease},
		"a list":                    {data: pack(t, []byte(`["`+secret+`"]`)), want: errNoRelease},
		"a chart that is no map":    {data: pack(t, []byte(`{"chart":"`+secret+`"}`)), want: errNoRelease},
		"values that are no map":    {data: values(`"` + secret + `"`), want: errUnreadValues},
		"values nested without end": {data: values(strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000)), want: errNoRelease},
		"a block that is no map":    {data: block(`"` + secret + `"`), want: errKeelIsNoMap},
		"a large Secret":            {data: make([]byte, maxPacked+1), want: errLarge},
		"large values":              {data: values(`{"a":"` + strings.Repeat("a", maxValues) + `"}`), want: errLargeValues},
		"a large block":             {data: block(`{"policy":"` + strings.Repeat("a", maxKeel) + `"}`), want: errLargeKeel},
		"more than is unpacked":     {data: pack(t, make([]byte, maxUnpacked+1)), want: errLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := secretOf(1, "deployed", test.data)
			if test.kind != "" {
				s.Type = test.kind
			}
			_, err := decodeRelease(s)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("told what the Secret holds: %v", err)
			}
		})
	}
}

// Half a megabyte, packed, is half a gigabyte here. No more of it is ever unpacked
// than the largest release has.
func TestBombIsCheap(t *testing.T) {
	member := zip(t, make([]byte, 1<<20))
	bomb := secretOf(1, "deployed", []byte(base64.StdEncoding.EncodeToString(bytes.Repeat(member, 512))))
	if len(bomb.Data["release"]) > maxPacked {
		t.Fatalf("a bomb of %d bytes is refused for its size", len(bomb.Data["release"]))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := decodeRelease(bomb)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, errLarge) {
		t.Errorf("got %v, want %v", err, errLarge)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 8*maxUnpacked {
		t.Errorf("took %d MiB", took>>20)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"chart":{"values":{"image":{"repository":"a/b"},"keel":{"policy":"minor","images":[{"repository":"image.repository"}]}}},"config":{"keel":{"policy":null}}}`))
	f.Add([]byte(`{"chart":{"values":{"keel":{"policy":1,"images":[{},1,null]}}},"config":{"image":5}}`))
	f.Add([]byte(`{"config":{"keel":{"policy":"force","matchTag":true,"approvals":1e300,"images":[{"repository":"..","imagePullSecret":[]}]}}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := workloadOf(t, "a/b:1.0.0", "docker.io/a/b@sha256:00")
		for _, packed := range [][]byte{pack(t, data), data} {
			release, err := decodeRelease(secretOf(1, "deployed", packed))
			if err != nil && release.Weight() > 0 {
				t.Errorf("an error and a release: %v", err)
			}
			_, faults := governed(o, release)
			for _, fault := range faults {
				if !strings.HasPrefix(fault, "keel.") || strings.ContainsAny(fault, "\n\r") || len(fault) > 2000 {
					t.Errorf("told %q", fault)
				}
			}
		}
	})
}
