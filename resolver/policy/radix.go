package policy

import "slices"

// keyed is a number to sort by, and whose it is.
type keyed struct {
	key uint64
	of  uint32
}

func (k keyed) digit(n int) byte { return byte(k.key >> (8 * n) & 0xff) }

// radixWorth is where counting bytes begins to beat comparing.
const radixWorth = 64

// sortKeyed sorts stably, with scratch of the same length, and returns which of
// the two holds the outcome. Lists are sorted anew each time that they are read:
// comparing ten thousand tags took most of what reading them did.
func sortKeyed(keys, scratch []keyed) []keyed {
	if len(keys) < radixWorth {
		slices.SortStableFunc(keys, func(a, b keyed) int {
			switch {
			case a.key < b.key:
				return -1
			case a.key > b.key:
				return 1
			default:
				return 0
			}
		})
		return keys
	}
	var counts [8][256]uint32
	for i := range keys {
		for digit := range counts {
			counts[digit][keys[i].digit(digit)]++
		}
	}
	for digit := range counts {
		next := &counts[digit]
		if int(next[keys[0].digit(digit)]) == len(keys) {
			continue // all have the same byte
		}
		var sum uint32
		for b, n := range next {
			next[b], sum = sum, sum+n
		}
		for _, k := range keys {
			b := k.digit(digit)
			scratch[next[b]] = k
			next[b]++
		}
		keys, scratch = scratch, keys
	}
	return keys
}

// sortedTags returns the valid tags in lexical order. The buffer holds two keys
// for each tag; nil does for few.
func sortedTags(tags []string, buffer []keyed) []string {
	sorted := make([]string, 0, len(tags))
	if len(tags) < radixWorth || slices.IsSorted(tags) { // as many registries send them
		for _, tag := range tags {
			if ValidTag(tag) {
				sorted = append(sorted, tag)
			}
		}
		slices.Sort(sorted)
		return sorted
	}
	shared := sharedPrefix(tags)
	keys, scratch := buffer[:0:len(tags)], buffer[len(tags):]
	for i, tag := range tags {
		if ValidTag(tag) {
			keys = append(keys, keyed{firstBytes(tag[shared:]), uint32(i)})
		}
	}
	keys = sortKeyed(keys, scratch[:len(keys)])
	for i := range keys {
		sorted = append(sorted, tags[keys[i].of])
	}
	for start := 0; start < len(keys); {
		end := start + 1
		for end < len(keys) && keys[end].key == keys[start].key {
			end++
		}
		slices.Sort(sorted[start:end]) // alike in what the key holds
		start = end
	}
	return sorted
}

func sharedPrefix(tags []string) int {
	first, n := tags[0], len(tags[0])
	for _, tag := range tags {
		n = min(n, len(tag))
		for tag[:n] != first[:n] {
			n--
		}
	}
	return n
}

// firstBytes returns eight bytes of s as a number that orders as they do. A
// short text is filled up with zeros, which no tag has.
func firstBytes(s string) uint64 {
	if len(s) >= 8 {
		return uint64(s[7]) | uint64(s[6])<<8 | uint64(s[5])<<16 | uint64(s[4])<<24 |
			uint64(s[3])<<32 | uint64(s[2])<<40 | uint64(s[1])<<48 | uint64(s[0])<<56
	}
	var key uint64
	for i := range len(s) {
		key |= uint64(s[i]) << (56 - 8*i)
	}
	return key
}
