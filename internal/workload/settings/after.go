package settings

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/spelling"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver/policy"
)

// Bounds on what a workload may come after.
const (
	maxAfter     = 8
	maxAfterText = 1 << 10 // bytes
)

const afterAllowed = `"NAMESPACE/KIND/NAME for DURATION", such as "staging/deployment/shop for 24h", at most 8 of them, comma-separated; NAMESPACE alone means the same kind and name there; a duration is at most 366d`

// Upstream names the workload that a version has to run in first. Where Name is empty it
// is the one with the kind and name of the workload that comes after it.
type Upstream struct {
	Namespace string
	Kind      schema.GroupKind
	Name      string
}

// UpstreamOf names a workload that may be another's upstream.
func UpstreamOf(kind schema.GroupKind, namespace, name string) Upstream {
	return Upstream{Namespace: namespace, Kind: kind, Name: name}
}

// String is the upstream as `after` spells it: staging/deployment/shop, and
// staging/rollout.argoproj.io/shop for a kind that is not Kubernetes' own.
func (u Upstream) String() string {
	if u.Name == "" {
		return u.Namespace
	}
	return u.Namespace + "/" + KindText(u.Kind) + "/" + u.Name
}

// KindText is a kind as `after` spells it: deployment, and rollout.argoproj.io for one
// that is not Kubernetes' own.
func KindText(kind schema.GroupKind) string {
	text := strings.ToLower(kind.Kind)
	if _, own := workload.StandardKinds().For(kind.Group, kind.Kind); !own && kind.Group != "" {
		text += "." + kind.Group
	}
	return text
}

// KindIn returns which of the kinds the upstream's is.
func (u Upstream) KindIn(kinds []workload.Kind) (kind workload.Kind, ok bool) {
	i := slices.IndexFunc(kinds, func(k workload.Kind) bool { return sameKind(k.GroupKind(), u.Kind) })
	if i < 0 {
		return kind, false
	}
	return kinds[i], true
}

// sameKind compares kinds. Those of custom resources are written in lower case.
func sameKind(a, b schema.GroupKind) bool {
	return a.Group == b.Group && strings.EqualFold(a.Kind, b.Kind)
}

// Is reports whether two upstreams name the same workload.
func (u Upstream) Is(other Upstream) bool {
	return u.Namespace == other.Namespace && u.Name == other.Name && sameKind(u.Kind, other.Kind)
}

// After is one workload that comes first, and how long it has to run a version, healthy,
// before that is a candidate.
type After struct {
	Upstream
	For time.Duration
}

// Length is For as people write it.
func (a After) Length() string { return shortDuration(a.For) }

// AfterText is a list of them as the setting has it, each with its workload's whole name;
// empty for none.
func AfterText(all []After) string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.String() + " for " + a.Length()
	}
	return strings.Join(texts, ", ")
}

// parseAfter reads "NAMESPACE/KIND/NAME for DURATION", several divided by commas.
func parseAfter(text string) ([]After, error) {
	if len(text) > maxAfterText {
		return nil, fmt.Errorf("longer than %d bytes", maxAfterText)
	}
	parts := strings.Split(text, ",")
	if len(parts) > maxAfter {
		return nil, fmt.Errorf("%d workloads", len(parts))
	}
	all := make([]After, 0, len(parts))
	for _, part := range parts {
		one, err := parseOneAfter(strings.Fields(part))
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(other After) bool { return other.Is(one.Upstream) }) {
			return nil, fmt.Errorf("%q stands there twice", one.Upstream)
		}
		all = append(all, one)
	}
	return all, nil
}

func parseOneAfter(words []string) (After, error) {
	quoted := func(text string) string { return fmt.Sprintf("%q", printable.Escape(text, maxShownValue)) }
	switch {
	case len(words) == 0:
		return After{}, errors.New("an empty name")
	case len(words) != 3 || words[1] != "for":
		return After{}, fmt.Errorf("%s is not of that form", quoted(strings.Join(words, " ")))
	}
	length, err := parseDuration(words[2])
	if err != nil || length < 0 || length > mostAge {
		return After{}, fmt.Errorf("%s is no duration of 0s to 366d", quoted(words[2]))
	}
	names := strings.Split(words[0], "/")
	if len(validation.IsDNS1123Label(names[0])) > 0 {
		return After{}, fmt.Errorf("%s is no name of a namespace", quoted(names[0]))
	}
	one := After{Upstream{Namespace: names[0]}, length}
	if len(names) == 1 {
		return one, nil
	}
	if len(names) != 3 {
		return After{}, fmt.Errorf("%s is neither a namespace nor NAMESPACE/KIND/NAME", quoted(words[0]))
	}
	if len(validation.IsDNS1123Subdomain(names[2])) > 0 {
		return After{}, fmt.Errorf("%s is no name of a workload", quoted(names[2]))
	}
	one.Kind, err = parseUpstreamKind(names[1])
	one.Name = names[2]
	return one, err
}

// parseUpstreamKind reads a kind as kubectl has it: deployment, deployments or
// deployment.apps; one that is not Kubernetes' own has its group: rollout.argoproj.io.
func parseUpstreamKind(text string) (schema.GroupKind, error) {
	name, group, grouped := strings.Cut(text, ".")
	var known []string
	for _, kind := range workload.StandardKinds().Rolling() {
		singular := strings.ToLower(kind.GroupVersionKind.Kind)
		known = append(known, singular)
		if (!grouped || group == kind.Group) && (strings.EqualFold(name, singular) || strings.EqualFold(name, kind.Resource)) {
			return kind.GroupKind(), nil
		}
	}
	if grouped && len(validation.IsDNS1123Label(strings.ToLower(name))) == 0 && len(validation.IsDNS1123Subdomain(group)) == 0 {
		return schema.GroupKind{Group: group, Kind: strings.ToLower(name)}, nil
	}
	return schema.GroupKind{}, fmt.Errorf("unknown kind %q; %sknown: %s, and KIND.GROUP of those of --custom-kinds",
		printable.Escape(text, maxShownValue), didYouMean(spelling.Nearest(strings.ToLower(name), known)), strings.Join(known, ", "))
}

// checkAfter refuses a bad list. That one names the workload itself is the reader's to
// find, which knows whose setting it is.
func checkAfter(e entry) string {
	if _, err := parseAfter(e.value); err != nil {
		return err.Error() + "; allowed: " + afterAllowed
	}
	return ""
}

// namesItself tells of an `after` that the workload would wait for in vain: it is its own
// upstream. A namespace's default does so where it names that namespace alone.
func (g *reading) namesItself(e entry) string {
	if e.name != keyAfter || e.notText {
		return ""
	}
	all, err := parseAfter(e.value)
	if err != nil {
		return "" // which is told as that
	}
	for _, after := range all {
		own := after.of(g.self)
		if own.Is(g.self) || after.Name == "" && after.Namespace == g.self.Namespace {
			return fmt.Sprintf("%q is the workload itself; allowed: other workloads that run a version before it", own)
		}
	}
	return ""
}

// of fills in the kind and name of the workload that comes after an upstream.
func (u Upstream) of(self Upstream) Upstream {
	if u.Name == "" {
		u.Kind, u.Name = self.Kind, self.Name
	}
	return u
}

// readAfter takes the workloads that come first.
func (r *reader) readAfter() {
	v, ok := r.good(keyAfter)
	if !ok {
		return
	}
	all, _ := parseAfter(v)
	for i := range all {
		all[i].Upstream = all[i].of(r.self)
	}
	r.settings.rule.After, r.settings.afterAt = all, r.chosen[keyAfter]
}

// After returns the workloads that come first, whatever the policies of the containers.
func (s *Settings) After() []After { return s.rule.After }

// RefuseAfter adds a fault of `after` that it takes other objects to see. The containers
// stay governed, and gated: it is the writer who is to hear of it.
func (s *Settings) RefuseAfter(detail string) {
	s.tell(faultOf(s.afterAt, "", s.afterAt.value, detail))
}

// AfterOf reads what a workload comes after, and nothing else of its settings.
func AfterOf(o *workload.Object, namespace workload.Namespace) []After {
	g := &reading{patterns: policy.NewCompiler(MaxSteps), ended: func() error { return nil }, self: selfOf(o, namespace)}
	all := slices.Concat(g.entries(o.Annotations(), onAnnotations), g.entries(o.Labels(), onLabels), g.entries(namespace.Annotations, onNamespace))
	return g.read(o, slices.DeleteFunc(all, func(e entry) bool { return e.name != keyAfter })).After()
}

// selfOf is the workload that settings are of.
func selfOf(o *workload.Object, namespace workload.Namespace) Upstream {
	return UpstreamOf(o.Kind.GroupKind(), cmp.Or(o.Namespace(), namespace.Name), o.Name())
}

// maxCircle bounds how many workloads a search for a circle looks at.
const maxCircle = 32

// Circle looks for a way along `after` from a workload back to itself, and returns those
// on it in their order, the first of them again at the end; nil where there is none among
// the first 32 workloads. of returns what comes before a workload, nothing where that is
// not known.
func Circle(start Upstream, first []After, of func(Upstream) []After) []Upstream {
	type step struct {
		at   Upstream
		path []Upstream
	}
	var open []step
	extend := func(path []Upstream, next []After) {
		for _, after := range next {
			open = append(open, step{after.Upstream, append(slices.Clone(path), after.Upstream)})
		}
	}
	extend([]Upstream{start}, first)
	var seen []Upstream
	for len(open) > 0 && len(seen) < maxCircle {
		next := open[0]
		open = open[1:]
		if next.at.Is(start) {
			return next.path
		}
		if slices.ContainsFunc(seen, next.at.Is) {
			continue
		}
		seen = append(seen, next.at)
		extend(next.path, of(next.at))
	}
	return nil
}

// CircleText names the workloads of a circle: "a after b after a".
func CircleText(circle []Upstream) string {
	names := make([]string, len(circle))
	for i := range circle {
		names[i] = circle[i].String()
	}
	return printable.Replace(strings.Join(names, " after "), maxDetail)
}
