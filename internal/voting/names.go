// Package voting says what updates and votes are called, and which votes count. It is
// pure: updater, commands, page and chat count the same.
package voting

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

const (
	// hashLength is in hexadecimal digits. A name that two moves share would only keep
	// the second from being proposed: what moves is read from the spec.
	hashLength = 16
	// shownLength is how much of a workload's name an update's name shows. It leaves a
	// name that fits a label's value.
	shownLength = 40
)

// UpdateName returns the name of the ImageUpdate that proposes a move: the same for two
// updaters, and after a restart. It depends on the workload's UID, the container, the
// repository, and the tag and digest of To.
func UpdateName(spec *v1alpha1.ImageUpdateSpec) string {
	hash := hashOf(string(spec.WorkloadRef.UID), spec.Container, spec.Repository, spec.To.Tag, spec.To.Digest)
	if shown := shownName(spec.WorkloadRef.Name); shown != "" {
		return shown + "-" + hash
	}
	return hash
}

// shownName is as much of a workload's name as an object's name may begin with.
func shownName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		default:
			return '-'
		}
	}, name)
	return strings.Trim(name[:min(len(name), shownLength)], "-")
}

// VoteName returns the name of a voter's nth vote on an update, from 1. A vote that names
// itself otherwise counts as well.
func VoteName(update, voter string, n int) string {
	name := update + "-" + hashOf(voter)
	if n > 1 {
		name += "-" + strconv.Itoa(n)
	}
	return name
}

// hashOf is the same for the same texts in the same order alone: each is written with
// its length.
func hashOf(texts ...string) string {
	hash := sha256.New()
	for _, text := range texts {
		hash.Write([]byte(strconv.Itoa(len(text)) + ":" + text))
	}
	return hex.EncodeToString(hash.Sum(nil))[:hashLength]
}
