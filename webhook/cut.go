package webhook

import "bytes"

// cutObject is an object that was cut out of a review: the one that is replaced, where old.
type cutObject struct {
	raw []byte
	old bool
}

// deepest is how many brackets around one another are looked into. JSON libraries have a
// bound of their own, 10,000 for the whole text.
const deepest = 1000

// cutObjects returns a review with null in place of both objects, and these. It judges no
// JSON: if what is left and each object are valid, the whole was, and says the same. ok is
// false for what the API server would not write, such as keys with escapes.
func cutObjects(review []byte) (without []byte, objects []cutObject, ok bool) {
	const room = 2 << 10 // more than most reviews are without their objects
	c := cutter{data: review, without: make([]byte, 0, room), objects: make([]cutObject, 0, 2)}
	requests := 0
	ok = c.fields(func(key []byte) bool {
		switch string(key) {
		case "apiVersion", "kind":
			return c.skip()
		case "request":
			requests++
			return requests == 1 && c.fields(c.requestField)
		default: // the library may take "Kind" for the kind
			return false
		}
	})
	return append(c.without, c.data[c.kept:]...), c.objects, ok
}

// cutter goes through a JSON text, of which it copies all but the objects.
type cutter struct {
	data     []byte
	at, kept int // kept: what is before was copied, or cut out
	without  []byte
	objects  []cutObject
}

// requestField passes over a field of the request, and cuts objects out.
func (c *cutter) requestField(key []byte) bool {
	old := string(key) == "oldObject"
	if !old && string(key) != "object" {
		return c.skip()
	}
	from := c.at
	if !c.skip() {
		return false
	}
	for _, other := range c.objects {
		if other.old == old {
			return false // written twice
		}
	}
	raw := c.data[from:c.at:c.at]
	if string(raw) == "null" {
		return true
	}
	c.objects = append(c.objects, cutObject{raw, old})
	c.without = append(append(c.without, c.data[c.kept:from]...), "null"...)
	c.kept = c.at
	return true
}

// fields passes over the object that begins here. value passes over the value of each field,
// which begins at c.at.
func (c *cutter) fields(value func(key []byte) bool) bool {
	if c.next() != '{' {
		return false
	}
	c.at++
	if c.next() == '}' {
		c.at++
		return true
	}
	for {
		key, ok := c.key()
		if !ok || c.next() != ':' {
			return false
		}
		c.at++
		if c.next(); !value(key) {
			return false
		}
		switch c.next() {
		case ',':
			c.at++
		case '}':
			c.at++
			return true
		default:
			return false
		}
	}
}

// next passes over white space, and returns the byte behind it; 0 at the end.
func (c *cutter) next() byte {
	for ; c.at < len(c.data); c.at++ {
		switch b := c.data[c.at]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// key is the key that begins here, unless it is written with escapes.
func (c *cutter) key() ([]byte, bool) {
	if c.next() != '"' {
		return nil, false
	}
	from := c.at + 1
	if !c.string() {
		return nil, false
	}
	key := c.data[from : c.at-1]
	return key, bytes.IndexByte(key, '\\') < 0
}

// string passes over a string.
func (c *cutter) string() bool {
	for c.at++; c.at < len(c.data); c.at++ {
		switch c.data[c.at] {
		case '\\':
			c.at++
		case '"':
			c.at++
			return true
		}
	}
	return false
}

// skip passes over the value that begins here.
func (c *cutter) skip() bool {
	depth := 0
	for c.at < len(c.data) {
		switch c.data[c.at] {
		case '"':
			if !c.string() {
				return false
			}
		case '{', '[':
			depth++
			c.at++
		case '}', ']':
			depth--
			c.at++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return false // a value begins with none of these
			}
			c.at++
			continue
		default:
			c.word()
		}
		if depth <= 0 || depth > deepest {
			return depth == 0
		}
	}
	return false
}

// word passes over a number, true, false or null.
func (c *cutter) word() {
	for ; c.at < len(c.data); c.at++ {
		switch c.data[c.at] {
		case ',', ':', '}', ']', '{', '[', '"', ' ', '\t', '\r', '\n':
			return
		}
	}
}
