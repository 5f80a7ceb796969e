package placement_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/garboard-dev/garboard/internal/workload"
)

// mixed is a cluster with two architectures and tainted Windows nodes.
func mixed() []*corev1.Node {
	return []*corev1.Node{
		node("a1", "linux/amd64", "pool=intel", "cores=8"),
		node("a2", "linux/amd64", "pool=intel", "cores=16"),
		node("b1", "linux/arm64", "pool=arm", "cores=64"),
		node("w1", "windows/amd64", "pool=windows", "os=windows:NoSchedule"),
	}
}

func TestPlatformsOfAMixedCluster(t *testing.T) {
	tests := map[string]struct{ spec, want string }{
		"a Pod that asks for nothing may run on every untainted node": {`{}`, "linux/amd64 linux/arm64"},
		"a spec that is none asks for nothing":                        {`[]`, "linux/amd64 linux/arm64"},
		"a selector of the architecture":                              {`{nodeSelector: {kubernetes.io/arch: arm64}}`, "linux/arm64"},
		"a selector of a pool":                                        {`{nodeSelector: {pool: intel}}`, "linux/amd64"},
		"a toleration of the key":                                     {`{tolerations: [{key: os, operator: Exists}]}`, "linux/amd64 linux/arm64 windows/amd64"},
		"a toleration of the value":                                   {`{tolerations: [{key: os, value: windows, effect: NoSchedule}]}`, "linux/amd64 linux/arm64 windows/amd64"},
		"a toleration of another value":                               {`{tolerations: [{key: os, value: linux}]}`, "linux/amd64 linux/arm64"},
		"a toleration of another effect":                              {`{tolerations: [{key: os, operator: Exists, effect: NoExecute}]}`, "linux/amd64 linux/arm64"},
		"a toleration of everything":                                  {`{tolerations: [{operator: Exists}]}`, "linux/amd64 linux/arm64 windows/amd64"},
		"tolerated Windows nodes alone":                               {`{nodeSelector: {kubernetes.io/os: windows}, tolerations: [{operator: Exists}]}`, "windows/amd64"},
		"an affinity that leaves out an architecture":                 {affinity(`[{matchExpressions: [{key: kubernetes.io/arch, operator: NotIn, values: [arm64]}]}]`), "linux/amd64"},
		"an affinity for a label that exists":                         {affinity(`[{matchExpressions: [{key: cores, operator: Exists}]}]`), "linux/amd64 linux/arm64"},
		"an affinity for a label that does not":                       {affinity(`[{matchExpressions: [{key: pool, operator: DoesNotExist}]}]`), ""},
		"an affinity for a number":                                    {affinity(`[{matchExpressions: [{key: cores, operator: Gt, values: ["32"]}]}]`), "linux/arm64"},
		"an affinity for less":                                        {affinity(`[{matchExpressions: [{key: cores, operator: Lt, values: ["32"]}]}]`), "linux/amd64"},
		"one of two terms is enough": {affinity(`[{matchExpressions: [{key: pool, operator: In, values: [arm]}]},
			{matchExpressions: [{key: cores, operator: Gt, values: ["8"]}, {key: kubernetes.io/arch, operator: In, values: [amd64]}]}]`), "linux/amd64 linux/arm64"},
		"all expressions of a term count": {affinity(`[{matchExpressions: [{key: pool, operator: In, values: [arm, intel]}, {key: cores, operator: In, values: ["16"]}]}]`), "linux/amd64"},
		"an affinity for a node's name":   {affinity(`[{matchFields: [{key: metadata.name, operator: In, values: [b1]}]}]`), "linux/arm64"},
		"an affinity for other nodes":     {affinity(`[{matchFields: [{key: metadata.name, operator: NotIn, values: [b1]}]}]`), "linux/amd64"},
		"selector and affinity both":      {`{nodeSelector: {pool: intel}, ` + affinity(`[{matchExpressions: [{key: cores, operator: Gt, values: ["8"]}]}]`)[1:], "linux/amd64"},
		"a preference is no demand": {`{affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution:
			[{weight: 1, preference: {matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [arm64]}]}}]}}}`, "linux/amd64 linux/arm64"},
		"a named node":                         {`{nodeName: b1}`, "linux/arm64"},
		"a named node, tainted":                {`{nodeName: w1}`, "windows/amd64"},
		"a named node that there is not":       {`{nodeName: z9}`, ""},
		"a named node that the selector bars":  {`{nodeName: b1, nodeSelector: {pool: intel}}`, ""},
		"a selector that no node fits":         {`{nodeSelector: {pool: gpu}}`, ""},
		"null where something could be":        {`{nodeName: null, nodeSelector: null, tolerations: null, affinity: null}`, "linux/amd64 linux/arm64"},
		"null within the affinity":             {`{affinity: {nodeAffinity: null}}`, "linux/amd64 linux/arm64"},
		"an affinity for Pods is not for here": {`{affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: 7}}}`, "linux/amd64 linux/arm64"},
	}
	nodes, _ := started(t, mixed()...)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, times := range []string{"first", "kept"} {
				if got := platforms(t, nodes, deployment(t, test.spec)); got != test.want {
					t.Errorf("%s answer: got %q, want %q", times, got, test.want)
				}
			}
		})
	}
}

func TestPlatformsOfEveryKind(t *testing.T) {
	nodes, _ := started(t, mixed()...)
	for _, kind := range workload.StandardKinds().All() {
		t.Run(kind.GroupVersionKind.Kind, func(t *testing.T) {
			o := object(t, kind.Group, kind.GroupVersionKind.Kind, `{nodeSelector: {pool: arm}}`)
			if got := platforms(t, nodes, o); got != "linux/arm64" {
				t.Errorf("got %q, want linux/arm64", got)
			}
		})
	}
}

func TestTaintsAndLabelsOfNodes(t *testing.T) {
	const arm, amd = "linux/arm64", "linux/amd64"
	tests := map[string]struct {
		nodes      []*corev1.Node
		spec, want string
	}{
		"a cordoned node":              {[]*corev1.Node{node("a", arm, "node.kubernetes.io/unschedulable=:NoSchedule")}, `{}`, arm},
		"a node that is ill":           {[]*corev1.Node{node("a", arm, "node.kubernetes.io/not-ready=:NoExecute", "node.kubernetes.io/disk-pressure=:NoSchedule")}, `{}`, arm},
		"a node that is starting":      {[]*corev1.Node{node("a", arm, "node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule", "node.cilium.io/agent-not-ready=:NoExecute")}, `{}`, arm},
		"a node on its way out":        {[]*corev1.Node{node("a", arm, "ToBeDeletedByClusterAutoscaler=1:NoSchedule", "karpenter.sh/disrupted=:NoSchedule")}, `{}`, arm},
		"a node to be avoided":         {[]*corev1.Node{node("a", arm, "busy=yes:PreferNoSchedule")}, `{}`, arm},
		"a cordoned node of a pool":    {[]*corev1.Node{node("a", arm, "pool=x:NoSchedule", "node.kubernetes.io/unschedulable=:NoSchedule")}, `{}`, ""},
		"a node that evicts":           {[]*corev1.Node{node("a", arm, "pool=x:NoExecute")}, `{}`, ""},
		"a named node that evicts":     {[]*corev1.Node{node("a", arm, "pool=x:NoExecute")}, `{nodeName: a}`, ""},
		"tolerated for a while":        {[]*corev1.Node{node("a", arm, "pool=x:NoExecute")}, `{tolerations: [{key: pool, operator: Exists, tolerationSeconds: 60}]}`, arm},
		"one of two taints tolerated":  {[]*corev1.Node{node("a", arm, "x=1:NoSchedule", "y=1:NoSchedule")}, `{tolerations: [{key: x, operator: Exists}]}`, ""},
		"a taint that is a number":     {[]*corev1.Node{node("a", arm, "sla=95:NoSchedule")}, `{tolerations: [{key: sla, operator: Gt, value: "90"}]}`, arm},
		"Windows nodes without taints": {[]*corev1.Node{node("a", amd), node("b", "windows/amd64")}, `{}`, "linux/amd64 windows/amd64"},
		"a cluster of two pools, one of them tainted": {[]*corev1.Node{node("a", amd), node("b", amd, "gpu=1:NoSchedule"), node("c", arm, "gpu=1:NoSchedule")},
			`{}`, amd},
		"older labels alone":               {[]*corev1.Node{bare("a", "beta.kubernetes.io/os=windows", "beta.kubernetes.io/arch=amd64")}, `{}`, "windows/amd64"},
		"an architecture alone":            {[]*corev1.Node{bare("a", "kubernetes.io/arch=s390x")}, `{}`, "linux/s390x"},
		"a node of unknown architecture":   {[]*corev1.Node{bare("virtual"), node("a", amd)}, `{}`, amd},
		"nodes of unknown architecture":    {[]*corev1.Node{bare("virtual")}, `{}`, ""},
		"GKE's taint, and no word of it":   {[]*corev1.Node{node("a", amd), node("b", arm, "kubernetes.io/arch=arm64:NoSchedule")}, `{}`, amd},
		"GKE's taint, tolerated":           {[]*corev1.Node{node("a", amd), node("b", arm, "kubernetes.io/arch=arm64:NoSchedule")}, `{tolerations: [{operator: Exists}]}`, "linux/amd64 linux/arm64"},
		"GKE's taint of another selector":  {[]*corev1.Node{node("a", amd), node("b", arm, "kubernetes.io/arch=arm64:NoSchedule")}, `{nodeSelector: {kubernetes.io/os: linux}}`, amd},
		"GKE's taint of Windows, selected": {[]*corev1.Node{node("a", amd), node("b", "windows/amd64", "node.kubernetes.io/os=windows:NoSchedule")}, `{nodeSelector: {kubernetes.io/os: windows}}`, "windows/amd64"},
		"GKE's taint, with an affinity that names both": {[]*corev1.Node{node("a", amd), node("b", arm, "kubernetes.io/arch=arm64:NoSchedule")},
			affinity(`[{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}]}]`), "linux/amd64 linux/arm64"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			nodes, _ := started(t, test.nodes...)
			for _, kind := range []string{"Deployment", "DaemonSet"} {
				if got := platforms(t, nodes, object(t, "apps", kind, test.spec)); got != test.want {
					t.Errorf("%s: got %q, want %q", kind, got, test.want)
				}
			}
		})
	}
}

// No node fits: what the template itself says is all there is to go by.
func TestPlatformsWithoutANode(t *testing.T) {
	arch := func(operator, values string) string {
		return `{key: kubernetes.io/arch, operator: ` + operator + `, values: [` + values + `]}`
	}
	tests := map[string]struct{ spec, want string }{
		"nothing is said":                          {`{}`, ""},
		"a pool alone":                             {`{nodeSelector: {pool: arm}}`, ""},
		"the architecture":                         {`{nodeSelector: {kubernetes.io/arch: arm64, pool: arm}}`, "linux/arm64"},
		"the architecture by its older label":      {`{nodeSelector: {beta.kubernetes.io/arch: arm64}}`, "linux/arm64"},
		"both":                                     {`{nodeSelector: {kubernetes.io/arch: amd64, kubernetes.io/os: windows}}`, "windows/amd64"},
		"the operating system alone":               {`{nodeSelector: {kubernetes.io/os: windows}}`, ""},
		"several architectures, one of them anew":  {affinity(`[{matchExpressions: [` + arch("In", "arm64, amd64, arm64") + `]}]`), "linux/amd64 linux/arm64"},
		"the terms' architectures together":        {affinity(`[{matchExpressions: [` + arch("In", "arm64") + `]}, {matchExpressions: [` + arch("In", "s390x") + `]}]`), "linux/arm64 linux/s390x"},
		"a term that is open to any":               {affinity(`[{matchExpressions: [` + arch("In", "arm64") + `]}, {matchExpressions: [{key: pool, operator: Exists}]}]`), ""},
		"an empty term fits nothing":               {affinity(`[{matchExpressions: [` + arch("In", "arm64") + `]}, {}]`), "linux/arm64"},
		"no terms":                                 {affinity(`[]`), ""},
		"an architecture that it is not":           {affinity(`[{matchExpressions: [` + arch("NotIn", "arm64") + `]}]`), ""},
		"one of two left out":                      {affinity(`[{matchExpressions: [` + arch("In", "arm64, amd64") + `, ` + arch("NotIn", "arm64") + `]}]`), "linux/amd64"},
		"an operating system that it is not":       {affinity(`[{matchExpressions: [` + arch("In", "amd64") + `, {key: kubernetes.io/os, operator: NotIn, values: [linux]}]}]`), ""},
		"selector and term agree":                  {`{nodeSelector: {kubernetes.io/arch: arm64}, ` + affinity(`[{matchExpressions: [` + arch("In", "arm64, amd64") + `]}]`)[1:], "linux/arm64"},
		"selector and term have nothing in common": {`{nodeSelector: {kubernetes.io/arch: arm64}, ` + affinity(`[{matchExpressions: [` + arch("In", "amd64") + `]}]`)[1:], ""},
		"an architecture that is none":             {`{nodeSelector: {kubernetes.io/arch: "../ARM"}}`, ""},
	}
	clusters := map[string][]*corev1.Node{
		"no nodes":      nil,
		"tainted nodes": {node("a", "linux/riscv64", "pool=x:NoSchedule"), node("b", "plan9/386", "pool=x:NoExecute")},
	}
	for cluster, known := range clusters {
		nodes, _ := started(t, known...)
		for name, test := range tests {
			t.Run(cluster+": "+name, func(t *testing.T) {
				if got := platforms(t, nodes, deployment(t, test.spec)); got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
			})
		}
	}
}
