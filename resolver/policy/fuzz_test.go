package policy

import (
	"slices"
	"strings"
	"testing"
)

func FuzzParseTag(f *testing.F) {
	for _, tag := range []string{
		"17.0.3_7-jdk-alpine", "1.2.3.4-ls5", "2025-08-05-r1", "8.6-990", "1.2.3-27.1", "1.2.3-2024-01-05", "1.2.3-alpine-20240105", "v1.29.5-rc1-k3s2",
		"1.2.3-4.5.6.7.8", "1.2.3-gke.18446744073709551616", "1.2.3", "v1", "1.2.3-rc.1-alpine", "1.2.3-rc1-", "2024.01.05", "18446744073709551616", "1.2.3-RC01", "1-", "v", "", "1.2.3--", "1.2.3_rc1-alpine", "0_A.",
	} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		v, ok := parseVersion(tag)
		if !ok {
			return
		}
		// An underscore tells a variant behind one (1.2.3_rc1-alpine) from the same behind a hyphen.
		if !strings.Contains(tag, strings.TrimPrefix(v.variant, "_")) {
			t.Errorf("variant %q of %q is not in it", v.variant, tag)
		}
		if v.revision.form == (form{}) != (v.revision.count == 0) || v.revision.count > maxNumbers {
			t.Errorf("the revision of %q has %d numbers: %+v", tag, v.revision.count, v.revision.form)
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
		f.Add(row.text, "1.2.3-rc.1", row.preReleases)
	}
	f.Fuzz(func(t *testing.T, text, tag string, preReleases bool) {
		s, err := parseRange(text, preReleases)
		v, ok := parseVersion(tag)
		if err != nil || !ok {
			return
		}
		if got, want := s.within.contain(&v), s.contains(v); got != want {
			t.Errorf("%q lies in the intervals of %q: %v, and by blang: %v", tag, text, got, want)
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
