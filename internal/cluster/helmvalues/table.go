package helmvalues

import (
	"encoding/json"
	"fmt"
	"strings"
)

// table is a map of values with the user's above the chart's own, merged as Helm
// does it: maps key by key, anything else whole, and a null of the user takes the
// chart's value away. Values are decoded when they are asked for, and each
// map once: a release may have a megabyte of them.
type table struct {
	user, chart map[string]json.RawMessage
	inner       map[string]*table
}

func newTable(user, chart json.RawMessage) (*table, error) {
	t := &table{inner: map[string]*table{}}
	for _, layer := range []struct {
		raw  json.RawMessage
		into *map[string]json.RawMessage
	}{{user, &t.user}, {chart, &t.chart}} {
		if len(layer.raw) == 0 {
			continue
		}
		if err := json.Unmarshal(layer.raw, layer.into); err != nil {
			return nil, errUnreadValues
		}
	}
	return t, nil
}

// at returns a key's value in both layers, nil in a layer without it. The chart's is nil,
// too, if the user's value replaces it.
func (t *table) at(key string) (user, chart json.RawMessage) {
	user, given := t.user[key]
	chart = t.chart[key]
	if given && !isMap(user) || !isMap(chart) && isMap(user) {
		chart = nil
	}
	return notNull(user), notNull(chart)
}

// below returns the table that stands under a key; nil for any other value.
func (t *table) below(key string) *table {
	if known, ok := t.inner[key]; ok {
		return known
	}
	var found *table
	if user, chart := t.at(key); isMap(user) || user == nil && isMap(chart) {
		found, _ = newTable(user, chart) // nil where it fails
	}
	t.inner[key] = found
	return found
}

// maxDepth bounds the maps that a path leads through.
const maxDepth = 16

// text returns the text or number at a path, whose keys are separated by dots.
func (t *table) text(path string) (string, bool) {
	keys := strings.SplitN(path, ".", maxDepth+1)
	last := len(keys) - 1
	for _, key := range keys[:last] {
		if t = t.below(key); t == nil {
			return "", false
		}
	}
	user, chart := t.at(keys[last])
	if user == nil {
		user = chart
	}
	var value any
	if user == nil || isMap(user) || user[0] == '[' || json.Unmarshal(user, &value) != nil {
		return "", false
	}
	return fmt.Sprint(value), true
}

// block decodes the map under a key, of at most so many bytes; nil where there
// is none.
func (t *table) block(key string, limit int) (map[string]any, error) {
	user, chart := t.at(key)
	switch inner := t.below(key); {
	case user == nil && chart == nil:
		return nil, nil
	case len(user)+len(chart) > limit:
		return nil, errLargeKeel
	case inner == nil:
		return nil, errKeelIsNoMap
	default:
		merged := map[string]any{}
		for _, layer := range []map[string]json.RawMessage{inner.chart, inner.user} {
			for name := range layer {
				user, chart := inner.at(name)
				if user == nil {
					user = chart
				}
				var value any
				if user == nil || json.Unmarshal(user, &value) != nil {
					continue
				}
				merged[name] = value
			}
		}
		return merged, nil
	}
}

func isMap(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

func notNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}
