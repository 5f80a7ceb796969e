package inspect

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// Inspector asks about images, one at a time.
type Inspector struct {
	// Client asks, and tells Trace of it.
	Client *registry.Client
	Trace  *Trace
	// Credentials are tried in their order; none means anonymous.
	Credentials resolver.Credentials
	// Config is the client's; nil is none.
	Config *config.Config
}

// Check asks all that admission may ask about an image: the list of tags, the
// digest, platforms and the date of the build. It ends with the first failure.
func (i *Inspector) Check(ctx context.Context, image resolver.Reference) *Report {
	r := i.Tags(ctx, image)
	if r.Failure == nil {
		r.Failure = i.digest(ctx, r)
	}
	if r.Failure == nil {
		r.Failure = i.image(ctx, r)
	}
	i.finish(r)
	return r
}

// Tags asks for the list of tags alone.
func (i *Inspector) Tags(ctx context.Context, image resolver.Reference) *Report {
	r := &Report{
		Image: image.String(), Registry: image.Repository.Host(), Repository: image.Repository.Path(), Tag: image.Tag, Written: image.Digest,
		reference: image,
	}
	if r.Tag == "" && r.Written == "" {
		r.Tag = image.TagOrLatest()
	}
	if err := i.Client.Allows(image.Repository); err != nil {
		r.Failure = i.failure(r, stepSettings, err, 0)
		return r
	}
	r.Allowed = true
	r.Failure = i.list(ctx, r)
	i.finish(r)
	return r
}

func (i *Inspector) finish(r *Report) { r.Requests = requestsOf(i.Trace.all()) }

// list tries the credentials as the resolver does: those that are refused, or
// told that there is nothing, may be followed by one that is not.
func (i *Inspector) list(ctx context.Context, r *Report) *Failure {
	credentials := i.credentials(ctx, r)
	var err error
	began := 0
	for n, credential := range credentials {
		began = i.Trace.count()
		r.list, err = i.Client.Tags(i.Trace.watch(ctx), r.reference.Repository, credential)
		r.Credentials[n].Outcome = credentialOutcome(err, credential, i.Trace.since(began))
		r.credential = credential
		if err == nil || !registry.DependsOnCredential(err) {
			break
		}
	}
	if err != nil {
		return i.failure(r, stepList, err, began)
	}
	index := policy.NewIndex(r.list)
	r.Tags = &Tags{Total: index.Len(), Versions: len(index.Versions(r.Tag))}
	r.Endpoint = i.endpoint(r, i.Trace.since(began))
	if r.Endpoint.Mirror {
		for n := range r.Credentials {
			r.Credentials[n].Outcome = NotRequested // a mirror gets its own
		}
	}
	i.limit(r)
	return nil
}

// credentials are those to try, each once; the anonymous one where there is no
// other. The resolver tries the same, and knows more of them: which was refused before.
// A check begins from nothing, and reports each.
func (i *Inspector) credentials(ctx context.Context, r *Report) []registry.Credential {
	found, err := i.Credentials.For(ctx, r.reference.Repository)
	r.CredentialFaults = faultsOf(err)
	distinct := registry.DistinctCredentials(found)
	for _, credential := range distinct {
		r.Credentials = append(r.Credentials, Tried{
			Kind: credential.String(), Source: Shown(credential.Source()), Outcome: Untried,
		})
	}
	return distinct
}

// faultsOf takes joined errors apart: a line each.
func faultsOf(err error) []string {
	if err == nil {
		return nil
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var faults []string
		for _, each := range several.Unwrap() {
			faults = append(faults, faultsOf(each)...)
		}
		return faults
	}
	text := withoutURL(err)
	if cause := errors.Unwrap(err); cause != nil && !strings.Contains(err.Error(), cause.Error()) {
		text += ": " + withoutURL(cause)
	}
	return []string{Shown(text)}
}

func credentialOutcome(err error, credential registry.Credential, requests []registry.Request) Outcome {
	asked := credential.Anonymous() || slices.ContainsFunc(requests, signed)
	switch kind := registry.KindOf(err); {
	case kind == registry.Unauthorized && asked:
		return Rejected
	case kind == registry.NotFound && asked:
		return RepositoryNotFound
	case kind != "":
		return Inconclusive
	case asked:
		return Accepted
	default:
		return NotRequested
	}
}

// signed reports a request that carried a credential. An exchange of an
// identity token has it in its body, and is the only POST.
func signed(r registry.Request) bool { return r.Credential != "" || r.Method == http.MethodPost }

// digest asks what the tag points at.
func (i *Inspector) digest(ctx context.Context, r *Report) *Failure {
	if r.Tag == "" {
		r.Digest = r.Written
		return nil
	}
	began := i.Trace.count()
	digest, err := i.Client.Digest(i.Trace.watch(ctx), r.reference.Repository, r.Tag, r.credential)
	if err != nil {
		return i.failure(r, stepDigest, err, began)
	}
	r.Digest = digest
	i.limit(r)
	return nil
}

// image asks what the digest stands for.
func (i *Inspector) image(ctx context.Context, r *Report) *Failure {
	began := i.Trace.count()
	image, err := i.Client.Image(i.Trace.watch(ctx), r.reference.Repository, r.Digest, r.credential, true)
	if err != nil {
		return i.failure(r, stepImage, err, began)
	}
	for _, p := range image.Platforms {
		if p == (registry.Platform{}) {
			r.Platforms = append(r.Platforms, "any (none is declared)")
			continue
		}
		r.Platforms = append(r.Platforms, p.String())
	}
	if !image.Created.IsZero() {
		r.Created = &image.Created
	}
	i.limit(r)
	return nil
}

// limit takes what the endpoint that answered said of its rate limit.
func (i *Inspector) limit(r *Report) {
	host := r.Registry
	if r.Endpoint != nil {
		_, host, _ = strings.Cut(r.Endpoint.URL, "://")
	}
	if remaining, limit, known := i.Client.Limit(host); known {
		r.RateLimit = &RateLimit{Remaining: remaining, Limit: limit}
	}
}

// isProxied reports whether the environment names a proxy for a URL: then the
// address that was connected to is the proxy's.
func isProxied(to string) bool {
	req, err := http.NewRequest(http.MethodGet, to, http.NoBody) //nolint:noctx // it is never sent
	if err != nil {
		return false
	}
	proxy, err := http.ProxyFromEnvironment(req)
	return err != nil || proxy != nil
}
