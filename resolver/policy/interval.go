package policy

import "slices"

// interval is a run of versions, from low on and below high; nil is no end.
// Versions can be counted: behind 1.2.3-rc.1 comes 1.2.3-rc.2, and behind 1.2.3
// the first pre-release of 1.2.4. That tells a range that holds nothing.
type interval struct {
	low  entry
	high *entry
}

// intervals are disjoint and ascending.
type intervals []interval

// firstPreRelease is the suffix of the lowest pre-release that a tag may have.
const firstPreRelease = uint8(2)

// intervals is what the comparison holds.
func (c comparator) intervals() intervals {
	at := c.bound.entry()
	after, more := at, true
	if c.bound.pre == lowest { // no tag has it
		at.suffix, after.suffix = firstPreRelease, firstPreRelease
	} else {
		after, more = at.next()
	}
	var above intervals
	if more {
		above = intervals{{low: after}}
	}
	first := entry{suffix: firstPreRelease}
	below := intervals{{low: first, high: &at}}.nonEmpty()
	switch c.operator {
	case ">=":
		return intervals{{low: at}}
	case ">":
		return above
	case "<":
		return below
	case "<=":
		return below.or(intervals{{low: at, high: &after}}.nonEmpty())
	case "==":
		return intervals{{low: at, high: &after}}.nonEmpty()
	default: // !=
		return below.or(above)
	}
}

// next is the version behind this one; false behind the last.
func (e entry) next() (entry, bool) {
	switch {
	case !e.stable() && e.suffix%2 == 0:
		e.suffix++
		return e, true
	case !e.stable():
		if e.preNumber++; e.preNumber == 0 {
			e.suffix++
		}
		return e, true
	}
	e.suffix = firstPreRelease
	for _, field := range [...]*uint64{&e.patch, &e.minor, &e.major} {
		if *field++; *field != 0 {
			return e, true
		}
	}
	return e, false
}

func (i *interval) empty() bool { return i.high != nil && compareEntries(&i.low, i.high) >= 0 }

func (is intervals) nonEmpty() intervals {
	return slices.DeleteFunc(is, func(i interval) bool { return i.empty() })
}

// bounds enclose all of them; nil is no bound.
func (is intervals) bounds() (low, high *entry) {
	return &is[0].low, is[len(is)-1].high
}

func (is intervals) and(others intervals) intervals {
	var both intervals
	for _, a := range is {
		for _, b := range others {
			i := a
			if compareEntries(&b.low, &i.low) > 0 {
				i.low = b.low
			}
			if i.high == nil || b.high != nil && compareEntries(b.high, i.high) < 0 {
				i.high = b.high
			}
			if !i.empty() {
				both = append(both, i)
			}
		}
	}
	return both
}

func (is intervals) or(others intervals) intervals {
	all := slices.Concat(is, others)
	slices.SortFunc(all, func(a, b interval) int { return compareEntries(&a.low, &b.low) })
	var joined intervals
	for _, i := range all {
		if len(joined) == 0 {
			joined = append(joined, i)
			continue
		}
		last := &joined[len(joined)-1]
		switch {
		case last.high == nil:
		case compareEntries(&i.low, last.high) > 0:
			joined = append(joined, i)
		case i.high == nil || compareEntries(i.high, last.high) > 0:
			last.high = i.high
		}
	}
	return joined
}
