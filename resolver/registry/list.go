package registry

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"math/bits"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	ggcr "github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// tags reads a list, and once more where the first way of asking was wrong.
func (s *session) tags(ctx context.Context) ([]string, error) {
	size := s.pageSize
	sized := url.Values{"n": {strconv.Itoa(size)}}.Encode()

	read, err := s.walk(ctx, sized)
	if failed, ok := errors.AsType[*Error](err); ok {
		switch {
		case read.pages == 0 && refusesSize(failed):
			read, err = s.walk(ctx, "")
		case read.pages > 0 && failed.Status == http.StatusNotFound:
			// zot: the tag that the cursor names was deleted meanwhile.
			read, err = s.walk(ctx, sized)
		}
	}
	if err != nil {
		return nil, err
	}
	if read.pages == 1 && read.entries == size {
		// Cut without a word, or just so long? Nexus groups send no Link.
		whole, err := s.walk(ctx, "")
		if err != nil {
			return nil, err
		}
		read.tags = append(read.tags, whole.tags...)
	}
	return distinctTags(read.tags), nil
}

func refusesSize(failed *Error) bool {
	return failed.Status == http.StatusBadRequest || failed.Code == ggcr.UnsupportedErrorCode
}

// walk is one way through the pages of a list.
type walk struct {
	tags    [][]string // of each page
	pages   int        // that were read
	entries int        // of all pages, bad tags included
	bytes   int64
}

// walk follows the Link of each page. Of a Link it takes the query alone, and
// puts it on the URL just asked: no registry keeps its cursor elsewhere, no
// other host and no other repository can be named, and the wrong paths that
// Artifactory and Nexus send do no harm.
func (s *session) walk(ctx context.Context, query string) (walk, error) {
	u := s.URL("tags", "list")
	var done walk
	seen := map[string]bool{}
	for done.pages < s.client.options.MaxPages {
		if seen[query] {
			return done, failure.Bad("pages of the list run in a circle")
		}
		seen[query] = true
		u.RawQuery = s.Query(query)

		found, next, err := s.page(ctx, u, &done)
		if err != nil {
			return done, err
		}
		done.pages++
		done.entries += found.Entries
		done.tags = append(done.tags, found.Tags)
		// Gitea sends a Link on its last page, too.
		if next == "" || found.Entries == 0 {
			return done, nil
		}
		query = next
	}
	return done, &Error{Kind: TooLarge, Err: errors.New("more pages than are read")}
}

// page reads one page and the query of the next; "" after the last.
func (s *session) page(ctx context.Context, u *url.URL, done *walk) (document.Page, string, error) {
	limit := min(s.client.options.MaxPageBytes, s.client.options.MaxBytes-done.bytes)
	header, body, err := s.get(ctx, u, "application/json", limit, done.bytes)
	if err != nil {
		return document.Page{}, "", err
	}
	done.bytes += int64(len(body))
	found, err := document.ReadPage(body, s.client.options.MaxTags-done.entries)
	if err != nil {
		return document.Page{}, "", err
	}
	next, err := document.NextQuery(header)
	return found, next, err
}

// readBody reads at most limit bytes, counted after gzip. More is TooLarge, and
// a body that ends early is no answer.
func readBody(ctx context.Context, body io.Reader, limit int64) ([]byte, error) {
	read, err := io.ReadAll(io.LimitReader(body, limit+1))
	switch {
	case int64(len(read)) > limit:
		return nil, &Error{Kind: TooLarge, Err: errors.New("more bytes than are read")}
	case err == nil:
		return read, nil
	case errors.Is(err, errNoTurn):
		return nil, err
	case ctx.Err() != nil:
		return nil, failure.Classify(ctx.Err())
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return nil, known
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return nil, failure.Classify(err)
	}
	return nil, failure.Bad("reading the body: %w", err) // cut short, or gzip that is none
}

// distinctTags drops what came twice: pages overlap where tags are pushed meanwhile.
func distinctTags(pages [][]string) []string {
	tags := pages[0]
	if len(pages) > 1 {
		tags = slices.Concat(pages...)
	}
	seen := newTagSet(len(tags))
	kept := tags[:0]
	for _, tag := range tags {
		if seen.add(kept, tag) {
			kept = append(kept, tag)
		}
	}
	return kept
}

// tagSet is a hash table of places in a list: a map of its tags takes five
// times the memory.
type tagSet struct {
	seed   maphash.Seed
	places []uint32 // one more than the place; zero is free
}

func newTagSet(n int) tagSet {
	return tagSet{maphash.MakeSeed(), make([]uint32, 1<<bits.Len(uint(n+n/2)))}
}

// add notes that the tag will be appended to the list, unless it is there.
func (s *tagSet) add(list []string, tag string) bool {
	mask := uint64(len(s.places) - 1) //nolint:gosec // never empty
	at := maphash.String(s.seed, tag) & mask
	for s.places[at] != 0 {
		if list[s.places[at]-1] == tag {
			return false
		}
		at = (at + 1) & mask
	}
	s.places[at] = uint32(len(list) + 1) //nolint:gosec // no list is that long
	return true
}
