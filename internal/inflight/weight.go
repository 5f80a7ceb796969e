package inflight

import "bytes"

// What a value of JSON takes in memory as a value of Go, in bytes, however little it takes as
// text: an object with fields, one without, a list, and what a comma comes before.
const (
	objectSize      = 352
	emptyObjectSize = 64
	listSize        = 104
	itemSize        = 24
	// usual is more than the values of a usual object take for each byte of its text, which
	// then weighs what it is long. Some texts are six times as dear: "{}," over and over.
	usual = 8
)

// weightOf is the room of a piece of a body: its length, or more where it is JSON of many
// small values.
func weightOf(piece []byte) int64 {
	objects, empty := bytes.Count(piece, []byte("{")), bytes.Count(piece, []byte("{}"))
	values := objectSize*(objects-empty) + emptyObjectSize*empty +
		listSize*bytes.Count(piece, []byte("[")) + itemSize*bytes.Count(piece, []byte(","))
	return int64(max(len(piece), values/usual))
}
