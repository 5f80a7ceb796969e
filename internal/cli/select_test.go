package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// outcome is what a command line leaves behind.
type outcome struct {
	Code     int
	Out, Err string
}

// garboard runs a command line in-process.
func garboard(t *testing.T, stdin io.Reader, env map[string]string, args ...string) outcome {
	t.Helper()
	var out, errOut bytes.Buffer
	lookup := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
	code := Run(t.Context(), args, Streams{In: stdin, Out: &out, Err: &errOut, Env: lookup})
	return outcome{Code: code, Out: out.String(), Err: errOut.String()}
}

const allowedPolicies = "allowed: all, major, minor, patch, semver:RANGE, glob:PATTERN, regexp:RE, force, newest, never\n"

func TestSelect(t *testing.T) {
	for name, test := range map[string]struct {
		tags string
		env  map[string]string
		args []string
		want outcome
	}{
		"prints the tag": {
			tags: "1.2.0\n1.2.1\n", args: []string{"--policy", "minor", "--current", "1.2.0"},
			want: outcome{Out: "1.2.1\n"},
		},
		"prints the current tag where nothing is newer": {
			tags: "1.1.0\n", args: []string{"--policy=minor", "--current=1.2.0"},
			want: outcome{Out: "1.2.0\n"},
		},
		"reads lines of other systems and skips empty ones": {
			tags: "\r\n 1.2.1\t\r\n\n1.2.2", args: []string{"--policy", "minor", "--current", "1.2.0"},
			want: outcome{Out: "1.2.2\n"},
		},
		"says how to get away from what is no version": {
			tags: "1.0.0\n", args: []string{"--policy", "minor", "--current", "latest"},
			want: outcome{Out: "latest\n", Err: "garboard: stays at latest: not a version tag; use semver:, force or newest\n"},
		},
		"tells what is passed over in other lines": {
			tags: "1.0.0-alpine3.19\n1.1.0-alpine3.20\n1.2.0\n", args: []string{"--policy", "minor", "--current", "1.0.0-alpine3.19"},
			want: outcome{Out: "1.0.0-alpine3.19\n",
				Err: "garboard: stays at 1.0.0-alpine3.19: nothing newer in its line; variant: alpine* would let in 1.1.0-alpine3.20\n"},
		},
		"an explanation names the reason": {
			tags: "1.0.0-alpine3.19\n1.2.0\n", args: []string{"--policy", "minor", "--current", "1.0.0-alpine3.19", "--explain"},
			want: outcome{Out: "1.0.0-alpine3.19\n", Err: "1.2.0  other variant\n" +
				"garboard: stays at 1.0.0-alpine3.19: OtherLines: nothing newer in its line; others have 1.2.0\n"},
		},
		"JSON with other lines": {
			tags: "1.0.0-a1b2c3d\n1.2.0-d1b2c3d\n", args: []string{"--policy", "all", "--current", "1.0.0-a1b2c3d", "-o", "json"},
			want: outcome{Out: "{\n  \"tag\": \"1.0.0-a1b2c3d\",\n  \"moved\": false,\n  \"reason\": \"OtherLines\",\n" +
				"  \"text\": \"nothing newer in its line; filter and extract would let in 1.2.0-d1b2c3d\",\n" +
				"  \"otherLines\": {\n    \"tags\": [\n      \"1.2.0-d1b2c3d\"\n    ],\n    \"settings\": [\n      \"filter and extract\"\n    ]\n  }\n}\n",
				Err: "garboard: stays at 1.0.0-a1b2c3d: nothing newer in its line; filter and extract would let in 1.2.0-d1b2c3d\n"},
		},
		"variants that count as one": {
			tags: "1.0.0-alpine3.19\n1.1.0-alpine3.20\n", args: []string{"--policy", "minor", "--current", "1.0.0-alpine3.19", "--variant", "alpine*, slim"},
			want: outcome{Out: "1.1.0-alpine3.20\n"},
		},
		"a variant that no tag has": {
			args: []string{"--policy", "minor", "--variant", "alpine[0-9]"},
			want: outcome{Code: 2, Err: "--variant: \"alpine[0-9]\": '[' is in no tag; allowed: letters, digits, '.', '_', '-', and * and ?\n"},
		},
		"a pattern that is the tag": {
			tags: "DEV\nPROD\n", args: []string{"--policy", "glob:DEV", "--current", "DEV"},
			want: outcome{Out: "DEV\n", Err: "garboard: stays at DEV: the pattern matches this tag alone; use force to follow its digest\n"},
		},
		"what is no version, and says what it is built on": {
			tags: "alpine-2.4.0\n2.4.0\n", args: []string{"--policy", "minor", "--current", "alpine-2.3.0"},
			want: outcome{Out: "alpine-2.3.0\n",
				Err: "garboard: stays at alpine-2.3.0: not a version tag; use filter and extract, glob:, regexp:, force or newest\n"},
		},
		"a range needs no current tag": {
			tags: "1.0.0\n2.0.0\n", args: []string{"--policy", "semver:<2"},
			want: outcome{Out: "1.0.0\n"},
		},
		"a level does": {
			tags: "1.0.0\n", args: []string{"--policy", "all"},
			want: outcome{Code: 1, Err: "garboard: no tag chosen: no current tag to be higher than; only semver:, glob: and regexp: do without\n"},
		},
		"an empty list": {
			args: []string{"--policy", "glob:*"},
			want: outcome{Code: 1, Err: "garboard: no tag chosen: no tag that the policy allows\n"},
		},
		"explains on standard error": {
			tags: "1.3.0-rc.1\n1.2.0\nlatest\n1.2.1\nv1.2.1\nno tag\n1.2.1-debug\n",
			args: []string{"--policy", "minor", "--current", "1.2.0", "--explain", "--exclude", "*-debug"},
			want: outcome{Out: "1.2.1\n", Err: "1.2.0        current tag\n1.2.1-debug  excluded\n1.3.0-rc.1   pre-release\n" +
				"latest       not a version\nv1.2.1       same version as the chosen tag\n\"no tag\"     not a tag\n"},
		},
		"JSON": {
			tags: "1.2.0\n1.3.0\n", args: []string{"--policy", "minor", "--current", "1.2.0", "-o", "json"},
			want: outcome{Out: "{\n  \"tag\": \"1.3.0\",\n  \"moved\": true,\n  \"reason\": \"NewerMinor\",\n  \"text\": \"newer minor release\"\n}\n"},
		},
		"YAML with an explanation": {
			tags: "1.2.0\n", args: []string{"--policy", "never", "--current", "1.1.0", "-oyaml", "--explain"},
			want: outcome{Out: "moved: false\nreason: StayNever\nrejected:\n- reason: RejectNever\n  tag: 1.2.0\n  text: policy never\ntag: 1.1.0\ntext: policy never\n"},
		},
		"JSON where nothing is chosen": {
			args: []string{"--policy", "semver:1", "-o=json", "--explain"},
			want: outcome{Code: 1, Err: "garboard: no tag chosen: no tag that the policy allows\n",
				Out: "{\n  \"tag\": \"\",\n  \"moved\": false,\n  \"reason\": \"StayNoCandidate\",\n  \"text\": \"no tag that the policy allows\",\n  \"rejected\": []\n}\n"},
		},
		"filter, extract and excludes": {
			tags: "r1\nr2\nr3\nr4\nr5\nx6\n",
			args: []string{"--policy", "all", "--current", "r1", "--filter", `^r(\d+)$`, "--extract", "$1", "--exclude", "r5,r9", "--exclude=r4"},
			want: outcome{Out: "r3\n"},
		},
		"excludes are trimmed as in the annotation": {
			tags: "1.2.4\n1.2.5\n1.2.6\n", args: []string{"--policy", "patch", "--current", "1.2.3", "--exclude", "1.2.6, 1.2.5 ,"},
			want: outcome{Out: "1.2.4\n"},
		},
		"says how to write a value that is taken for an argument": {
			args: []string{"--policy", "patch", "--match-prerelease", "false", "--match-tag", "true", "extra", "--explain"},
			want: outcome{Code: 2, Err: "--match-prerelease: write --match-prerelease=false\n--match-tag: write --match-tag=true\n" +
				"\"extra\": unexpected argument\n"},
		},
		"pre-releases on request": {
			tags: "1.3.0-rc.1\n", args: []string{"--policy", "minor", "--current", "1.2.0", "--match-prerelease=false"},
			want: outcome{Out: "1.3.0-rc.1\n"},
		},
		"force from what is no version": {
			tags: "latest\n1.0.0\n", args: []string{"--policy", "force", "--current", "latest"},
			want: outcome{Out: "latest\n"},
		},
		"force with matchTag": {
			tags: "1.0.0\n1.1.0\n", args: []string{"--policy", "force", "--current", "1.0.0", "--match-tag"},
			want: outcome{Out: "1.0.0\n"},
		},
		"force with matchTag and nothing to match": {
			tags: "1.0.0\n", args: []string{"--policy", "force", "--match-tag=true"},
			want: outcome{Code: 1, Err: "garboard: no tag chosen: no current tag to be higher than; only semver:, glob: and regexp: do without\n"},
		},
		"force between versions": {
			tags: "1.0.0\n", args: []string{"--policy", "force", "--current", "1.0.0"},
			want: outcome{Code: 2, Err: "--policy: \"force\": newest, and force without matchTag, need the registry's build dates: garboard registry tags IMAGE --policy force\n"},
		},
		"force without a current tag": {
			tags: "1.0.0\n", args: []string{"--policy", "force"},
			want: outcome{Code: 2, Err: "--policy: \"force\": newest, and force without matchTag, need the registry's build dates: garboard registry tags IMAGE --policy force\n"},
		},
		"force without matchTag": {
			args: []string{"--policy", "force", "--current", "latest", "--match-tag=false"},
			want: outcome{Code: 2, Err: "--policy: \"force\": newest, and force without matchTag, need the registry's build dates: garboard registry tags IMAGE --policy force\n"},
		},
		"newest": {
			args: []string{"--policy", "newest"},
			want: outcome{Code: 2, Err: "--policy: \"newest\": newest, and force without matchTag, need the registry's build dates: garboard registry tags IMAGE --policy newest\n"},
		},
		"no policy": {
			want: outcome{Code: 2, Err: "--policy: \"\": no policy; " + allowedPolicies},
		},
		"everything wrong at once": {
			env: map[string]string{"GARBOARD_EXPLAIN": "perhaps"},
			args: []string{"--policy", "mayor", "extra", "--curent", "1.2.0", "--match-tag=maybe", "-o", "xml", "--bogus", "--current", "a b",
				"--filter=(", "-x", "more", "--exclude"},
			want: outcome{Code: 2, Err: "--curent: unknown flag; did you mean --current?\n" +
				"--match-tag: \"maybe\": allowed: true, false\n" +
				"--output: \"xml\": allowed: json, yaml\n" +
				"--bogus: unknown flag\n-x: unknown flag\n--exclude: needs a value\n" +
				"GARBOARD_EXPLAIN: \"perhaps\": allowed: true, false\n" +
				"\"extra\": unexpected argument\n\"more\": unexpected argument\n" +
				"--current: \"a b\": not a tag; allowed: letters, digits, '.', '_' and '-', at most 128\n" +
				"--policy: \"mayor\": unknown policy; did you mean \"major\"? " + allowedPolicies +
				"--filter: \"(\": missing closing ) in \"(\"; allowed: an RE2 regular expression\n"},
		},
		"the environment": {
			tags: "1.3.0\n", env: map[string]string{"GARBOARD_POLICY": "minor", "GARBOARD_CURRENT": "1.2.0", "GARBOARD_FILTER": "", "GARBOARD_OTHER": "x"},
			want: outcome{Out: "1.3.0\n"},
		},
		"a flag comes before the environment": {
			tags: "1.3.0\n2.0.0\n", env: map[string]string{"GARBOARD_POLICY": "mayor", "GARBOARD_CURRENT": "1.2.0"}, args: []string{"--policy", "major"},
			want: outcome{Out: "2.0.0\n"},
		},
		"arguments behind two hyphens": {
			args: []string{"--policy", "never", "--", "--current"},
			want: outcome{Code: 2, Err: "\"--current\": unexpected argument\n"},
		},
		"a line without end": {
			tags: "1.0.0\n" + strings.Repeat("a", 5000), args: []string{"--policy", "glob:*"},
			want: outcome{Code: 2, Err: "standard input: line 2: longer than 4096 bytes\n"},
		},
		"a registry's answer for a list": {
			tags: `{"name":"shop","tags":["1.0.0","1.1.0"]}`, args: []string{"--policy", "minor", "--current", "1.0.0"},
			want: outcome{Code: 2, Err: `standard input: "{\"name\":\"shop\",\"tags\":[\"1.0.0\",\"1.1.0\"]}": no line is a tag; allowed: one tag a line, without its image` + "\n"},
		},
		"images for tags": {
			tags: "acme/shop:1.0.0\nacme/shop:1.1.0\n", args: []string{"--policy", "minor", "--current", "1.0.0"},
			want: outcome{Code: 2, Err: `standard input: "acme/shop:1.0.0": no line is a tag; allowed: one tag a line, without its image` + "\n"},
		},
		"a list without end": {
			tags: strings.Repeat("a\n", 100_001), args: []string{"--policy", "glob:*"},
			want: outcome{Code: 2, Err: "standard input: more than 100000 tags\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := garboard(t, strings.NewReader(test.tags), test.env, append([]string{"select"}, test.args...)...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSelectReportsAReadThatFails(t *testing.T) {
	in, write := io.Pipe()
	write.CloseWithError(errors.New("disk on fire"))
	got := garboard(t, in, nil, "select", "--policy", "glob:*")
	if diff := cmp.Diff(outcome{Code: 1, Err: "garboard: reading tags: disk on fire\n"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Without it, Ctrl-C does nothing while a terminal is read.
func TestSelectEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, write := io.Pipe()
	defer write.Close()
	var errOut bytes.Buffer
	none := func(string) (string, bool) { return "", false }
	code := Run(ctx, []string{"select", "--policy", "glob:*"}, Streams{In: in, Out: io.Discard, Err: &errOut, Env: none})
	if code != cmdline.ExitInterrupted || !strings.Contains(errOut.String(), "canceled") {
		t.Errorf("got code %d and %q", code, errOut.String())
	}
}

// Every console block of docs/policies.md is run as it stands, from the root of
// the repository.
func TestDocumentedCommands(t *testing.T) {
	page, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got strings.Builder
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		want.WriteString(block[1])
		for _, line := range regexp.MustCompile(`(?m)^\$ garboard (.*) < (\S+)$`).FindAllStringSubmatch(block[1], -1) {
			tags, err := os.Open("../../" + line[2])
			if err != nil {
				t.Fatal(err)
			}
			o := garboard(t, tags, nil, words(line[1])...)
			got.WriteString(line[0] + "\n" + o.Err + o.Out)
			_ = tags.Close()
		}
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" || got.Len() == 0 {
		t.Errorf("docs/policies.md: (-want +got)\n%s", diff)
	}
}

// words splits a command line with single quotes.
func words(line string) []string {
	var out []string
	for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(line, -1) {
		out = append(out, strings.Trim(word, "'"))
	}
	return out
}
