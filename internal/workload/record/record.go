// Package record is what is remembered of a workload: the record of each slot's result,
// the state with their history, holds, and the bump that asks for more.
package record

import (
	"regexp"
	"strings"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver/policy"
)

// Result is what a container was resolved to: a tag, with the digest where the
// resolution has one.
type Result struct{ Tag, Digest string }

// String writes tag, tag@digest or @digest.
func (r Result) String() string {
	if r.Digest == "" {
		return r.Tag
	}
	return r.Tag + "@" + r.Digest
}

// Agrees reports whether two results name the same image as far as both tell:
// an image that is written without its digest agrees with a record that has
// one.
func (r Result) Agrees(other Result) bool {
	return r.Tag == other.Tag && (r.Digest == other.Digest || r.Digest == "" || other.Digest == "")
}

// ParseResult reads what String writes.
func ParseResult(s string) (Result, bool) {
	tag, digest, pinned := strings.Cut(s, "@")
	switch {
	case s == "" || len(s) > maxResult,
		tag != "" && !policy.ValidTag(tag),
		pinned && !digestForm.MatchString(digest):
		return Result{}, false
	}
	return Result{Tag: tag, Digest: digest}, true
}

// A tag has at most 128 characters, a sha512 digest 135.
const maxResult = 128 + 1 + 135

// digestForm is algorithm:encoded, as in the OCI image specification.
var digestForm = regexp.MustCompile(`^[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$`)

// MaxRecord bounds what is read of a record or bump: annotations are hostile
// input. It has room for the longest results of MaxSlots containers.
const MaxRecord = 128 << 10

// Record maps slot keys to results: the form of the record and of the bump.
type Record map[string]Result

// ParseRecord reads "web=1.2.7,job=1.0@sha256:…". Entries that cannot be read
// are passed over; of two entries for one container the last counts.
func ParseRecord(s string) Record {
	if s == "" || len(s) > MaxRecord {
		return nil
	}
	record := Record{}
	for entry := range strings.SplitSeq(s, ",") {
		key, value, _ := strings.Cut(entry, "=")
		key = strings.TrimSpace(key)
		if result, ok := ParseResult(strings.TrimSpace(value)); ok && key != "" {
			record[key] = result
		}
	}
	return record
}

// String writes the record sorted by container, so that equal records have
// equal text.
func (r Record) String() string {
	var b strings.Builder
	for _, key := range workload.SortedKeys(r) {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(key)
		b.WriteByte('=')
		b.WriteString(r[key].String())
	}
	return b.String()
}

// Of returns what the pod template's record says.
func Of(o *workload.Object) Record { return ParseRecord(o.RecordText()) }
