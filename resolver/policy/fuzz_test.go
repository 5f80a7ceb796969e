package policy

import (
	"slices"
	"strings"
	"testing"
)

func FuzzParseTag(f *testing.F) {
	for _, tag := range []string{
		"1.2.3", "v1", "1.2.3-rc.1-alpine", "1.2.3-rc1-", "2024.01.05", "18446744073709551616", "1.2.3-RC01", "1-", "v", "", "1.2.3--",
	} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		v, ok := parseVersion(tag)
		if !ok {
			return
		}
		if !strings.HasSuffix(tag, v.variant) {
			t.Errorf("variant %q of %q is not its end", v.variant, tag)
		}
		if v.parts < 1 || v.parts > 3 {
			t.Errorf("%q has %d parts", tag, v.parts)
		}
		if compareVersions(&v, &v) != 0 || v.semver(v.identifiers()).Validate() != nil {
			t.Errorf("%q gives a version that blang does not take: %+v", tag, v)
		}
	})
}

func FuzzParseRange(f *testing.F) {
	for _, row := range rangeRows(f) {
		f.Add(row.text, "1.2.3-rc.1")
	}
	f.Fuzz(func(t *testing.T, text, tag string) {
		s, err := parseRange(text)
		v, ok := parseVersion(tag)
		if err != nil || !ok || !s.contains(v) {
			return
		}
		if s.low != nil && compareVersions(&v, s.low) < 0 || s.high != nil && compareVersions(&v, s.high) > 0 {
			t.Errorf("%q lies in %q but outside its bounds", tag, text)
		}
	})
}

func FuzzSelect(f *testing.F) {
	f.Add("regexp:.", "", "", "1.2.3", "1.2.4.sig sha256-"+hex64)
	for _, row := range truths(f) {
		f.Add(row.spec.Name, row.spec.Filter, row.spec.Extract, row.current, strings.Join(row.tags, " "))
	}
	f.Fuzz(func(t *testing.T, name, filter, extract, current, list string) {
		p, err := Parse(Spec{Name: name, Filter: filter, Extract: extract})
		if err != nil {
			return
		}
		tags := strings.Fields(list)
		got := p.Select(NewIndex(tags), current)
		if got.Tag != current && !slices.Contains(tags, got.Tag) {
			t.Errorf("%q from %q chose %q, which is not in %q", name, current, got.Tag, tags)
		}
		if got.Tag != current && isAttachment(got.Tag) {
			t.Errorf("%q from %q chose %q, which is no image", name, current, got.Tag)
		}
		slices.Reverse(tags)
		if again := p.Select(NewIndex(tags), current); again != got {
			t.Errorf("%q from %q: %v, and %v of the list reversed: %q", name, current, got, again, tags)
		}
	})
}
