package document

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Platform is what an image was built for, as the OCI image specification
// names it. The zero value is one that is not declared.
//
// Names are Go's, in lower case, whatever alias an image has: amd64 for x86_64.
// The variant that every chip of the architecture has is left out, as
// containerd does: arm64 for arm64/v8, amd64 for amd64/v1. The version of
// Windows (os.version) is not part of it: nodes and images of different
// versions are not told apart.
type Platform struct {
	// OS and Architecture are Go's names: linux, arm64.
	OS, Architecture string
	// Variant is "" where there is none or any will do: v7 of arm.
	Variant string
}

var platformPattern = regexp.MustCompile(`^([a-z0-9]{1,32})/(x86[_-]64|[a-z0-9]{1,32})(?:/(v[0-9]{1,2}))?$`)

// ParsePlatform reads os/architecture or os/architecture/variant, as in
// linux/arm/v7. linux/arm64/v8 is linux/arm64.
func ParsePlatform(text string) (Platform, error) {
	parts := platformPattern.FindStringSubmatch(text)
	if parts == nil {
		return Platform{}, fmt.Errorf("parsing platform %q: allowed: os/architecture or os/architecture/variant, such as linux/amd64", short(text))
	}
	return Platform{OS: parts[1], Architecture: parts[2], Variant: parts[3]}.normalised(), nil
}

// String is os/architecture[/variant].
func (p Platform) String() string {
	return strings.TrimSuffix(p.OS+"/"+p.Architecture+"/"+p.Variant, "/")
}

// Runs reports whether a node of platform p has a manifest to run.
//
// Nodes tell their os and architecture alone. A p without a variant is
// therefore satisfied by any, and one with a variant by the same or, of arm and
// amd64, by a lower one: v7 runs v6 and v5. A platform that was not declared
// runs everywhere. What a node could emulate (arm on arm64, 386 on amd64) does
// not count: not every such node can.
func (i Image) Runs(p Platform) bool {
	wanted := p.normalised()
	return slices.ContainsFunc(i.Platforms, func(has Platform) bool {
		return has.normalised().runsOn(wanted)
	})
}

func (p Platform) runsOn(node Platform) bool {
	same := func(own, its string) bool { return own == "" || its == "" || own == its }
	if !same(p.OS, node.OS) || !same(p.Architecture, node.Architecture) {
		return false
	}
	if p.Architecture == "" || node.Variant == "" || p.Variant == node.Variant {
		return true
	}
	switch node.Architecture {
	case "arm", "amd64":
		own, its := p.level(), node.level()
		return own > 0 && own <= its
	default:
		return p.Variant == "" // what every chip has
	}
}

// level is the number of a variant of arm or amd64; 0 if it has none. An image
// for arm without a variant is for v7, as containerd takes it.
func (p Platform) level() int {
	switch {
	case p.Variant != "":
		n, err := strconv.Atoi(strings.TrimPrefix(p.Variant, "v"))
		if err != nil {
			return 0
		}
		return n
	case p.Architecture == "arm":
		return 7
	default:
		return 1
	}
}

// normalised is the platform under the names that its documentation promises.
func (p Platform) normalised() Platform {
	p.OS, p.Architecture, p.Variant = strings.ToLower(p.OS), strings.ToLower(p.Architecture), strings.ToLower(p.Variant)
	if p.OS == "macos" {
		p.OS = "darwin"
	}
	switch p.Architecture {
	case "x86_64", "x86-64":
		p.Architecture = "amd64"
	case "i386":
		p.Architecture, p.Variant = "386", ""
	case "aarch64":
		p.Architecture = "arm64"
	case "armhf":
		p.Architecture, p.Variant = "arm", "v7"
	case "armel":
		p.Architecture, p.Variant = "arm", "v6"
	}
	if p.Variant != "" && '0' <= p.Variant[0] && p.Variant[0] <= '9' {
		p.Variant = "v" + p.Variant
	}
	switch p.Architecture + "/" + p.Variant {
	case "arm64/v8", "arm64/v8.0", "amd64/v1":
		p.Variant = ""
	}
	return p
}

// declaredPlatform is the platform that a manifest or a config gives; false if no node
// can have it: BuildKit marks what is not an image by unknown, and no node has a name
// outside the grammar.
func declaredPlatform(os, architecture, variant string) (Platform, bool) {
	const unknown = "unknown"
	if !platformName(os) || !platformName(architecture) || !platformName(variant) {
		return Platform{}, false
	}
	p := Platform{OS: os, Architecture: architecture, Variant: variant}.normalised()
	return p, p.OS != unknown && p.Architecture != unknown
}

// platformName bounds a name that came from outside; "" is one.
func platformName(text string) bool {
	const longest = 32
	return len(text) <= longest && !strings.ContainsFunc(text, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		return !letter && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
	})
}

// short keeps a hostile text from filling a message.
func short(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
