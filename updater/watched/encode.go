package watched

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/rollout"
)

// The first byte of an encoded value: what it is, or the number of a common word.
const (
	isNull byte = iota
	isFalse
	isTrue
	isInteger
	isNumber
	isText
	isList
	isMap
	firstWord
)

// words are the texts that most workloads have, and numbers their places. They hold for
// this process alone: nothing encoded leaves it.
var words, numbers = func() (words []string, numbers map[string]byte) {
	words = append(words, rollout.SpecFields...)
	words = append(words, rollout.StatusFields...)
	words = append(words,
		"metadata", "uid", "generation", "deletionTimestamp", "labels", "annotations", "touched", "spec", "template", "jobTemplate",
		"containers", "initContainers", "volumes", "image", "reference", "imagePullSecrets", "serviceAccountName",
		"nodeSelector", "tolerations", "affinity", "nodeAffinity", "key", "operator", "value", "effect",
		"conditions", "type", "status", "reason", "lastUpdateTime", "lastTransitionTime", "Available", "Progressing", "True", "False",
		"ReplicaSetUpdated", "NewReplicaSetAvailable", workload.Prefix+"policy", workload.Prefix+"pollSchedule", workload.AnnotationRecord,
		"name", "namespace", "app.kubernetes.io/managed-by", "meta.helm.sh/release-name", "meta.helm.sh/release-namespace", "Helm",
	)
	slices.Sort(words)
	words = slices.Compact(words) // spec and status have fields of one name
	numbers = make(map[string]byte, len(words))
	for i, word := range words {
		numbers[word] = firstWord + byte(i)
	}
	return words, numbers
}()

// encode writes a decoded JSON value as short as decode can read it. Equal values have
// equal texts.
func encode(value any) (string, error) {
	text, err := appendValue(make([]byte, 0, 1024), value)
	return string(text), err
}

func appendValue(to []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(to, isNull), nil
	case bool:
		if value {
			return append(to, isTrue), nil
		}
		return append(to, isFalse), nil
	case int64:
		return binary.AppendVarint(append(to, isInteger), value), nil
	case float64:
		return binary.BigEndian.AppendUint64(append(to, isNumber), math.Float64bits(value)), nil
	case string:
		return appendText(to, value), nil
	case []any:
		return appendItems(to, value)
	case map[string]any:
		return appendFields(to, value)
	default:
		return nil, fmt.Errorf("encoding %T: no value of decoded JSON", value)
	}
}

func appendText(to []byte, text string) []byte {
	if number, common := numbers[text]; common {
		return append(to, number)
	}
	return append(binary.AppendUvarint(append(to, isText), uint64(len(text))), text...)
}

func appendItems(to []byte, items []any) (_ []byte, err error) {
	to = binary.AppendUvarint(append(to, isList), uint64(len(items)))
	for _, item := range items {
		if to, err = appendValue(to, item); err != nil {
			return nil, err
		}
	}
	return to, nil
}

func appendFields(to []byte, fields map[string]any) (_ []byte, err error) {
	to = binary.AppendUvarint(append(to, isMap), uint64(len(fields)))
	for _, key := range workload.SortedKeys(fields) {
		if to, err = appendValue(appendText(to, key), fields[key]); err != nil {
			return nil, err
		}
	}
	return to, nil
}

// decode reads what encode has written. What it returns shares no memory with the text,
// which so lives no longer than its object is kept.
func decode(text string) any {
	d := decoder{text}
	return d.value()
}

// decoder has what is left of a text that encode has written.
type decoder struct{ rest string }

func (d *decoder) value() any {
	switch kind := d.next(); kind {
	case isNull:
		return nil
	case isFalse, isTrue:
		return kind == isTrue
	case isInteger:
		n, size := binary.Varint([]byte(d.rest[:min(len(d.rest), binary.MaxVarintLen64)]))
		d.take(size)
		return n
	case isNumber:
		return math.Float64frombits(binary.BigEndian.Uint64([]byte(d.take(8))))
	case isText:
		return strings.Clone(d.take(d.count()))
	case isList:
		items := make([]any, d.count())
		for i := range items {
			items[i] = d.value()
		}
		return items
	case isMap:
		count := d.count()
		fields := make(map[string]any, count)
		for range count {
			key, _ := d.value().(string)
			fields[key] = d.value()
		}
		return fields
	default:
		return words[kind-firstWord]
	}
}

func (d *decoder) next() byte {
	first := d.rest[0]
	d.rest = d.rest[1:]
	return first
}

func (d *decoder) take(n int) string {
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) count() int {
	n, size := binary.Uvarint([]byte(d.rest[:min(len(d.rest), binary.MaxVarintLen64)]))
	d.take(size)
	return int(n) //nolint:gosec // a length that encode has written
}
