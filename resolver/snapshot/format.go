package snapshot

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"

	"github.com/garboard-dev/garboard/resolver"
)

// The format: a header, then a line of JSON for each record, in gzip. The checksum
// is of the compressed bytes, so that nothing damaged is ever unpacked.
const (
	magic = "garboard index\n"
	// version is another one whenever a field, its meaning, or the way in which
	// the places of credentials are named changes: a file of another version is
	// left alone, older or newer.
	version = 1
)

// Bounds of a file, packed and unpacked. The texts of a resolver's Knowledge are
// held to half of that. The manifests make room for two such files.
const (
	maxPacked   = 64 << 20
	maxUnpacked = 64 << 20
)

type header struct {
	Magic    [len(magic)]byte
	Version  uint32
	Length   uint64 // of what follows the header
	Checksum [sha256.Size]byte
}

// record holds one of these; the credentials come before what names them by
// their number.
type record struct {
	Credential *[]string             `json:"credential,omitempty"`
	List       *resolver.KnownList   `json:"list,omitempty"`
	Digest     *resolver.KnownDigest `json:"digest,omitempty"`
	Image      *resolver.KnownImage  `json:"image,omitempty"`
}

// encodeSnapshot writes a snapshot.
func encodeSnapshot(w io.Writer, k *resolver.Knowledge) error {
	var packed bytes.Buffer
	if err := packKnowledge(&packed, k); err != nil {
		return err
	}
	if packed.Len() > maxPacked {
		return errTooLarge
	}
	h := header{Version: version, Length: uint64(packed.Len()), Checksum: sha256.Sum256(packed.Bytes())} //nolint:gosec // a length is not negative
	copy(h.Magic[:], magic)
	if err := binary.Write(w, binary.BigEndian, h); err != nil {
		return err
	}
	_, err := packed.WriteTo(w)
	return err
}

func packKnowledge(packed io.Writer, k *resolver.Knowledge) error {
	// Tags have much in common: more effort makes the file a little smaller and
	// takes several times as long. No compression would take three times the memory
	// meanwhile.
	zipped, err := gzip.NewWriterLevel(packed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	records := json.NewEncoder(zipped)
	records.SetEscapeHTML(false)
	for i := range k.Credentials {
		places := k.Credentials[i]
		if places == nil {
			places = []string{}
		}
		err = errors.Join(err, records.Encode(record{Credential: &places}))
	}
	for i := range k.Lists {
		err = errors.Join(err, records.Encode(record{List: &k.Lists[i]}))
	}
	for i := range k.Digests {
		err = errors.Join(err, records.Encode(record{Digest: &k.Digests[i]}))
	}
	for i := range k.Images {
		err = errors.Join(err, records.Encode(record{Image: &k.Images[i]}))
	}
	return errors.Join(err, zipped.Close())
}

var (
	errNoSnapshot = errors.New("it is no snapshot of an index")
	errTooLarge   = fmt.Errorf("it is larger than %d MiB", maxPacked>>20)
	errDamaged    = errors.New("it is damaged")
)

// decodeSnapshot reads a snapshot whole. The error says why it cannot be used.
func decodeSnapshot(r io.Reader) (resolver.Knowledge, error) {
	var k resolver.Knowledge
	var h header
	if err := binary.Read(r, binary.BigEndian, &h); err != nil {
		return k, errNoSnapshot
	}
	switch {
	case string(h.Magic[:]) != magic:
		return k, errNoSnapshot
	case h.Version != version:
		return k, fmt.Errorf("it has format %d, and this program reads %d", h.Version, version)
	case h.Length > maxPacked:
		return k, errTooLarge
	}
	packed := make([]byte, h.Length)
	switch _, err := io.ReadFull(r, packed); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return k, errDamaged
	case err != nil:
		return k, err
	}
	if n, _ := io.ReadFull(r, make([]byte, 1)); n > 0 || sha256.Sum256(packed) != h.Checksum {
		return k, errDamaged
	}
	return unpackKnowledge(packed, maxUnpacked)
}

func unpackKnowledge(packed []byte, most int64) (resolver.Knowledge, error) {
	var k resolver.Knowledge
	zipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return k, errDamaged
	}
	unpacked := &io.LimitedReader{R: zipped, N: most + 1}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, int(most)+1)
	for lines.Scan() {
		var r record
		if r, err = decodeRecord(lines.Bytes()); err != nil {
			break
		}
		r.addTo(&k)
	}
	switch {
	case unpacked.N == 0:
		return resolver.Knowledge{}, errTooLarge
	case err != nil, lines.Err() != nil:
		return resolver.Knowledge{}, errDamaged
	}
	return k, nil
}

// Tags are nearly all of a snapshot, and its last field but for brackets.
var (
	tagsBegin = []byte(`"Tags":"`)
	tagsEnd   = []byte(`"}}`)
)

// decodeRecord reads one line. The tags of a list are cut out before: no JSON reader is as
// fast as looking for the quote behind them, and Restore judges each tag in any case.
func decodeRecord(line []byte) (record, error) {
	rest, tags := line, ""
	if before, list, ok := bytes.Cut(line, tagsBegin); ok && bytes.HasSuffix(list, tagsEnd) {
		text := list[:len(list)-len(tagsEnd)]
		if bytes.IndexByte(text, '"') < 0 && bytes.IndexByte(text, '\\') < 0 {
			tags = string(text)
			rest = slices.Concat(before, tagsBegin, tagsEnd)
		}
	}
	var r record
	decoder := json.NewDecoder(bytes.NewReader(rest))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return r, err
	}
	if decoder.InputOffset() != int64(len(rest)) {
		return r, errDamaged
	}
	if tags != "" {
		if r.List == nil {
			return r, errDamaged
		}
		r.List.Tags = tags
	}
	return r, nil
}

func (r *record) addTo(k *resolver.Knowledge) {
	switch {
	case r.Credential != nil:
		k.Credentials = append(k.Credentials, *r.Credential)
	case r.List != nil:
		k.Lists = append(k.Lists, *r.List)
	case r.Digest != nil:
		k.Digests = append(k.Digests, *r.Digest)
	case r.Image != nil:
		k.Images = append(k.Images, *r.Image)
	}
}
