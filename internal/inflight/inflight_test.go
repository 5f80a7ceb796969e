package inflight_test

import (
	"errors"
	"io"
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
		_, release, err := bodies.ReadAll(reader, func() { _ = reader.Close() })
		release()
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
	data, release, err := bodies.ReadAll(strings.NewReader(strings.Repeat("y", bytes)), func() {})
	if err == nil && len(data) != bytes {
		t.Errorf("%d bytes were read, want %d", len(data), bytes)
	}
	return release, err
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
