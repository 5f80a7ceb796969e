package cluster

import (
	"maps"
	"testing"
	"testing/fstest"
)

func TestCacheKey(t *testing.T) {
	module := func(change map[string]string) fstest.MapFS {
		files := map[string]string{
			"go.mod":          "module m\n",
			"go.sum":          "a h1:b\n",
			"cmd/x/main.go":   "package main\n",
			"cmd/x/x_test.go": "package main\n",
			"README.md":       "text\n",
		}
		maps.Copy(files, change)
		m := fstest.MapFS{}
		for name, text := range files {
			m[name] = &fstest.MapFile{Data: []byte(text)}
		}
		return m
	}
	inputs := keyInputs{goVersion: "go1.26.8", platform: "linux/amd64", flags: "-s"}
	first, err := cacheKey(module(nil), inputs, isSource)
	if err != nil {
		t.Fatal(err)
	}

	tests := map[string]struct {
		files map[string]string
		edit  func(*keyInputs)
		same  bool
	}{
		"the same module has the same key":         {same: true},
		"a test of the module does not matter":     {files: map[string]string{"cmd/x/x_test.go": "package main // new\n"}, same: true},
		"a note in the module does not matter":     {files: map[string]string{"README.md": "new\n"}, same: true},
		"a source of the node does not matter":     {files: map[string]string{"node/main.go": "package main\n"}, same: true},
		"another requirement is another key":       {files: map[string]string{"go.mod": "module m // new\n"}},
		"another sum is another key":               {files: map[string]string{"go.sum": "a h1:c\n"}},
		"another source is another key":            {files: map[string]string{"cmd/x/main.go": "package main // new\n"}},
		"a new source is another key":              {files: map[string]string{"cmd/x/more.go": "package main\n"}},
		"a text moved between files does not hide": {files: map[string]string{"go.mod": "module m\na h1:b\n", "go.sum": ""}},
		"another Go is another key":                {edit: func(in *keyInputs) { in.goVersion = "go1.27.0" }},
		"another platform is another key":          {edit: func(in *keyInputs) { in.platform = "linux/arm64" }},
		"a program that is there is another key":   {edit: func(in *keyInputs) { in.prebuilt = "etcd" }},
		"other flags are another key":              {edit: func(in *keyInputs) { in.flags = "" }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := inputs
			if test.edit != nil {
				test.edit(&in)
			}
			got, err := cacheKey(module(test.files), in, isSource)
			if err != nil {
				t.Fatal(err)
			}
			if same := got == first; same != test.same {
				t.Errorf("key %s, before %s: same is %v, want %v", got, first, same, test.same)
			}
		})
	}
}

func TestFindSourceFromThePackageFolder(t *testing.T) {
	if _, err := findSource(); err != nil {
		t.Error(err)
	}
	t.Chdir(t.TempDir())
	if dir, err := findSource(); err == nil {
		t.Errorf("found %q outside of a checkout", dir)
	}
}

func TestCacheDirIsTakenFromTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(cacheVariable, dir)
	if got, err := CacheDir(); err != nil || got != dir {
		t.Errorf("got %q, %v, want %q", got, err, dir)
	}
}
