package pullsecret_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/cluster/pullsecret"
)

// What is in a Secret appears nowhere, however a value or an error is printed.
func TestNothingOfASecretIsTold(t *testing.T) {
	const password = "hunter2-31337"
	auth := base64.StdEncoding.EncodeToString([]byte("hunter:" + password))
	contents := map[string]string{
		"good":           `{"auths":{"ghcr.io":{"username":"hunter","password":"` + password + `"}}}`,
		"good, by auth":  `{"auths":{"ghcr.io":{"auth":"` + auth + `"}}}`,
		"a number":       `{"auths":{"ghcr.io":{"password":31337}}}`,
		"no base64":      `{"auths":{"ghcr.io":{"auth":"` + password + `"}}}`,
		"no JSON":        password,
		"cut off":        `{"auths":{"ghcr.io":{"password":"` + password,
		"another shape":  `{"auths":{"ghcr.io":"` + password + `"}}`,
		"a bad escape":   `{"auths":{"ghcr.io":{"password":"\` + password + `"}}}`,
		"a key's secret": `{"auths":{"` + password + `":["` + password + `"]}}`,
	}
	for name, content := range contents {
		t.Run(name, func(t *testing.T) {
			bubble(t, newCluster(dockerConfig("regcred", content)), pullsecret.Options{}, func(t *testing.T, finder *pullsecret.Finder) {
				credentials := finder.For(regcred())
				found, err := credentials.For(t.Context(), named("ghcr.io/org/app"))
				if (err == nil) != (len(found) == 1) {
					t.Fatalf("got %d credentials and %v, want one of both", len(found), err)
				}
				for ; err != nil; err = errors.Unwrap(err) {
					untold(t, err)
					var all pullsecret.Errors
					if errors.As(err, &all) {
						untold(t, *all[0])
						untold(t, all[0].Unwrap())
					}
				}
				untold(t, found)
				untold(t, credentials)
				untold(t, finder)
			})
		})
	}
}

func untold(t *testing.T, value any) {
	t.Helper()
	shown := []string{fmt.Sprint(value), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value), fmt.Sprintf("%q", value)}
	if data, err := json.Marshal(value); err == nil {
		shown = append(shown, string(data))
	}
	for _, s := range shown {
		for _, part := range []string{"hunter", "31337", "aHVudGVy"} {
			if strings.Contains(s, part) {
				t.Errorf("%T tells %q: %s", value, part, s)
			}
		}
	}
}

func TestErrorsSayWhatIsWrongInOneLine(t *testing.T) {
	tests := map[string]struct {
		prepare func(*cluster)
		want    string
	}{
		"missing":   {func(*cluster) {}, `reading Secret "regcred": there is none in this namespace`},
		"forbidden": {func(c *cluster) { c.getErr = forbidden() }, `reading Secret "regcred": Garboard may not read Secrets in this namespace`},
		"away":      {func(c *cluster) { c.getErr = errors.New("dial tcp 10.0.0.1:443: refused") }, `reading Secret "regcred": the API server gave no answer`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster()
			test.prepare(c)
			bubble(t, c, pullsecret.Options{}, func(t *testing.T, finder *pullsecret.Finder) {
				_, err := finder.For(regcred()).For(t.Context(), named("ghcr.io/org/app"))
				if got := text(err); got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
				var one *pullsecret.Error
				if !errors.As(err, &one) || one.Name != "regcred" {
					t.Errorf("got %T, want an Error of regcred", err)
				}
			})
		})
	}
	both := pullsecret.Errors{{Kind: pullsecret.Forbidden, Object: pullsecret.ServiceAccount, Name: "a"}, {Kind: pullsecret.TooMany, Object: pullsecret.Secret, Name: "b"}}
	want := `reading ServiceAccount "a": Garboard may not read ServiceAccounts in this namespace; reading Secret "b": not read, as at most 16 are for a workload`
	if got := both.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
