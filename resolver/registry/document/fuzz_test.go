package document

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// wantFault fails unless an error is an *Error of a kind that bytes may have.
func wantFault(t *testing.T, err error, kinds ...failure.Kind) {
	t.Helper()
	failed := failure.Classify(err)
	for _, kind := range kinds {
		if failed.Kind == kind {
			return
		}
	}
	t.Errorf("kind %s (%v), want one of %v", failed.Kind, failed.Err, kinds)
}

func FuzzManifest(f *testing.F) {
	for _, seed := range []string{
		`{"schemaVersion":2,"mediaType":"` + ociIndex + `","manifests":[` + listed(someDigest, "linux/arm/v7", attested) + `]}`,
		`{"schemaVersion":2,"config":{"mediaType":"` + ociConfig + `","digest":"` + someDigest + `"},"layers":[{"mediaType":"` + ociLayer + `"}]}`,
		`{"schemaVersion":2,"manifests":[null,{}],"manifests":null,"annotations":{"org.opencontainers.image.created":"` + dated2024 + `"}}`,
		`{"schemaVersion":1}`, `{"schemaVersion":2,"artifactType":"x","config":{}}`, `null`, `{"manifests":[[[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		found, err := ReadManifest(body)
		if err != nil {
			wantFault(t, err, failure.BadAnswer, failure.NotAnImage, failure.TooLarge)
			return
		}
		if !found.IsIndex() {
			if found.Config == nil || len(found.Children()) > 0 {
				t.Errorf("manifest of one image: %+v", found)
			}
			return
		}
		children := found.Children()
		if len(children) > MaxEntries {
			t.Errorf("%d children", len(children))
		}
		for _, c := range children {
			wantPlatform(t, c.Platform)
			wantDate(t, c.Created)
		}
		if len(children) > 0 {
			Preferred(children)
		}
		wantDate(t, found.Created())
	})
}

func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		`{"os":"linux","architecture":"amd64","created":"` + dated2023 + `","config":{"Labels":{"org.opencontainers.image.created":"` + dated2024 + `"}}}`,
		`{"os":"Linux","architecture":"aarch64","variant":"8","created":"1970-01-01T00:00:00Z"}`, `{"config":null}`, `{"created":[]}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		found, err := ReadConfig(body)
		if err != nil {
			wantFault(t, err, failure.BadAnswer, failure.NotAnImage)
			return
		}
		wantPlatform(t, found.Platform)
		wantDate(t, found.Created)
	})
}

func wantPlatform(t *testing.T, p Platform) {
	t.Helper()
	if p != p.normalised() || !platformName(p.OS) || len(p.String()) > 120 {
		t.Errorf("platform %q is not in its normal form", p)
	}
	if !(Image{Platforms: []Platform{p}}).Runs(p) {
		t.Errorf("an image for %q does not run there", p)
	}
}

func wantDate(t *testing.T, date time.Time) {
	t.Helper()
	if !date.IsZero() && (date.Year() < firstYear || date.Location() != time.UTC) {
		t.Errorf("date %s", date)
	}
}

func FuzzPlatform(f *testing.F) {
	for _, seed := range []string{"linux/amd64", "linux/arm/v7", "linux/arm64/v8", "windows/amd64", "linux/armhf/v6", "a/b/c", "//"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePlatform(text)
		if err != nil {
			if message := err.Error(); len(message) > 1000 || utf8.ValidString(text) && !utf8.ValidString(message) {
				t.Errorf("message %q", message)
			}
			return
		}
		wantPlatform(t, p)
		if again, err := ParsePlatform(p.String()); err != nil || again != p {
			t.Errorf("%q is %q, which reads as %q, %v", text, p, again, err)
		}
	})
}

func FuzzToken(f *testing.F) {
	for _, seed := range []string{
		`{"token":"t","expires_in":300}`, `{"access_token":"a","expires_in":-1e300}`, `{"token":"a b"}`, `{"token":"","access_token":null}`, `[`, `{"expires_in":1e400}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		token, life, err := ReadToken(body)
		if err != nil {
			wantFault(t, err, failure.BadAnswer)
			return
		}
		if life < minTokenLife || life > maxTokenLife {
			t.Errorf("lives %s", life)
		}
		if len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Errorf("token %q cannot be sent", token)
		}
	})
}

func FuzzDigest(f *testing.F) {
	for _, seed := range []string{someDigest, "sha512:" + strings.Repeat("ab", 64), "md5:x", "", "sha256:..", someDigest + "\n"} {
		f.Add(seed, []byte(`{"schemaVersion":2}`))
	}
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if digest, ok := ReadDigest(http.Header{"Docker-Content-Digest": {header}}); ok {
			if strings.ContainsAny(digest, "/.%?# \n") || len(digest) > len("sha512:")+128 {
				t.Errorf("digest %q", digest)
			}
			HashesTo(body, digest)
		}
		hashed, err := ManifestDigest(body)
		if err != nil {
			wantFault(t, err, failure.BadAnswer)
			return
		}
		if !digestPattern.MatchString(hashed) || !HashesTo(body, hashed) {
			t.Errorf("%q is not the digest of %q", hashed, body)
		}
	})
}
