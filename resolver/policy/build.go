package policy

import (
	"cmp"
	"math/bits"
	"slices"
)

// builder makes a view.
type builder struct {
	*view
	lineOf []uint32 // one an entry
	sizes  []size   // one a line
	order  order    // of all entries, line by line
	tails  []tail   // those that are more than a number
	tailed []uint32 // the entries that they belong to
	recent [8]struct {
		key    lineKey
		number uint32
	}
}

type size struct{ all, releases int }

// read parses the texts and gives each line a number.
func (b *builder) read() {
	likely := 0
	for _, text := range b.texts {
		if likelyVersion(text) {
			likely++
		}
	}
	b.entries, b.lineOf = make([]entry, 0, likely), make([]uint32, 0, likely)
	for i, text := range b.texts {
		var v version
		if v.read(text) {
			b.add(&v, i)
		}
	}
	if len(b.entries) < likely-likely/8 {
		b.entries = slices.Clone(b.entries)
	}
	b.view.tails = newTails(b.tails)
	for i, at := range b.tailed {
		b.entries[at].tail = b.view.tails.place(&b.tails[i])
	}
}

func (b *builder) add(v *version, tag int) {
	var key lineKey
	b.variants.setLine(&key, v)
	if key.plainNumber() {
		key.bare = true // the bare and the plain are one line until they are split
	}
	number := b.number(key)
	var e entry
	v.setEntry(&e)
	e.tag = uint32(tag) //nolint:gosec // no list is that long
	if !b.variants.simple(v) {
		b.tails, b.tailed = append(b.tails, b.variants.tail(v)), append(b.tailed, uint32(len(b.entries))) //nolint:gosec // no more than tags
	}
	b.entries, b.lineOf = append(b.entries, e), append(b.lineOf, number)
	b.sizes[number].all++
	if e.stable() {
		b.sizes[number].releases++
	}
}

// number remembers a few lines beside the map: most tags are of these.
func (b *builder) number(key lineKey) uint32 {
	recent := &b.recent[(int(key.parts)+2*len(key.variant))%len(b.recent)]
	if recent.key == key {
		return recent.number
	}
	number, ok := b.numbers[key]
	if !ok {
		number = uint32(len(b.numbers)) //nolint:gosec // no more than tags
		b.numbers[key] = number
		b.lines = append(b.lines, line{key: key})
		b.sizes = append(b.sizes, size{})
	}
	recent.key, recent.number = key, number
	return number
}

// sort orders all entries by line, version and tag. They are read in the order
// of their tags.
func (b *builder) sort(buffer []keyed) {
	b.order = make(order, len(b.entries))
	if widths, ok := b.widths(); ok {
		keys, scratch := buffer[:len(b.entries)], buffer[len(b.entries):2*len(b.entries)]
		for i := range b.entries {
			keys[i] = keyed{widths.pack(b.lineOf[i], &b.entries[i]), uint32(i)}
		}
		for i, k := range sortKeyed(keys, scratch) {
			b.order[i] = k.of
		}
		return
	}
	for i := range b.order {
		b.order[i] = uint32(i)
	}
	slices.SortFunc(b.order, func(x, y uint32) int {
		if c := cmp.Compare(b.lineOf[x], b.lineOf[y]); c != 0 {
			return c
		}
		if c := compareEntries(&b.entries[x], &b.entries[y]); c != 0 {
			return c
		}
		return cmp.Compare(x, y)
	})
}

// widths are how many bits the parts of an entry take where line and version
// are packed into one number.
type widths struct{ major, minor, patch, suffix, preNumber, tail int }

// widths is false where 64 bits do not hold the widest of each.
func (b *builder) widths() (widths, bool) {
	var all entry
	for i := range b.entries {
		e := &b.entries[i]
		all.major |= e.major
		all.minor |= e.minor
		all.patch |= e.patch
		all.preNumber |= e.preNumber
		all.tail |= e.tail
	}
	w := widths{
		major: bits.Len64(all.major), minor: bits.Len64(all.minor), patch: bits.Len64(all.patch),
		suffix: bits.Len8(released), preNumber: bits.Len64(all.preNumber), tail: bits.Len64(all.tail),
	}
	lines := bits.Len(uint(len(b.sizes)))
	return w, lines+w.major+w.minor+w.patch+w.suffix+w.preNumber+w.tail <= 64
}

func (w *widths) pack(line uint32, e *entry) uint64 {
	key := uint64(line)
	key = key<<w.major | e.major
	key = key<<w.minor | e.minor
	key = key<<w.patch | e.patch
	key = key<<w.suffix | uint64(e.suffix)
	key = key<<w.preNumber | e.preNumber
	return key<<w.tail | e.tail
}

// split cuts the order into lines.
func (b *builder) split() {
	releases := 0
	for _, s := range b.sizes {
		if s.releases < s.all {
			releases += s.releases
		}
	}
	kept := make(order, 0, releases)
	rest := b.order
	for i, s := range b.sizes {
		l := &b.lines[i]
		l.all, l.releases = rest[:s.all], rest[:s.all]
		rest = rest[s.all:]
		if s.releases < s.all {
			start := len(kept)
			kept = b.appendIf(kept, l.all, (*entry).stable)
			l.releases = kept[start:]
		}
	}
	for _, kind := range [...]dates{noDate, dayDates, minuteDates, secondDates} {
		b.splitBare(lineKey{parts: 1, bare: true, dates: kind})
	}
}

// splitBare makes the plain line of one part out of that which has the bare
// numbers, too.
func (b *builder) splitBare(key lineKey) {
	number, ok := b.numbers[key]
	if !ok {
		return
	}
	whole := b.lines[number]
	plain := func(e *entry) bool { return e.prefixed || !e.stable() }
	key.bare = false
	b.numbers[key] = uint32(len(b.lines)) //nolint:gosec // no more than tags
	b.lines = append(b.lines, line{key, b.appendIf(nil, whole.all, plain), b.appendIf(nil, whole.releases, plain)})
}

func (b *builder) appendIf(kept, from order, keep func(*entry) bool) order {
	for _, at := range from {
		if keep(&b.entries[at]) {
			kept = append(kept, at)
		}
	}
	return kept
}
