package identity

import (
	"fmt"
	"regexp"
	"strings"
)

// target is what one token is for.
type target struct {
	provider Provider
	// host is that of an Azure registry, which has tokens of its own.
	host string
	// region is that of an Amazon registry. The account is left out: a token is
	// good for every registry of the region that the identity may read, of every
	// owner.
	region string
	// fips and dualStack say which of the region's endpoints the name asks for,
	// so that a cluster without IPv4, or one that must use FIPS, reaches it.
	fips, dualStack bool
}

// String tells targets apart.
func (t target) String() string {
	return fmt.Sprintf("%s %q %q %t %t", t.provider, t.host, t.region, t.fips, t.dualStack)
}

// awsRegion is the form of every region's name: eu-west-1, us-gov-east-1.
const awsRegion = `([a-z]{2,4}(?:-[a-z]+){1,3}-[0-9]{1,2})`

// The patterns are whole names, without a port: a credential goes to a cloud's
// own hosts, and to none that only looks like one. public.ecr.aws is not among
// them, since it gives its tokens to anyone.
var (
	ecrHost          = regexp.MustCompile(`^[0-9]{12}\.dkr\.ecr(-fips)?\.` + awsRegion + `\.amazonaws\.com(\.cn)?$`)
	ecrDualStackHost = regexp.MustCompile(`^[0-9]{12}\.dkr-ecr(-fips)?\.` + awsRegion + `\.on\.aws$`)
	googleHost       = regexp.MustCompile(`^(?:(?:[a-z0-9-]+\.)?gcr\.io|(?:[a-z0-9-]+\.)+pkg\.dev)$`)
	azureHost        = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.azurecr\.(?:io|cn|us)$`)
)

// targetOf finds the token that a host takes. The host is lower-case; false is
// that of every other registry.
func targetOf(host string) (target, bool) {
	if found := ecrHost.FindStringSubmatch(host); found != nil {
		// Each partition has a domain of its own, and no region is in both.
		inChina := strings.HasPrefix(found[2], "cn-")
		return target{provider: AWS, region: found[2], fips: found[1] != ""}, inChina == (found[3] != "")
	}
	if found := ecrDualStackHost.FindStringSubmatch(host); found != nil {
		inChina := strings.HasPrefix(found[2], "cn-")
		return target{provider: AWS, region: found[2], fips: found[1] != "", dualStack: true}, !inChina
	}
	switch {
	case googleHost.MatchString(host):
		return target{provider: GCP}, true
	case azureHost.MatchString(host):
		return target{provider: Azure, host: host}, true
	default:
		return target{}, false
	}
}
