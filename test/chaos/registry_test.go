package chaos

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/test/cluster"
)

// mood is what the registry does to every request for a while.
type mood struct {
	name  string
	serve http.HandlerFunc
}

// moody stands between Garboard and the registry.
type moody struct {
	*httptest.Server

	forward *httputil.ReverseProxy

	mu       sync.Mutex
	now      mood
	requests map[string]int // by mood
}

func newMoody(t *testing.T, backend string) *moody {
	t.Helper()
	m := &moody{requests: map[string]int{}, now: mood{name: "well"}}
	quiet := log.New(io.Discard, "", 0) // copies are cut short on purpose
	m.forward = cluster.FrontOf(backend)
	m.Server = httptest.NewUnstartedServer(m)
	m.Config.ErrorLog = quiet
	m.Config.BaseContext = func(net.Listener) context.Context { return t.Context() }
	m.Start()
	t.Cleanup(func() {
		m.CloseClientConnections()
		m.Close()
	})
	return m
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	now := m.now
	m.requests[now.name]++
	m.mu.Unlock()
	if now.serve == nil {
		m.forward.ServeHTTP(w, r)
		return
	}
	now.serve(w, r)
}

func (m *moody) host() string { return m.Listener.Addr().String() }

func (m *moody) turn(to mood) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = to
}

// asked is how many requests each mood has had.
func (m *moody) asked() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	copied := map[string]int{}
	for name, n := range m.requests {
		copied[name] = n
	}
	return copied
}

// moods are the registry's bad days.
func (m *moody) moods() []mood {
	return []mood{
		{"resets connections", reset},
		{"hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"drips", drip},
		{"takes a third of a second", m.late},
		{"answers 500", status(http.StatusInternalServerError)},
		{"answers 429", status(http.StatusTooManyRequests)},
		{"answers 404", status(http.StatusNotFound)},
		{"answers HTML", page},
		{"lists nothing", m.lying(func([]string) []string { return []string{} })},
		{"lists the first half", m.lying(func(tags []string) []string { return tags[:len(tags)/2] })},
		{"lists all but the newest", m.lying(func(tags []string) []string { return tags[:max(len(tags)-2, 0)] })},
		{"lists the oldest alone", m.lying(func(tags []string) []string { return tags[:min(len(tags), 1)] })},
		{"lists every second one", m.lying(everySecond)},
	}
}

// sulk changes the mood again and again, for half a second to two and a half,
// and every other time back to well. It ends with the context, well.
func (m *moody) sulk(ctx context.Context, random *rand.Rand) {
	defer m.turn(mood{name: "well"})
	var left []mood
	for ill := true; ; ill = !ill {
		next := mood{name: "well"}
		if ill {
			if len(left) == 0 { // each once before any comes again
				left = m.moods()
				random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
			}
			next, left = left[0], left[1:]
		}
		m.turn(next)
		lasts := time.NewTimer(500*time.Millisecond + time.Duration(random.IntN(2000))*time.Millisecond)
		select {
		case <-lasts.C:
		case <-ctx.Done():
			lasts.Stop()
			return
		}
	}
}

func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// drip sends the beginning of a list, and then nothing.
func drip(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"name":"team/app","tags":["1.2.0",`)
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func (m *moody) late(w http.ResponseWriter, r *http.Request) {
	late := time.NewTimer(time.Second / 3)
	defer late.Stop()
	select {
	case <-late.C:
		m.forward.ServeHTTP(w, r)
	case <-r.Context().Done():
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(code)
	}
}

func page(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "<html>Please log in</html>")
}

// lying gives a part of the list, in place of the list.
func (m *moody) lying(part func([]string) []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			m.forward.ServeHTTP(w, r)
			return
		}
		whole := httptest.NewRecorder()
		m.forward.ServeHTTP(whole, r)
		var list struct {
			Name string   `json:"name"`
			Tags []string `json:"tags"`
		}
		if err := json.Unmarshal(whole.Body.Bytes(), &list); err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		list.Tags = part(list.Tags)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(list)
	}
}

func everySecond(tags []string) []string {
	var some []string
	for i := 0; i < len(tags); i += 2 {
		some = append(some, tags[i])
	}
	return some
}
