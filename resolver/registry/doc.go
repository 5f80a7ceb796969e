// Package registry reads tag lists, digests and what stands behind a digest from
// container registries.
//
// The image reference in a manifest is input from every creator of workloads,
// and it makes us send requests. So the package trusts nothing that comes back:
// addresses are checked when they are dialled, after DNS; bodies, pages, tags,
// redirects and tokens are bounded; credentials go to the registry that they are
// for and to the token service it names, nowhere else. A list is either whole or
// an error.
//
// Package config's settings say which repositories may be asked about, and where:
// a registry's mirrors come first, as containerd has it, and what is given to an
// endpoint (a credential, a certificate, private addresses) is for its host
// alone. They can be replaced while reads are under way.
//
// It owns its ping, token and list requests, and takes names, credential stores,
// hashes, media types and error codes from go-containerregistry. That library's
// own calls were tried and left: its list has no limit on pages, bytes or hosts,
// its tokens are fetched a repository and a caller at a time under the first
// caller's deadline, it never reads Retry-After, and its token exchange cannot
// be told which private hosts are ours.
//
// A cold read costs a ping, a token where the registry asks for one, and the
// list; a warm one the list alone. The ping is kept an endpoint, the token a
// repository and credential at one.
package registry
