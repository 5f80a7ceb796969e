package registries

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// What a list may hold. Under glob:* whatever is taken for a tag is a candidate,
// and z comes after all digits.
func TestListsAsAUserSeesThem(t *testing.T) {
	body := func(text string) http.HandlerFunc { return says(http.StatusOK, "application/json", text) }
	const move = "1.0.1"
	for name, test := range map[string]struct {
		list http.HandlerFunc
		want string // a move, or why the image stays
	}{
		"the two tags":            {lists(`"1.0.0","1.0.1"`), move},
		"another order":           {lists(`"1.0.1","1.0.0"`), move},
		"a tag twice":             {lists(`"1.0.0","1.0.1","1.0.0","1.0.1"`), move},
		"null among the tags":     {lists(`"1.0.0",null,"1.0.1",null`), move},
		"blanks":                  {lists(`"1.0.0","1.0.1"," z","z ","z z","","\tz","z\n"`), move},
		"emoji and accents":       {lists(`"1.0.0","1.0.1","🚀","z🚀","\ud83d\ude80","zé"`), move},
		"half a surrogate pair":   {lists(`"1.0.0","1.0.1","z\ud83d"`), move},
		"a tag of 200 characters": {lists(`"1.0.0","1.0.1","` + strings.Repeat("z", 200) + `"`), move},
		"paths and queries":       {lists(`"1.0.0","1.0.1","../z","z/z","z?n=1","z@sha256","z:z"`), move},
		"another repository":      {body(`{"name":"team/other","tags":["1.0.0","1.0.1"]}`), move},
		"fields of a vendor":      {body(`{"child":[],"manifest":{"sha256:a":{"tag":["z"]}},"tags":["1.0.0","1.0.1"],"next":"z"}`), move},
		"no field for tags":       {body(`{"name":"team/app"}`), nonsense},
		"tags twice":              {body(`{"tags":["1.0.0"],"tags":["1.0.0","z"]}`), nonsense},
		"tags that are no array":  {body(`{"tags":"z"}`), nonsense},
		"a tag that is a number":  {lists(`"1.0.0",1.1`), nonsense},
		"two documents":           {body(wholeList + wholeList), nonsense},
		"an array":                {body(`["1.0.0","z"]`), nonsense},
		"no tags":                 {lists(""), noTags},
		"null for tags":           {body(`{"name":"team/app","tags":null}`), noTags},
		"nothing but bad tags":    {lists(`" ","é"`), noTags},
		"300,000 tags":            {many(300_000), tooLarge},
		"Links without end":       {endless(), tooLarge},
		"a Link to the page itself": {
			headed("Link", `</v2/team/app/tags/list?n=1000>; rel="next"`, lists(`"1.0.0","1.0.1"`)), nonsense,
		},
		"a Link that names no page": {headed("Link", `</v2/team/app/tags/list>; rel="next"`, lists(`"1.0.0","1.0.1"`)), nonsense},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, "")
			p.breaks(ping, body("{}"))
			p.breaks(list, test.list)
			image := p.host() + "/team/app:1.0.0"
			want := kept(image, test.want)
			if test.want == move {
				want = moved(image, move, "policy glob:*")
			}
			check(t, newAdmission(t, reachable()).create(t, image, "glob:*"), want)
		})
	}
}

// many is a list of so many versions.
func many(n int) http.HandlerFunc {
	var tags strings.Builder
	for i := range n {
		_, _ = fmt.Fprintf(&tags, `"1.0.%d",`, i)
	}
	return lists(strings.TrimSuffix(tags.String(), ","))
}

// Pages of a real registry, one tag each, and what proxies make of the Link that
// leads to the next. Behind the last there is an empty one, which it links too.
func TestPagesAsProxiesPassThemOn(t *testing.T) {
	backend := distribution(t, read{maxTags: 1})
	push(t, backend+"/team/app", []string{"1.0.0", "1.0.1", "1.0.2"})
	var visits atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(other.Close)
	const before = `<?last=0.9.9&n=1>; rel="prev"`

	for name, test := range map[string]struct {
		rewrite func(link string) []string
		want    string
		pages   int
	}{
		"as it is":         {func(link string) []string { return []string{link} }, "1.0.2", 4},
		"without <>":       {func(link string) []string { return []string{strings.NewReplacer("<", "", ">", "").Replace(link)} }, "1.0.2", 4},
		"without quotes":   {func(link string) []string { return []string{strings.ReplaceAll(link, `"`, "")} }, "1.0.2", 4},
		"behind rel=prev":  {func(link string) []string { return []string{before + ", " + link} }, "1.0.2", 4},
		"in a second Link": {func(link string) []string { return []string{before, link} }, "1.0.2", 4},
		"in a first Link":  {func(link string) []string { return []string{link, before} }, "1.0.2", 4},
		"rel=prev alone":   {func(string) []string { return []string{before} }, "1.0.0", 1},
		"no Link":          {func(string) []string { return nil }, "1.0.0", 1},
		"to another host":  {func(link string) []string { return []string{"<" + other.URL + link[1:]} }, "1.0.2", 4},
		"to another path":  {func(link string) []string { return []string{strings.ReplaceAll(link, "team/app", "team/other")} }, "1.0.2", 4},
		"to metadata":      {func(link string) []string { return []string{"<http://169.254.169.254" + link[1:]} }, "1.0.2", 4},
		"with a cursor beside": {func(link string) []string {
			return []string{strings.ReplaceAll(link, "?", "?continuationToken=e30%3D&")}
		}, "1.0.2", 4},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, backend)
			p.forward.ModifyResponse = func(resp *http.Response) error {
				if link := resp.Header.Get("Link"); link != "" {
					resp.Header["Link"] = test.rewrite(link)
				}
				return nil
			}
			image := p.host() + "/team/app:1.0.0"
			want := answer{Image: image}
			if test.want != "1.0.0" {
				want = moved(image, test.want, "policy patch")
			}
			check(t, newAdmission(t, reachable()).create(t, image, "patch"), want)
			checkRequests(t, p, map[string]int{ping: 1, list: test.pages})
		})
	}
	if visits.Load() != 0 {
		t.Errorf("%d requests to a host that a Link named", visits.Load())
	}
}
