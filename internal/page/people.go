package page

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/garboard-dev/garboard/internal/page/signin"
)

const (
	// maxPeople is of how many people is kept what they were shown last.
	maxPeople = 100
	// restAfter is how long after their last request that is forgotten: it is old by then,
	// and five megabytes of each person where there are ten thousand containers.
	restAfter = time.Minute
)

// people keeps a Page for each person who came lately: what is read for one is never shown
// to another.
type people struct {
	options SharedOptions
	views   *views

	mu    sync.Mutex
	pages map[string]*visitor
}

// visitor is one person's Page, and when they came last.
type visitor struct {
	page *Page
	came time.Time
}

func newPeople(o SharedOptions, views *views) *people {
	return &people{options: o, views: views, pages: map[string]*visitor{}}
}

// page returns the Page of a person. It is an error if the API server does not know them.
func (p *people) page(ctx context.Context, person signin.Person) (*Page, error) {
	key := person.Key()
	if found := p.known(key); found != nil {
		return found, nil
	}
	access, err := p.options.Access(ctx, person)
	if err != nil {
		return nil, err
	}
	made := newPage(Options{Access: access, Clock: p.options.Clock, Every: p.options.Every, Ended: p.options.Ended}, p.views)
	return p.keep(key, made), nil
}

// known returns what is kept of a person, and forgets who has not come for long.
func (p *people) known(key string) *Page {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.options.Clock.Now()
	maps.DeleteFunc(p.pages, func(_ string, v *visitor) bool { return now.Sub(v.came) >= restAfter })
	found := p.pages[key]
	if found == nil {
		return nil
	}
	found.came = now
	return found.page
}

// keep keeps a Page, unless another request of the person was faster, in the place of who
// came least lately if there are too many.
func (p *people) keep(key string, made *Page) *Page {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.pages[key]; found != nil {
		return found.page
	}
	if len(p.pages) >= maxPeople {
		least := ""
		for key, v := range p.pages {
			if least == "" || v.came.Before(p.pages[least].came) {
				least = key
			}
		}
		delete(p.pages, least)
	}
	p.pages[key] = &visitor{made, p.options.Clock.Now()}
	return made
}
