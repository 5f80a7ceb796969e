package policy

import (
	"fmt"
	"testing"
)

// many returns n tags as a busy repository has them: a third with a variant,
// pre-releases, commit hashes, spread over majors and minors.
func many(n int) []string {
	tags := make([]string, 0, n)
	for i := 0; len(tags) < n; i++ {
		number := fmt.Sprintf("%d.%d.%d", i%17, i/17%31, i/(17*31))
		switch i % 7 {
		case 0, 1:
			tags = append(tags, number+"-alpine")
		case 2:
			tags = append(tags, number+fmt.Sprintf("-rc.%d", i%12))
		case 3:
			tags = append(tags, fmt.Sprintf("%07x", i*2654435761%268435456))
		default:
			tags = append(tags, number)
		}
	}
	return tags
}

func BenchmarkSelect(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		ix := NewIndex(many(n))
		b.Run(fmt.Sprintf("tags=%d", n), func(b *testing.B) { benchmarkSelect(b, Spec{Name: "minor"}, ix) })
	}
	ix := NewIndex(many(10000))
	for _, spec := range []Spec{
		{Name: "semver:>=3 <9"}, {Name: "semver:^4.2 || !5.x", MatchPreRelease: new(bool)}, {Name: "all"}, {Name: "glob:4.*"},
		{Name: "minor", Filter: `^(\d+\.\d+\.\d+)$`, Extract: "$1"},
	} {
		name := spec.Name
		if spec.Filter != "" {
			name += ",filter"
		}
		b.Run(name+"/tags=10000", func(b *testing.B) { benchmarkSelect(b, spec, ix) })
	}
}

func benchmarkSelect(b *testing.B, spec Spec, ix *Index) {
	p := parsed(b, spec)
	if s := p.Select(ix, "4.1.0"); !s.Moved("4.1.0") {
		b.Fatalf("%s stays: %s", spec.Name, s.Reason)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Select(ix, "4.1.0")
	}
}

func BenchmarkIndex(b *testing.B) {
	for _, n := range []int{2, 100, 10000} { // two are what Moves indexes
		tags := many(n)
		b.Run(fmt.Sprintf("tags=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				NewIndex(tags)
			}
		})
	}
}

// BenchmarkStay looks through the lines of a repository in which every tag has
// a line of its own.
func BenchmarkStay(b *testing.B) {
	tags := []string{"900.0.0-alpine", "1.0.0-slim"}
	for i := range 10000 {
		tags = append(tags, fmt.Sprintf("1.%d.%d-%07xf", i/100, i%100, i*2654435761%268435456))
	}
	ix, p := NewIndex(tags), parsed(b, Spec{Name: "minor"})
	for _, current := range []string{"900.0.0-alpine", "1.0.0-slim"} {
		b.Run("from="+current, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Select(ix, current)
			}
		})
	}
}

func TestSelectAllocatesNothing(t *testing.T) {
	ix := NewIndex(append(many(10000), "4.1.0-r1", "4.1.0-r2", "4.1.0.1-ls2", "4.1.0.1-ls10", "5.0.0-dev", "5.1.0-dev", "4-cu9", "4-cu10", "2025-01-01"))
	for _, name := range []string{"all", "major", "minor", "patch", "semver:>=3 <9", "semver:^4.1 || !5.x", "semver:>=4.1.0-0", "never", "glob:4.*"} {
		for _, matchPreRelease := range []bool{true, false} {
			p := parsed(t, Spec{Name: name, MatchPreRelease: &matchPreRelease, Exclude: []string{"*-debug"}, Variant: []string{"alp*"}})
			p.Select(ix, "4.1.0") // makes the view of the variants
			for _, current := range []string{"4.1.0", "4.2.0-alpine", "2.0.0-rc.2", "latest", "4.1.0-r1", "4.1.0.1-ls2", "4.1.0-ls3", "5.0.0-dev", "5.1.0-dev", "4-cu9", "2025-01-01"} {
				if n := testing.AllocsPerRun(20, func() { p.Select(ix, current) }); n != 0 {
					t.Errorf("%s from %q: %v allocations", name, current, n)
				}
			}
		}
	}
}
