package resolver

import "testing"

func TestResolutionMoved(t *testing.T) {
	for name, test := range map[string]struct {
		base   Query
		answer Resolution
		want   bool
	}{
		"the same tag stays":                   {Query{Tag: "1"}, Resolution{Tag: "1"}, false},
		"another tag moves":                    {Query{Tag: "1"}, Resolution{Tag: "2"}, true},
		"the same digest stays":                {Query{Tag: "1", Digest: "a"}, Resolution{Tag: "1", Digest: "a"}, false},
		"another digest of the same tag moves": {Query{Tag: "1", Digest: "a"}, Resolution{Tag: "1", Digest: "b"}, true},
		"a digest that nobody asked for stays": {Query{Tag: "1", Digest: "a"}, Resolution{Tag: "1"}, false},
		"a digest that was not known moves":    {Query{Tag: "1"}, Resolution{Tag: "1", Digest: "a"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.answer.Moved(test.base); got != test.want {
				t.Errorf("moved: %v, want %v", got, test.want)
			}
		})
	}
}
