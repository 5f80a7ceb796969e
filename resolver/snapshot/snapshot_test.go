package snapshot

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// example has one of everything.
func example() resolver.Knowledge {
	read := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	return resolver.Knowledge{
		Credentials: [][]string{{"secret a/1/0", "secret b/2/0"}, {}},
		Lists:       []resolver.KnownList{{Credential: 0, Repository: "example.com/app", Read: read, Tags: "1.2.0 1.2.7 <&>"}},
		Digests:     []resolver.KnownDigest{{Credential: 1, Repository: "example.com/app", Tag: "1.2.7", Digest: digest, Read: read}},
		Images: []resolver.KnownImage{{
			Credential: 0, Repository: "example.com/app", Digest: digest, Dated: true,
			Image: registry.Image{Platforms: []registry.Platform{{OS: "linux", Architecture: "arm", Variant: "v7"}, {}}, Created: read},
		}},
	}
}

// encoded is a snapshot's bytes.
func encoded(t testing.TB, k resolver.Knowledge) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, encodeSnapshot(&b, &k))
	return b.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrip(t *testing.T) {
	for name, k := range map[string]resolver.Knowledge{"everything": example(), "nothing": {}} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeSnapshot(bytes.NewReader(encoded(t, k)))
			if diff := cmp.Diff(k, got); diff != "" || err != nil {
				t.Errorf("%v, (-want +got):\n%s", err, diff)
			}
		})
	}
}

// testdata/index.format-1 was written by commit 8a00bfba273e. As long as the format has its
// number, a restart into another version knows what the one before it knew; a change that
// reads it otherwise takes another number, and a file of its own.
func TestFileOfAnEarlierVersionIsRead(t *testing.T) {
	file, err := os.ReadFile(fmt.Sprintf("testdata/index.format-%d", version))
	must(t, err)
	got, err := decodeSnapshot(bytes.NewReader(file))
	if diff := cmp.Diff(example(), got); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
}

// A program that goes back to an earlier version reads with the standard library what
// another gzip wrote.
func TestStandardGzipReadsWhatIsWritten(t *testing.T) {
	k := example()
	for range 1000 { // more than one block
		k.Lists[0].Tags += " 1.2.7-alpine v1.2.8-rc.1"
	}
	zipped, err := gzip.NewReader(bytes.NewReader(packed(t, k)))
	must(t, err)
	text, err := io.ReadAll(zipped)
	must(t, err)
	if lines := strings.Count(string(text), "\n"); lines != 5 || !strings.Contains(string(text), k.Lists[0].Tags[10:]) {
		t.Errorf("got %d lines of %d bytes", lines, len(text))
	}
}

// Whatever befalls a file, nothing of it counts.
func TestDamageIsSeenWhereverItIs(t *testing.T) {
	whole := encoded(t, example())
	refused := func(what string, damaged []byte) {
		t.Helper()
		if k, err := decodeSnapshot(bytes.NewReader(damaged)); err == nil || len(k.Lists)+len(k.Credentials) > 0 {
			t.Errorf("%s: got %+v and %v, want nothing", what, k, err)
		}
	}
	for i := range whole {
		for _, change := range []byte{0x01, 0x80, 0xff} {
			damaged := bytes.Clone(whole)
			damaged[i] ^= change
			refused(fmt.Sprintf("byte %d of %d changed by %#x", i, len(whole), change), damaged)
		}
		refused(fmt.Sprintf("%d bytes of %d", i, len(whole)), whole[:i])
		refused(fmt.Sprintf("without byte %d of %d", i, len(whole)), append(bytes.Clone(whole[:i]), whole[i+1:]...))
	}
	refused("one byte more", append(bytes.Clone(whole), 0))
	refused("twice", append(bytes.Clone(whole), whole...))
}

// sealed is a file with a good header around a body.
func sealed(t testing.TB, format uint32, packed []byte) []byte {
	t.Helper()
	h := header{Version: format, Length: uint64(len(packed)), Checksum: sha256.Sum256(packed)}
	copy(h.Magic[:], magic)
	var b bytes.Buffer
	must(t, binary.Write(&b, binary.BigEndian, h))
	return append(b.Bytes(), packed...)
}

func packed(t testing.TB, k resolver.Knowledge) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, packKnowledge(&b, &k))
	return b.Bytes()
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	good := packed(t, example())
	huge := sealed(t, version, good)
	binary.BigEndian.PutUint64(huge[len(magic)+4:], maxPacked+1)
	senseless := example()
	senseless.Lists[0].Repository = "nginx"
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"an empty one":              {nil, "it is no snapshot of an index"},
		"something else":            {[]byte(strings.Repeat("text ", 100)), "it is no snapshot of an index"},
		"a later format":            {sealed(t, version+1, good), "it has format 2, and this program reads 1"},
		"an earlier format":         {sealed(t, version-1, good), "it has format 0, and this program reads 1"},
		"one that claims to be big": {huge, "it is larger than 64 MiB"},
		"not compressed":            {sealed(t, version, []byte(`{"list":{}}`)), "it is damaged"},
		"a field nobody knows":      {sealed(t, version, zipped(t, `{"secret":"x"}`)), "it is damaged"},
		"no JSON":                   {sealed(t, version, zipped(t, `{"list":`)), "it is damaged"},
		"more behind a record":      {sealed(t, version, zipped(t, `{"credential":[]}{"credential":[]}`)), "it is damaged"},
		"tags of something else":    {sealed(t, version, zipped(t, `{"digest":{"Tags":"1.0"}}`)), "it is damaged"},
		"tags behind the end":       {sealed(t, version, zipped(t, `{"list":{}},"Tags":"1.0"}}`)), "it is damaged"},
		"what makes no sense":       {sealed(t, version, packed(t, senseless)), `restoring the index: repository "nginx" is not canonical, want "docker.io/library/nginx"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "index")
			must(t, os.WriteFile(path, test.content, 0o600))
			k, index := keeper(t, path)
			lists, err := k.Load()
			if want := fmt.Sprintf("reading snapshot %q: %s", path, test.want); lists != 0 || err == nil || err.Error() != want {
				t.Errorf("got %d lists and error %v, want none and %s", lists, err, want)
			}
			if known := index.Known(); len(known.Lists)+len(known.Digests)+len(known.Images) > 0 {
				t.Errorf("half of it is known: %+v", known)
			}
		})
	}
}

// A few bytes can unpack to any number.
func TestUnpackingIsBounded(t *testing.T) {
	k := resolver.Knowledge{Lists: []resolver.KnownList{{Repository: "example.com/app", Tags: strings.Repeat("x", 1<<20)}}}
	small := packed(t, k)
	if got, err := unpackKnowledge(small, 1<<20+1<<10); err != nil || len(got.Lists) != 1 || len(small) > 1<<14 {
		t.Errorf("within the bound: %d bytes, error %v", len(small), err)
	}
	if got, err := unpackKnowledge(small, 1<<20); !errors.Is(err, errTooLarge) || len(got.Lists) != 0 {
		t.Errorf("beyond it: got %d lists and error %v", len(got.Lists), err)
	}
}

// keeper is one of a new resolver that cannot ask anybody.
func keeper(t testing.TB, path string) (*Keeper, *resolver.Resolver) {
	t.Helper()
	index := resolver.New(&away{}, resolver.Options{Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC) }})
	k, err := New(Options{Path: path, Index: index, Report: func(err error) { t.Error(err) }})
	must(t, err)
	return k, index
}

// away is a registry that cannot be reached, until it has tags.
type away struct {
	mu   sync.Mutex
	tags []string
}

// named parses the name of a repository; what is none is the zero value.
func named(text string) resolver.Repository {
	parsed, err := resolver.ParseRepository(text)
	if err != nil {
		return resolver.Repository{}
	}
	return parsed
}

func (a *away) Tags(context.Context, resolver.Repository, resolver.Credential) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tags == nil {
		return nil, &registry.Error{Kind: registry.Unreachable, Repository: "example.com/app", Err: errors.New("away")}
	}
	return a.tags, nil
}

func (*away) Digest(context.Context, resolver.Repository, string, resolver.Credential) (string, error) {
	return digest, nil
}

func (*away) Image(context.Context, resolver.Repository, string, resolver.Credential, bool) (registry.Image, error) {
	return registry.Image{Platforms: []registry.Platform{{}}}, nil
}

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	must(t, errors.Join(err, w.Close()))
	return b.Bytes()
}

func TestPathsThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	for name, test := range map[string]struct {
		path, want string
	}{
		"no file yet":    {filepath.Join(folder, "index"), ""},
		"no folder":      {filepath.Join(folder, "nowhere", "index"), ""},
		"a folder":       {folder, "it is no regular file"},
		"a pipe":         {pipe, "it is no regular file"}, // to open it would wait for ever
		"below a file":   {filepath.Join(pipe, "index"), "not a directory"},
		"a long name":    {filepath.Join(folder, strings.Repeat("x", 300)), "file name too long"},
		"a device":       {"/dev/zero", "it is no regular file"},
		"a missing link": {link(t, folder, "nowhere"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			k, _ := keeper(t, test.path)
			lists, err := k.Load()
			if lists != 0 || (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %d lists and error %v, want one with %q", lists, err, test.want)
			}
		})
	}
}

func link(t *testing.T, folder, to string) string {
	t.Helper()
	path := filepath.Join(folder, "link")
	must(t, os.Symlink(to, path))
	return path
}

// learn makes the index know a repository, which is a change of it.
func learn(t testing.TB, index *resolver.Resolver, repository string) {
	t.Helper()
	p, err := policy.Parse(policy.Spec{Name: "patch"})
	must(t, err)
	_, err = index.Resolve(t.Context(), resolver.Query{Repository: named(repository), Tag: "1.2.0", Policy: p})
	must(t, err)
}

// A process that is killed has written what it knew an interval before; one that
// is stopped, all that it knew.
func TestKeeperWritesWhatHasChanged(t *testing.T) {
	folder := t.TempDir() // outside, as it ends by itself
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(folder, "index")
		source := &away{tags: []string{"1.2.0", "1.2.7"}}
		index := resolver.New(source, resolver.Options{})
		k, err := New(Options{Path: path, Index: index, Interval: time.Minute, Report: func(err error) { t.Error(err) }})
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- k.Start(ctx) }()
		holds := func(want int) {
			t.Helper()
			synctest.Wait()
			other, _ := keeper(t, path)
			if got, err := other.Load(); got != want || err != nil {
				t.Errorf("the file holds %d lists (%v), want %d", got, err, want)
			}
		}
		pass := func(d time.Duration) {
			<-time.After(d)
			synctest.Wait() // a write that is due at this moment comes first
		}

		pass(time.Minute)
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a file was written before anything was known: %v", err)
		}
		learn(t, index, "example.com/one")
		pass(time.Minute - 1)
		holds(0)
		pass(1)
		holds(1)

		must(t, os.Remove(path))
		pass(time.Hour)
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("it was written again without a change: %v", err)
		}

		learn(t, index, "example.com/two")
		stop()
		must(t, <-ended)
		holds(2)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v (%v), want the owner's alone", info.Mode(), err)
		}
		if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
			t.Errorf("%d files are left (%v), want one", len(files), err)
		}
		if k.NeedLeaderElection() {
			t.Error("a replica that is no leader would keep nothing")
		}
	})
}

// What stands where the new file is written, such as a rest of a process that was
// killed there or a link to elsewhere, is neither kept nor written through.
func TestNewFileIsMadeAnew(t *testing.T) {
	folder := t.TempDir()
	path, elsewhere := filepath.Join(folder, "index"), filepath.Join(folder, "elsewhere")
	must(t, os.WriteFile(elsewhere, []byte("precious"), 0o644))
	for name, prepare := range map[string]func() error{
		"a rest": func() error { return os.WriteFile(path+".new", []byte("half of a file"), 0o644) },
		"a link": func() error { return os.Symlink(elsewhere, path+".new") },
	} {
		t.Run(name, func(t *testing.T) {
			must(t, prepare())
			k := example()
			must(t, writeFile(path, &k))
			if got, err := readFile(path); err != nil || len(got.Lists) != 1 {
				t.Errorf("got %+v and %v", got, err)
			}
			if text, err := os.ReadFile(elsewhere); string(text) != "precious" || err != nil {
				t.Errorf("the other file holds %q (%v)", text, err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v (%v)", info.Mode(), err)
			}
		})
	}
}

// A volume that is full leaves the file before in place, and is tried again.
func TestFailedWriteIsToldAndTriedAgain(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "volume")
	index := resolver.New(&away{tags: []string{"1.2.0"}}, resolver.Options{})
	var told []string
	k, err := New(Options{Path: filepath.Join(folder, "index"), Index: index, Report: func(err error) { told = append(told, err.Error()) }})
	must(t, err)
	learn(t, index, "example.com/app")
	k.keep()
	k.keep()
	if len(told) != 2 || !strings.HasPrefix(told[0], fmt.Sprintf("writing snapshot %q: ", k.options.Path)) {
		t.Errorf("told %q, want each failure", told)
	}
	must(t, os.Mkdir(folder, 0o700))
	k.keep()
	if known, err := readFile(k.options.Path); err != nil || len(known.Lists) != 1 || len(told) != 2 {
		t.Errorf("got %+v, %v, and told %q", known, err, told)
	}
}

// Under the race detector: it is written while requests are answered.
func TestWritesWhileTheIndexIsUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index")
	first := resolver.New(&away{tags: []string{"1.2.0", "1.2.7"}}, resolver.Options{})
	for i := range 100 {
		learn(t, first, fmt.Sprintf("example.com/app-%d", i))
	}
	known := first.Known()
	must(t, writeFile(path, &known))

	source := &away{tags: []string{"1.2.0", "1.2.7"}}
	index := resolver.New(source, resolver.Options{FreshFor: time.Nanosecond}) // each answer reads again
	k, err := New(Options{Path: path, Index: index, Report: func(err error) { t.Error(err) }})
	must(t, err)
	if lists, err := k.Load(); lists != 100 || err != nil {
		t.Fatalf("loaded %d lists, %v", lists, err)
	}
	var users sync.WaitGroup
	for user := range 4 {
		users.Go(func() {
			for i := range 200 {
				learn(t, index, fmt.Sprintf("example.com/app-%d", (user*50+i)%150))
			}
		})
	}
	for range 20 {
		k.keep()
	}
	users.Wait()
	k.keep()
	other, _ := keeper(t, path)
	if lists, err := other.Load(); lists != 150 || err != nil {
		t.Errorf("the file holds %d lists (%v), want all 150", lists, err)
	}
}

func TestNewNeedsItsOptions(t *testing.T) {
	_, index := keeper(t, "index")
	for name, o := range map[string]Options{"no file": {Index: index}, "no index": {Path: "index"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, example()), true)
	f.Add([]byte(`{"credential":["a"]}{"list":{"Credential":0,"Repository":"example.com/app","Read":"2026-03-01T12:00:00Z","Tags":"1"}}`), false)
	f.Add([]byte(`{"image":{"Platforms":[{}]}}{}null[]`), false)
	f.Fuzz(func(t *testing.T, content []byte, whole bool) {
		if !whole { // what a checksum cannot keep out
			content = sealed(t, version, zipped(t, string(content)))
		}
		known, err := decodeSnapshot(bytes.NewReader(content))
		if err != nil {
			return
		}
		index := resolver.New(&away{}, resolver.Options{})
		if index.Restore(known) != nil {
			return
		}
		if _, err := decodeSnapshot(bytes.NewReader(encoded(t, index.Known()))); err != nil {
			t.Errorf("what was restored cannot be written and read: %v", err)
		}
		p, err := policy.Parse(policy.Spec{Name: "all"})
		must(t, err)
		for _, l := range known.Lists {
			_, _ = index.Resolve(t.Context(), resolver.Query{Repository: named(l.Repository), Tag: "1.0.0", Policy: p})
		}
	})
}
