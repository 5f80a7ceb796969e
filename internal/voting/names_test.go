package voting_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
)

func specOf(change func(*v1alpha1.ImageUpdateSpec)) *v1alpha1.ImageUpdateSpec {
	spec := &v1alpha1.ImageUpdateSpec{
		WorkloadRef: v1alpha1.WorkloadReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "shop", UID: "d7a1"},
		Container:   "web", Repository: "registry.example/web",
		From: v1alpha1.ImageVersion{Tag: "1.0.0"}, To: v1alpha1.ImageVersion{Tag: "1.1.0", Digest: "sha256:ab"},
		VotesRequired: 2,
	}
	if change != nil {
		change(spec)
	}
	return spec
}

func TestUpdateNameIsMadeOfWhatIsProposed(t *testing.T) {
	name := voting.UpdateName(specOf(nil))
	if want := "shop-"; !strings.HasPrefix(name, want) {
		t.Errorf("name: got %q, want it to begin with %q", name, want)
	}
	for what, change := range map[string]func(*v1alpha1.ImageUpdateSpec){
		"another workload of the same name": func(s *v1alpha1.ImageUpdateSpec) { s.WorkloadRef.UID = "d7a2" },
		"another container":                 func(s *v1alpha1.ImageUpdateSpec) { s.Container = "side" },
		"another repository":                func(s *v1alpha1.ImageUpdateSpec) { s.Repository = "registry.example/other" },
		"another tag":                       func(s *v1alpha1.ImageUpdateSpec) { s.To.Tag = "1.2.0" },
		"another digest of the same tag":    func(s *v1alpha1.ImageUpdateSpec) { s.To.Digest = "sha256:cd" },
		"texts that only join alike": func(s *v1alpha1.ImageUpdateSpec) {
			s.Container, s.Repository = "webr", "egistry.example/web"
		},
	} {
		if got := voting.UpdateName(specOf(change)); got == name {
			t.Errorf("%s has the same name %q", what, got)
		}
	}
	for what, change := range map[string]func(*v1alpha1.ImageUpdateSpec){
		"what runs":     func(s *v1alpha1.ImageUpdateSpec) { s.From.Tag = "1.0.1" },
		"more votes":    func(s *v1alpha1.ImageUpdateSpec) { s.VotesRequired = 3 },
		"a new version": func(s *v1alpha1.ImageUpdateSpec) { s.WorkloadRef.APIVersion = "apps/v2" },
	} {
		if got := voting.UpdateName(specOf(change)); got != name {
			t.Errorf("%s: got the name %q, want %q as before", what, got, name)
		}
	}
}

func TestNamesFitObjects(t *testing.T) {
	for what, workload := range map[string]string{
		"a short name": "a", "a long name": strings.Repeat("a", 253), "a long name that is cut at a dash": strings.Repeat("a", 39) + "-" + strings.Repeat("b", 200),
		"a name with dots": "shop.example.com", "capitals": "Shop", "signs alone": ":::", "other letters": "läden", "nothing": "",
	} {
		t.Run(what, func(t *testing.T) {
			update := voting.UpdateName(specOf(func(s *v1alpha1.ImageUpdateSpec) {
				s.WorkloadRef.Name, s.WorkloadRef.UID = workload, types.UID(workload)
			}))
			if faults := validation.IsDNS1123Label(update); len(faults) > 0 {
				t.Errorf("update %q: %v", update, faults)
			}
			for _, voter := range []string{"", "ann@example.com", strings.Repeat("https://issuer.example#", 44)} {
				vote := voting.VoteName(update, voter, 12)
				if faults := validation.IsDNS1123Subdomain(vote); len(faults) > 0 {
					t.Errorf("vote %q: %v", vote, faults)
				}
			}
		})
	}
}

func TestVoteNameIsTheVotersOwn(t *testing.T) {
	names := map[string]bool{}
	for _, update := range []string{"shop-1", "shop-2"} {
		for _, voter := range []string{"ann", "bob", "system:serviceaccount:shop:ann"} {
			for n := 1; n <= 3; n++ {
				names[voting.VoteName(update, voter, n)] = true
			}
		}
	}
	if got, want := len(names), 2*3*3; got != want {
		t.Errorf("names: got %d, want %d", got, want)
	}
	if got, want := voting.VoteName("shop-1", "ann", 1), voting.VoteName("shop-1", "ann", 1); got != want {
		t.Errorf("the name of the same vote: got %q, want %q", got, want)
	}
}
