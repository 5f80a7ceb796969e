package registries

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Each fault of a registry, and the very words that the writer of a workload
// reads: of the registry's own text, addresses and credentials, nothing.
func TestFaultsAsAUserSeesThem(t *testing.T) {
	backend := distribution(t, read{})
	push(t, backend+"/team/app", []string{"1.0.0", "1.0.1"})

	for name, test := range map[string]struct {
		fault http.HandlerFunc
		want  string
	}{
		"401":                         {says(401, "application/json", accusation), refused},
		"403":                         {says(403, "application/json", accusation), refused},
		"403 with Retry-After":        {headed("Retry-After", "60", says(403, "application/json", accusation)), pause},
		"404":                         {says(404, "application/json", `{"errors":[{"code":"NAME_UNKNOWN"}]}`), refused},
		"429 with Retry-After":        {headed("Retry-After", "30", says(429, "text/plain", "Too Many Requests")), pause},
		"429 without":                 {says(429, "text/html", maintenance), pause},
		"500 with HTML":               {says(500, "text/html", maintenance), unreachable},
		"503 with Retry-After":        {headed("Retry-After", "30", says(503, "text/html", maintenance)), unreachable},
		"200 with HTML":               {says(200, "text/html", maintenance), nonsense},
		"200 with no body":            {says(200, "application/json", ""), nonsense},
		"truncated JSON":              {says(200, "application/json", wholeList[:30]), nonsense},
		"a body that is cut":          {headed("Content-Length", "500", says(200, "application/json", wholeList)), nonsense},
		"a length that is too short":  {headed("Content-Length", "20", says(200, "application/json", wholeList)), nonsense},
		"gzip that is none":           {headed("Content-Encoding", "gzip", says(200, "application/json", wholeList)), nonsense},
		"gzip without end":            {bomb, tooLarge},
		"a redirect to itself":        {to(""), nonsense},
		"a redirect to metadata":      {to("http://169.254.169.254/latest/meta-data/"), unreachable},
		"a redirect to a private one": {to("http://10.0.0.1/v2/team/app/tags/list"), unreachable},
		"a redirect to a file":        {to("file:///etc/passwd"), unreachable},
		"a redirect to a name of loopback": {func(w http.ResponseWriter, r *http.Request) {
			_, port, _ := strings.Cut(r.Host, ":")
			http.Redirect(w, r, "http://localhost:"+port+"/elsewhere", http.StatusFound)
		}, unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, backend)
			p.breaks(list, test.fault)
			image := p.host() + "/team/app:1.0.0"
			check(t, newAdmission(t, reachable()).create(t, image, "patch"), kept(image, test.want))
		})
	}
}

// A request has its own deadline, whatever the registry does.
func TestSilenceAsAUserSeesIt(t *testing.T) {
	for name, test := range map[string]struct {
		kind  string
		fault http.HandlerFunc
	}{
		"a list that does not end":    {list, drips},
		"a list that never begins":    {list, hangs},
		"a sign-in that never begins": {ping, hangs},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, "127.0.0.1:0")
			p.breaks(ping, says(http.StatusOK, "application/json", "{}"))
			p.breaks(test.kind, test.fault)
			a := newAdmission(t, reachable())
			a.patience = 300 * time.Millisecond
			image := p.host() + "/team/app:1.0.0"
			check(t, a.create(t, image, "patch"), kept(image, late))
		})
	}
}

func TestLoopbackIsRefusedUnlessListed(t *testing.T) {
	backend := distribution(t, read{})
	push(t, backend+"/team/app", []string{"1.0.0", "1.0.1"})
	_, port, _ := strings.Cut(backend, ":")
	o := reachable()
	o.Private = nil
	a := newAdmission(t, o)
	for name, host := range map[string]string{
		"an address": backend, "a name": "localhost:" + port, "an address of IPv6": "[::1]:" + port,
		"an address as one number": "2130706433:" + port,
	} {
		t.Run(name, func(t *testing.T) {
			image := host + "/team/app:1.0.0"
			check(t, a.create(t, image, "patch"), kept(image, unreachable))
		})
	}
	t.Run("listed", func(t *testing.T) {
		image := backend + "/team/app:1.0.0"
		check(t, newAdmission(t, reachable()).create(t, image, "patch"), moved(image, "1.0.1", "policy patch"))
	})
}

// An outage is no downgrade: what is known counts, with a warning.
func TestOutageAnswersFromTheLastKnownList(t *testing.T) {
	backend := distribution(t, read{})
	push(t, backend+"/team/app", []string{"1.0.0", "1.0.1"})
	for name, test := range map[string]struct {
		fault http.HandlerFunc
		want  string
	}{
		"it fails":            {says(500, "text/html", maintenance), "registry cannot be reached"},
		"it wants a pause":    {says(429, "text/html", maintenance), "registry asks for a pause"},
		"it forgot its users": {says(401, "application/json", accusation), "not found, or the credentials may not read it"},
		"it shows HTML":       {says(200, "text/html", maintenance), "the registry sent an invalid response"},
	} {
		t.Run(name, func(t *testing.T) {
			p, now := newProxy(t, backend), newClock()
			a := newAdmission(t, timed(now))
			image := p.host() + "/team/app:1.0.0"
			known := moved(image, "1.0.1", "policy patch")
			check(t, a.create(t, image, "patch"), known)

			p.breaks(list, test.fault)
			now.Step(time.Minute)
			check(t, a.create(t, image, "patch"), known.warned(stale+test.want))

			p.breaks(list, nil)
			now.Step(time.Hour)
			check(t, a.create(t, image, "patch"), known)
		})
	}
}
