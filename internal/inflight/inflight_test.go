package inflight_test

import (
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/inflight"
)

// sent is a body of which a client has sent a part and then nothing more.
type sent struct {
	*io.PipeReader
	client *io.PipeWriter
	ended  chan error
}

// begin has a body read, and returns once so many bytes of it are here.
func begin(t *testing.T, bodies *inflight.Bodies, bytes int) sent {
	t.Helper()
	reader, client := io.Pipe()
	s := sent{reader, client, make(chan error, 1)}
	go func() {
		body, err := bodies.ReadAll(reader, func() { _ = reader.Close() })
		body.Release()
		s.ended <- err
	}()
	// The second write returns once a second read has begun, which is after the room of the
	// first was taken.
	for _, part := range []string{strings.Repeat("x", bytes), ""} {
		if _, err := io.WriteString(client, part); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func read(t *testing.T, bodies *inflight.Bodies, bytes int) (release func(), err error) {
	t.Helper()
	body, err := bodies.ReadAll(strings.NewReader(strings.Repeat("y", bytes)), func() {})
	if err == nil && len(body.Data) != bytes {
		t.Errorf("%d bytes were read, want %d", len(body.Data), bytes)
	}
	return body.Release, err
}

func TestBodyThatStopsHalfWayGivesItsRoomToOthers(t *testing.T) {
	bodies := inflight.NewBodies(300)
	first, second := begin(t, bodies, 100), begin(t, bodies, 100)

	release, err := read(t, bodies, 150)
	if err != nil {
		t.Fatalf("a body that is sent whole: %v", err)
	}
	if err := <-first.ended; !errors.Is(err, inflight.ErrNoRoom) {
		t.Errorf("the body that began first ends with %v, want ErrNoRoom", err)
	}
	if err := second.client.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-second.ended; err != nil {
		t.Errorf("the one that began later, and needed not give way, ends with %v", err)
	}
	release()
	if _, err := read(t, bodies, 300); err != nil {
		t.Errorf("not all room was given back: %v", err)
	}
}

func TestBodyThatIsHereWholeKeepsItsRoom(t *testing.T) {
	bodies := inflight.NewBodies(300)
	release, err := read(t, bodies, 200)
	if err != nil {
		t.Fatal(err)
	}
	stopped := begin(t, bodies, 50)
	if _, err := read(t, bodies, 150); !errors.Is(err, inflight.ErrNoRoom) {
		t.Errorf("a body for which there is no room even so: %v, want ErrNoRoom", err)
	}
	if err := stopped.client.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-stopped.ended; err != nil {
		t.Errorf("a body that would have given way for nothing ends with %v", err)
	}
	release()
	release() // a second time gives nothing back
	whole, err := read(t, bodies, 300)
	if err != nil {
		t.Fatalf("not all room was given back: %v", err)
	}
	defer whole()
	if _, err := read(t, bodies, 1); !errors.Is(err, inflight.ErrNoRoom) {
		t.Errorf("more was given back than was taken: %v", err)
	}
}

// What a body becomes in memory is what room is for: of some texts each byte takes fifty.
func TestRoomIsForWhatJSONMakesOfABody(t *testing.T) {
	const size = 256 << 10
	list := func(item string) string { return "[" + strings.Repeat(item+",", size/len(item)) + item + "]" }
	for name, text := range map[string]string{
		"a text":                            `"` + strings.Repeat("x", size) + `"`,
		"a usual object":                    list(`{"name":"LOG_LEVEL","value":"info","valueFrom":{"configMapKeyRef":{"name":"settings","key":"logLevel"}}}`),
		"empty objects":                     list(`{}`),
		"empty objects with blanks in them": list(`{ }`),
		"objects of one short field":        list(`{"":1}`),
		"objects of nine":                   list(`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}`),
		"tolerations":                       list(`{"key":"a"}`),
		"empty lists":                       list(`[]`),
		"lists in lists":                    list(strings.Repeat("[", 99) + strings.Repeat("]", 99)),
		"empty texts":                       list(`""`),
		"numbers":                           list(`1`),
	} {
		t.Run(name, func(t *testing.T) {
			body, err := inflight.NewBodies(16*size).ReadAll(strings.NewReader(text), func() {})
			if err != nil {
				t.Fatal(err)
			}
			if name == "a text" && body.Weight != int64(len(text)) || name == "a usual object" && body.Weight > int64(len(text))*3/2 {
				t.Errorf("%d bytes take room of %d", len(text), body.Weight)
			}
			before := heap()
			var value any
			if err := json.Unmarshal(body.Data, &value); err != nil {
				t.Fatal(err)
			}
			took := heap() - before
			runtime.KeepAlive(value)
			if most := 12 * body.Weight; took > most {
				t.Errorf("%d bytes are %d in memory, want at most %d", len(text), took, most)
			}
		})
	}
}

// heap is how much memory is in use.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestBodyThatIsMoreThanAllRoomIsTooLarge(t *testing.T) {
	bodies := inflight.NewBodies(300)
	stopped := begin(t, bodies, 100)
	if _, err := read(t, bodies, 301); !errors.Is(err, inflight.ErrTooLarge) {
		t.Errorf("it ends with %v, want ErrTooLarge", err)
	}
	if err := stopped.client.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-stopped.ended; err != nil {
		t.Errorf("another ends with %v", err)
	}
	if release, err := read(t, bodies, 300); err != nil {
		t.Errorf("not all room was given back: %v", err)
	} else {
		release()
	}
}
