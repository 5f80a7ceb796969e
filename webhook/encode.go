package webhook

import (
	"encoding/json"

	"gomodules.xyz/jsonpatch/v2"

	"github.com/garboard-dev/garboard/internal/workload"
)

// appendPatch writes a patch as JSON. Its values are texts and maps of texts, nearly all
// of them without a letter to escape.
func appendPatch(to []byte, ops []jsonpatch.Operation) ([]byte, error) {
	to = append(to, '[')
	for i, op := range ops {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(to, `{"op":`...)
		to = workload.AppendJSON(to, op.Operation)
		to = append(to, `,"path":`...)
		to = workload.AppendJSON(to, op.Path)
		if op.Operation != "remove" {
			to = append(to, `,"value":`...)
			var err error
			if to, err = appendValue(to, op.Value); err != nil {
				return nil, err
			}
		}
		to = append(to, '}')
	}
	return append(to, ']'), nil
}

func appendValue(to []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case string:
		return workload.AppendJSON(to, value), nil
	case map[string]string:
		to = append(to, '{')
		for i, key := range workload.SortedKeys(value) {
			if i > 0 {
				to = append(to, ',')
			}
			to = append(workload.AppendJSON(to, key), ':')
			to = workload.AppendJSON(to, value[key])
		}
		return append(to, '}'), nil
	default:
		data, err := json.Marshal(value)
		return append(to, data...), err
	}
}
