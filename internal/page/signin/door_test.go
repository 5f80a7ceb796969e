package signin

import (
	"crypto/x509"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"
)

const (
	listed   = "10.0.0.5:40000"
	unlisted = "192.0.2.7:40000"
)

// from is a request of a proxy, or of somebody who plays one.
func from(address string, headers ...string) func(*http.Request) {
	return func(r *http.Request) {
		r.RemoteAddr = address
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
}

func both(changes ...func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) {
		for _, change := range changes {
			change(r)
		}
	}
}

// Who a request is of, and the sentence for each one who is not let in.
func TestDoorKnowsPeopleByWhatRequestsBring(t *testing.T) {
	people, proxies, others := newAuthority(t), newAuthority(t), newAuthority(t)
	byAddress := func() *Proxy {
		return &Proxy{
			UserHeaders: []string{"X-Remote-User", "X-Forwarded-User"}, GroupHeaders: []string{"X-Remote-Group"},
			Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("fd00::/64")},
		}
	}
	byCertificate := func() *Proxy {
		p := byAddress()
		p.Addresses, p.CA, p.Names = nil, proxies, []string{"front"}
		return p
	}
	byBoth := func() *Proxy {
		p := byAddress()
		p.CA = proxies
		return p
	}
	separated := func() *Proxy {
		p := byAddress()
		p.GroupSeparator = ","
		return p
	}
	const (
		notListed    = "This page is reached by its proxy alone, and the request did not come by one that is listed."
		forged       = "The request names a user or a group in the header X-Remote-User, and did not come by a proxy that may."
		noUser       = "The request came by the proxy, which names no user: the header X-Remote-User or X-Forwarded-User is missing."
		certificates = "This page knows people by client certificates, and your browser has shown none."
		notGood      = "Your certificate is not good here: it has run out, is not for clients, or another CA has signed it."
	)
	for name, test := range map[string]struct {
		proxy  *Proxy
		people bool // by certificates
		groups []string
		change func(*http.Request)
		user   string
		of     []string
		code   int
		says   string
	}{
		"a listed proxy names the user and groups": {
			proxy: byAddress(), change: from(listed, "X-Remote-User", "ann", "X-Remote-Group", "shop", "X-Remote-Group", "all, of them"), user: "ann", of: []string{"all, of them", "shop"},
		},
		"a listed proxy at an IPv6 address": {proxy: byAddress(), change: from("[fd00::7]:40000", "X-Remote-User", "ann"), user: "ann"},
		"a listed proxy at an IPv4 address that is written as IPv6": {
			proxy: byAddress(), change: from("[::ffff:10.0.0.5]:40000", "X-Remote-User", "ann"), user: "ann",
		},
		"the second header, where the first is missing": {proxy: byAddress(), change: from(listed, "X-Forwarded-User", "ann"), user: "ann"},
		"groups in one header": {
			proxy: separated(), change: from(listed, "X-Remote-User", "ann", "X-Remote-Group", "shop, all,,"), user: "ann", of: []string{"all", "shop"},
		},
		"groups that do not count here are left off": {
			proxy: byAddress(), groups: []string{"shop"}, change: from(listed, "X-Remote-User", "ann", "X-Remote-Group", "shop", "X-Remote-Group", "all"), user: "ann", of: []string{"shop"},
		},
		"a listed proxy without the header": {proxy: byAddress(), change: from(listed), code: 401, says: noUser},
		"a listed proxy with an empty header": {
			proxy: byAddress(), change: from(listed, "X-Remote-User", ""), code: 401, says: noUser,
		},
		"a listed proxy with a group, and no user": {proxy: byAddress(), change: from(listed, "X-Remote-Group", "shop"), code: 401, says: noUser},
		"a listed proxy that names two users": {
			proxy: byAddress(), change: from(listed, "X-Remote-User", "ann", "X-Remote-User", "bob"),
			code: 403, says: "The proxy names 2 users in the header X-Remote-User: allowed is one.",
		},
		"the header from an address that is not listed": {proxy: byAddress(), change: from(unlisted, "X-Remote-User", "ann"), code: 403, says: forged},
		"a group's header from an address that is not listed": {
			proxy: byAddress(), people: true, change: both(showing(people.client("ann")), from(unlisted, "X-Remote-Group", "admins")),
			code: 403, says: "The request names a user or a group in the header X-Remote-Group, and did not come by a proxy that may.",
		},
		"an address that is not listed, without the header": {proxy: byAddress(), change: from(unlisted), code: 401, says: notListed},
		"no address at all": {proxy: byAddress(), change: from("@", "X-Remote-User", "ann"), code: 403, says: forged},
		"a proxy with its certificate": {
			proxy: byCertificate(), change: both(showing(proxies.client("front")), from(unlisted, "X-Remote-User", "ann")), user: "ann",
		},
		"a proxy with the certificate of another name": {
			proxy: byCertificate(), change: both(showing(proxies.client("back")), from(listed, "X-Remote-User", "ann")), code: 403, says: forged,
		},
		"a proxy with the certificate of another CA": {
			proxy: byCertificate(), change: both(showing(others.client("front")), from(listed, "X-Remote-User", "ann")), code: 403, says: forged,
		},
		"a proxy with a certificate that has run out": {
			proxy: byCertificate(), change: both(showing(proxies.of(x509.ExtKeyUsageClientAuth, now.Add(-time.Minute), "front")), from(listed, "X-Remote-User", "ann")), code: 403, says: forged,
		},
		"a proxy that shows no certificate":                       {proxy: byCertificate(), change: from(listed, "X-Remote-User", "ann"), code: 403, says: forged},
		"a proxy with a good certificate, from another address":   {proxy: byBoth(), change: both(showing(proxies.client("front")), from(unlisted, "X-Remote-User", "ann")), code: 403, says: forged},
		"a proxy at the right address, without a certificate":     {proxy: byBoth(), change: from(listed, "X-Remote-User", "ann"), code: 403, says: forged},
		"a proxy with both right":                                 {proxy: byBoth(), change: both(showing(proxies.client("any")), from(listed, "X-Remote-User", "ann")), user: "ann"},
		"a person's certificate is none of a proxy":               {proxy: byCertificate(), people: true, change: both(showing(people.client("front")), from(unlisted, "X-Remote-User", "ann")), code: 403, says: forged},
		"a proxy's certificate without the header is no person's": {proxy: byCertificate(), people: true, change: showing(proxies.client("front")), code: 401, says: noUser},
		"a person with a certificate":                             {people: true, change: showing(people.client("ann", "shop", "all", "shop")), user: "ann", of: []string{"all", "shop"}},
		"a person with a certificate, beside a proxy": {
			proxy: byAddress(), people: true, change: showing(people.client("ann")), user: "ann",
		},
		"a header where no proxy is let in means nothing": {
			people: true, change: both(showing(people.client("ann")), from(unlisted, "X-Remote-User", "root")), user: "ann",
		},
		"no certificate":             {people: true, code: 401, says: certificates},
		"plain HTTP":                 {people: true, change: func(r *http.Request) { r.TLS = nil }, code: 401, says: certificates},
		"a certificate without name": {people: true, change: showing(people.client("", "shop")), code: 403, says: "Your certificate names no user: its subject has no common name."},
		"a certificate of another CA": {
			people: true, change: showing(others.client("ann")), code: 401, says: notGood,
		},
		"a certificate that has run out": {people: true, change: showing(people.of(x509.ExtKeyUsageClientAuth, now.Add(-time.Minute), "ann")), code: 401, says: notGood},
		"a certificate for servers":      {people: true, change: showing(people.of(x509.ExtKeyUsageServerAuth, now.Add(time.Hour), "ann")), code: 401, says: notGood},
		"neither certificate nor proxy": {
			proxy: byAddress(), people: true, code: 401,
			says: "This page knows people by client certificates and by its proxy: the request has no certificate, and did not come by a proxy that is listed.",
		},
		"a certificate of the cluster's administrators": {
			people: true, change: showing(people.client("kubernetes-admin", "system:masters")), code: 403,
			says: `The group "system:masters" is one of the cluster's own, as all that begin with system: are, and does not sign in here.`,
		},
		"the same, where that group would be left off": {
			people: true, groups: []string{"shop"}, change: showing(people.client("kubernetes-admin", "shop", "system:masters")), code: 403,
			says: `The group "system:masters" is one of the cluster's own, as all that begin with system: are, and does not sign in here.`,
		},
		"a proxy that names an account of the cluster": {
			proxy: byAddress(), change: from(listed, "X-Remote-User", "system:serviceaccount:kube-system:x"), code: 403,
			says: `The user "system:serviceaccount:kube-system:x" is one of the cluster's own, as all that begin with system: are, and does not sign in here.`,
		},
		"a proxy that names the cluster's administrators": {
			proxy: byAddress(), change: from(listed, "X-Remote-User", "ann", "X-Remote-Group", "system:masters"), code: 403,
			says: `The group "system:masters" is one of the cluster's own, as all that begin with system: are, and does not sign in here.`,
		},
		"a name of control characters": {
			proxy: byAddress(), change: from(listed, "X-Remote-User", "ann\tb"), code: 403,
			says: `The user "ann b" is not a name that the page takes: allowed are 1 to 512 bytes of text without control characters, and without space around it.`,
		},
		"a group of the cluster behind a space, which a header would lose": {
			people: true, change: showing(people.client("ann", " system:masters")), code: 403,
			says: `The group " system:masters" is not a name that the page takes: allowed are 1 to 512 bytes of text without control characters, and without space around it.`,
		},
		"a name that is too long": {
			people: true, change: showing(people.client("ann", strings.Repeat("g", 513))), code: 403,
			says: `is not a name that the page takes: allowed are 1 to 512 bytes of text without control characters, and without space around it.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Proxy: test.proxy, Groups: test.groups, Lifetime: time.Hour, Clock: clocktesting.NewFakeClock(now)}
			if test.people {
				o.Certificates = &Certificates{CA: people}
			}
			session, err := NewDoor(o).Session(request("/", test.change))
			code, said := sentence(t, err)
			if code != test.code || !strings.HasSuffix(said, test.says) || (test.says == "") != (said == "") {
				t.Fatalf("got %d %q, want %d %q", code, said, test.code, test.says)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(Person{Name: test.user, Groups: test.of}, Person{Name: session.Name, Groups: session.Groups}); diff != "" {
				t.Errorf("person (-want +got)\n%s", diff)
			}
			if session.CanSignOut() || !session.Until.Equal(now.Add(recheck)) {
				t.Errorf("can sign out: %t; looked at again at %s", session.CanSignOut(), session.Until)
			}
		})
	}
}

// The forms of one person are not those of another, or of another run.
func TestFormsCarryTheTokenOfTheirPerson(t *testing.T) {
	people := newAuthority(t)
	door := func() *Door {
		return NewDoor(Options{Certificates: &Certificates{CA: people}, Lifetime: time.Hour, Clock: clocktesting.NewFakeClock(now)})
	}
	first := door()
	session := func(d *Door, name string, groups ...string) *Session {
		t.Helper()
		s, err := d.Session(request("/", showing(people.client(name, groups...))))
		must(t, err)
		return s
	}
	ann := session(first, "ann")
	if !session(first, "ann").IsToken(ann.Token) {
		t.Error("the next request of the same person has another token")
	}
	for what, other := range map[string]*Session{"bob": session(first, "bob"), "ann in a group": session(first, "ann", "g"), "another run": session(door(), "ann")} {
		if other.IsToken(ann.Token) || other.IsToken("") {
			t.Errorf("%s: the token of ann counts", what)
		}
	}
}
