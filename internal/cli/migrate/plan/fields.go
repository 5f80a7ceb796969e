package plan

import (
	"encoding/json"
	"strings"
)

// dataFields are the keys below data that an entry of the managed fields names.
func dataFields(raw []byte) []string {
	var fields map[string]json.RawMessage
	var data map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || json.Unmarshal(fields["f:data"], &data) != nil {
		return nil
	}
	var keys []string
	for name := range data {
		if key, ok := strings.CutPrefix(name, "f:"); ok {
			keys = append(keys, key)
		}
	}
	return keys
}
