package cluster

import "testing"

func TestEstablished(t *testing.T) {
	for name, test := range map[string]struct{ list, want string }{
		"without conditions": {
			`{"items":[{"metadata":{"name":"rollouts.argoproj.io"},"status":{}}]}`, "rollouts.argoproj.io is not established",
		},
		"without a status": {`{"items":[{"metadata":{"name":"a"}}]}`, "a is not established"},
		"whose names clash": {
			`{"items":[{"metadata":{"name":"a"},"status":{"conditions":[{"type":"NamesAccepted","status":"False"},{"type":"Established","status":"False"}]}}]}`,
			"a is not established",
		},
		"one of two": {
			`{"items":[{"metadata":{"name":"a"},"status":{"conditions":[{"type":"Established","status":"True"}]}},{"metadata":{"name":"b"}}]}`,
			"b is not established",
		},
		"established": {`{"items":[{"metadata":{"name":"a"},"status":{"conditions":[{"type":"Established","status":"True"}]}}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := established([]byte(test.list)); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
