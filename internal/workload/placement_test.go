package workload_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
)

func TestPlacement(t *testing.T) {
	const required = `{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{}]}}}`
	tests := map[string]struct{ spec, want string }{
		"nothing":                          {`{}`, `{}`},
		"a spec that is none":              {`"x"`, `{}`},
		"what is asked of nodes, alone":    {`{"nodeName":"a","nodeSelector":{"b":"c"},"tolerations":[{"key":"d"}],"affinity":` + required + `,"containers":[{"name":"web"}]}`, `{"nodeName":"a","nodeSelector":{"b":"c"},"tolerations":[{"key":"d"}],"affinity":` + required + `}`},
		"the demands of an affinity alone": {`{"affinity":{"podAffinity":{"x":1},"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[1],"requiredDuringSchedulingIgnoredDuringExecution":{"y":2}}}}`, `{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"y":2}}}}`},
		"an affinity without demands":      {`{"affinity":{"podAffinity":{},"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[]}}}`, `{}`},
		"nulls":                            {`{"nodeName":null,"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":null}}}`, `{}`},
		"wrong types, for their reader":    {`{"nodeName":7,"nodeSelector":[],"tolerations":{},"affinity":{"nodeAffinity":"x"}}`, `{"nodeName":7,"nodeSelector":[],"tolerations":{},"affinity":{"nodeAffinity":"x"}}`},
	}
	for _, kind := range workload.StandardKinds().All() {
		for name, test := range tests {
			t.Run(kind.GroupVersionKind.Kind+": "+name, func(t *testing.T) {
				parsed := func(spec string) map[string]any {
					pod, _ := workload.StandardKinds().For("", "Pod")
					o, err := workload.Parse(pod, []byte(`{"spec":`+spec+`}`))
					if err != nil {
						t.Fatal(err)
					}
					value, _ := o.Lookup("spec")
					return map[string]any{"spec": value}
				}
				root := inTemplate(kind, parsed(test.spec))
				root["apiVersion"], root["kind"] = kind.GroupVersion().String(), kind.GroupVersionKind.Kind
				o, ok := workload.StandardKinds().FromMap(root)
				if !ok {
					t.Fatal("got no workload")
				}
				got, err := o.Placement()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(parsed(test.want)["spec"], any(got)); diff != "" {
					t.Errorf("placement (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestPlacementIsBounded(t *testing.T) {
	list := func(count int) string { return `[` + strings.Repeat(`"node",`, count-1) + `"node"]` }
	tests := map[string]struct {
		spec string
		ok   bool
	}{
		"a thousand host names":                {`{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"host","operator":"In","values":` + list(1000) + `}]}]}}}}`, true},
		"as many values as there may be":       {`{"tolerations":` + list(1022) + `}`, true},
		"one more":                             {`{"tolerations":` + list(1023) + `}`, false},
		"a hundred thousand":                   {`{"tolerations":` + list(100_000) + `}`, false},
		"a map of as many":                     {`{"nodeSelector":{"a":` + list(600) + `,"b":` + list(600) + `}}`, false},
		"the longest key":                      {`{"nodeSelector":{"` + strings.Repeat("a", 317) + `":"b"}}`, true},
		"a longer key":                         {`{"nodeSelector":{"` + strings.Repeat("a", 318) + `":"b"}}`, false},
		"a longer text":                        {`{"nodeName":"` + strings.Repeat("a", 318) + `"}`, false},
		"deep lists":                           {`{"tolerations":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, false},
		"too much where nobody asks for nodes": {`{"volumes":` + list(100_000) + `}`, true},
	}
	pod, _ := workload.StandardKinds().For("", "Pod")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o, err := workload.Parse(pod, []byte(`{"spec":`+test.spec+`}`))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := o.Placement(); (err == nil) != test.ok || err != nil && got != nil {
				t.Errorf("got %v, %v; want it read: %v", got, err, test.ok)
			}
		})
	}
}
