package placement

import (
	"crypto/sha256"
	"encoding/json"
	"sync"

	"github.com/garboard-dev/garboard/resolver"
)

// key stands for a placement. It is a strong hash, so that no writer can
// give a placement the answer of another.
type key [sha256.Size]byte

// keyOf returns the key of a placement; the zero key where nothing is asked of
// nodes, as most workloads have it.
func keyOf(fields map[string]any) (key, error) {
	if len(fields) == 0 {
		return key{}, nil
	}
	text, err := json.Marshal(fields) // has the keys in order
	if err != nil {
		return key{}, &UnreadableError{Err: err}
	}
	return sha256.Sum256(text), nil
}

type answer struct {
	platforms []resolver.Platform
	err       error
}

// answers is a bounded map. Anyone who may create a workload can invent
// placements, so it must not grow with them. It is in two halves: a full young
// half becomes the old one, whose answers are lost unless they were used
// meanwhile.
type answers struct {
	half int

	mu         sync.Mutex
	young, old map[key]answer
}

func newAnswers(limit int) *answers {
	return &answers{half: max(limit/2, 1), young: map[key]answer{}}
}

func (a *answers) get(k key) (answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if found, ok := a.young[k]; ok {
		return found, true
	}
	found, ok := a.old[k]
	if ok {
		a.add(k, found)
	}
	return found, ok
}

func (a *answers) put(k key, v answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.add(k, v)
}

func (a *answers) add(k key, v answer) {
	if len(a.young) >= a.half {
		a.young, a.old = map[key]answer{}, a.young
	}
	a.young[k] = v
}
