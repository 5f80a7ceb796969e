package policy

// span translates a term into complete comparisons. An upper bound that names
// no pre-release ends before the pre-releases of its version: <2.0.0 lets no
// 2.0.0-rc.1 in.
func (t term) span() (*span, error) {
	if t.upper != nil {
		low, err := term{operator: ">=", bound: t.bound}.span()
		if err != nil {
			return nil, err
		}
		high, err := term{operator: "<=", bound: *t.upper}.span()
		if err != nil {
			return nil, err
		}
		return low.and(high), nil
	}
	if t.bound.numbers == 0 {
		return t.wildcard()
	}
	switch t.operator {
	case "^", "~":
		return spanBetween(t.bound.lower(), t.bound, t.place())
	case ">=":
		return comparator{">=", t.bound.lower()}.span()
	case "<":
		return comparator{"<", t.bound.from()}.span()
	}
	if t.bound.whole() {
		return comparator{t.blang(), t.bound.version}.span()
	}
	return t.short()
}

// wildcard is a bound without any number.
func (t term) wildcard() (*span, error) {
	switch t.operator {
	case "<", ">", "!", "!=":
		return nil, badBound(t.operator+t.bound.text, "matches no version")
	}
	return comparator{">=", version{pre: lowest}}.span()
}

// short is a bound that stands for all the versions that begin with it.
func (t term) short() (*span, error) {
	last := t.bound.numbers - 1
	switch t.operator {
	case ">", "<=", "!", "!=":
	default:
		return spanBetween(t.bound.lower(), t.bound, last)
	}
	next, err := t.bound.after(last)
	if err != nil {
		return nil, err
	}
	if t.operator == ">" {
		if t.bound.early {
			next.pre = lowest
		}
		return comparator{">=", next}.span()
	}
	next.pre = lowest
	if t.operator == "<=" {
		return comparator{"<", next}.span()
	}
	below, err := comparator{"<", t.bound.from()}.span()
	if err != nil {
		return nil, err
	}
	above, err := comparator{">=", next}.span()
	if err != nil {
		return nil, err
	}
	return below.or(above), nil
}

// place is the number that ^ and ~ do not let grow: for ^ the first that is not
// zero, for ~ the minor version.
func (t term) place() int {
	last := t.bound.numbers - 1
	if t.operator == "~" {
		return min(last, 1)
	}
	for i, n := range [...]uint64{t.bound.major, t.bound.minor, t.bound.patch} {
		if n != 0 {
			return min(i, last)
		}
	}
	return last
}

func (t term) blang() string {
	switch t.operator {
	case "", "=":
		return "=="
	case "!":
		return "!="
	default:
		return t.operator
	}
}

// spanBetween covers low up to the pre-releases of the next version at the place.
func spanBetween(low version, p partial, place int) (*span, error) {
	next, err := p.after(place)
	if err != nil {
		return nil, err
	}
	next.pre = lowest
	from, err := comparator{">=", low}.span()
	if err != nil {
		return nil, err
	}
	to, err := comparator{"<", next}.span()
	if err != nil {
		return nil, err
	}
	return from.and(to), nil
}
