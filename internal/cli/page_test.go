//go:build !nopage

package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPageNamesWhatIsAllowed(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a port":      {[]string{"--port=70000"}, "--port: \"70000\": allowed: 0 to 65535\n"},
		"an updater":  {[]string{"--updater-url=127.0.0.1"}, "--updater-url: \"127.0.0.1\": allowed: a URL such as http://127.0.0.1:8082\n"},
		"an argument": {[]string{"shop"}, "\"shop\": unexpected argument\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(outcome{Code: 2, Err: test.want}, garboard(t, nil, nil, append([]string{"page"}, test.args...)...)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
