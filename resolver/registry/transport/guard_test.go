package transport

import (
	"net/netip"
	"testing"
)

func TestGuardPermits(t *testing.T) {
	for name, tt := range map[string]struct {
		entries      []string
		target, addr string
		named, want  bool
	}{
		"a public address":                         {nil, "example.com:443", "93.184.216.34", true, true},
		"a public IPv6 address":                    {nil, "example.com:443", "2606:2800:220:1::1", true, true},
		"loopback":                                 {nil, "example.com:443", "127.0.0.1", true, false},
		"loopback, not the first":                  {nil, "example.com:443", "127.8.8.8", true, false},
		"IPv6 loopback":                            {nil, "example.com:443", "::1", true, false},
		"loopback inside IPv6":                     {nil, "example.com:443", "::ffff:127.0.0.1", true, false},
		"NAT64 of a private address":               {nil, "example.com:443", "64:ff9b::a00:1", true, false},
		"6to4":                                     {nil, "example.com:443", "2002:a00:1::1", true, false},
		"unspecified":                              {nil, "example.com:443", "0.0.0.0", true, false},
		"this network":                             {nil, "example.com:443", "0.1.2.3", true, false},
		"unspecified IPv6":                         {nil, "example.com:443", "::", true, false},
		"10/8":                                     {nil, "example.com:443", "10.96.0.1", true, false},
		"172.16/12":                                {nil, "example.com:443", "172.31.255.255", true, false},
		"192.168/16":                               {nil, "example.com:443", "192.168.1.1", true, false},
		"unique local":                             {nil, "example.com:443", "fd00::1", true, false},
		"link-local":                               {nil, "example.com:443", "169.254.169.254", true, false},
		"IPv6 link-local with a zone":              {nil, "example.com:443", "fe80::1%eth0", true, false},
		"carrier-grade NAT":                        {nil, "example.com:443", "100.64.0.1", true, false},
		"multicast":                                {nil, "example.com:443", "224.0.0.1", true, false},
		"broadcast":                                {nil, "example.com:443", "255.255.255.255", true, false},
		"listed by host":                           {[]string{"Reg.Internal"}, "reg.internal:5000", "10.0.0.1", true, true},
		"listed by host and port":                  {[]string{"reg.internal:5000"}, "reg.internal:5000", "10.0.0.1", false, true},
		"listed with another port":                 {[]string{"reg.internal:5000"}, "reg.internal:443", "10.0.0.1", true, false},
		"listed by network":                        {[]string{"10.0.0.0/8"}, "anything:443", "10.0.0.1", false, true},
		"listed network, another address":          {[]string{"10.0.0.0/8"}, "anything:443", "192.168.0.1", true, false},
		"listed by address":                        {[]string{"10.0.0.1"}, "10.0.0.1:5000", "10.0.0.1", true, true},
		"listed by IPv6 address":                   {[]string{"fd00::1"}, "[fd00::1]:5000", "fd00::1", true, true},
		"all listed":                               {[]string{"*"}, "reg.internal:443", "10.0.0.1", false, true},
		"all listed, metadata by redirect":         {[]string{"*"}, "169.254.169.254:80", "169.254.169.254", false, false},
		"all listed, Alibaba's metadata":           {[]string{"*"}, "100.100.100.200:80", "100.100.100.200", false, false},
		"all listed, Amazon's metadata over IPv6":  {[]string{"*"}, "[fd00:ec2::254]:80", "fd00:ec2::254", false, false},
		"all listed, Azure's platform":             {[]string{"*"}, "registry.example:80", "168.63.129.16", false, false},
		"all listed, identities of Pods on Amazon": {[]string{"*"}, "registry.example:80", "fd00:ec2::23", false, false},
		"all listed, Google's metadata over IPv6":  {[]string{"*"}, "registry.example:80", "fd20:ce::254", false, false},
		"all listed, Oracle's metadata over IPv6":  {[]string{"*"}, "registry.example:80", "fd00:c1::a9fe:a9fe", false, false},
		"all listed, Oracle's classic metadata":    {[]string{"*"}, "registry.example:80", "192.0.0.192", false, false},
		"all listed, Scaleway's metadata":          {[]string{"*"}, "registry.example:80", "fd00:42::42", false, false},
		"all listed, link-local that a person put": {[]string{"*"}, "169.254.1.1:5000", "169.254.1.1", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := newGuard(tt.entries)
			if err != nil {
				t.Fatal(err)
			}
			if got := g.permits(tt.target, netip.MustParseAddr(tt.addr), tt.named); got != tt.want {
				t.Errorf("permits(%s at %s) = %t, want %t", tt.target, tt.addr, got, tt.want)
			}
		})
	}
}

// One address of each network that IANA lists as special, and of what it has not
// handed out: all that net/netip calls a public one among them.
func TestSpecialPurposeAddressesAreRefused(t *testing.T) {
	g, err := newGuard(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, addr := range map[string]string{
		"Azure's platform":                "168.63.129.16",
		"protocol assignments":            "192.0.0.9",
		"documentation":                   "192.0.2.1",
		"documentation, the second":       "198.51.100.1",
		"documentation, the third":        "203.0.113.1",
		"AS112":                           "192.31.196.1",
		"AS112, delegated":                "192.175.48.1",
		"multicast tunnels":               "192.52.193.1",
		"6to4 relays":                     "192.88.99.1",
		"6to4 relays inside IPv6":         "::ffff:192.88.99.1",
		"benchmarking":                    "198.19.0.1",
		"reserved":                        "240.0.0.1",
		"IPv4-compatible":                 "::5db8:d822",
		"IPv4-translated":                 "::ffff:0:5db8:d822",
		"NAT64":                           "64:ff9b::5db8:d822",
		"NAT64, local":                    "64:ff9b:1::1",
		"discard":                         "100::1",
		"dummy":                           "100:0:0:1::1",
		"Teredo":                          "2001::1",
		"port control":                    "2001:1::1",
		"benchmarking over IPv6":          "2001:2::1",
		"multicast tunnels over IPv6":     "2001:3::1",
		"AS112 over IPv6":                 "2001:4:112::1",
		"AS112 over IPv6, delegated":      "2620:4f:8000::1",
		"hashes of keys":                  "2001:20::1",
		"remote identities of drones":     "2001:30::1",
		"documentation over IPv6":         "2001:db8::1",
		"documentation over IPv6, longer": "3fff:fff::1",
		"segment routing":                 "5f00::1",
		"not handed out":                  "4000::1",
		"not handed out, the last":        "fbff::1",
		"site-local":                      "fec0::1",
	} {
		t.Run(name, func(t *testing.T) {
			if g.permits("example.com:443", netip.MustParseAddr(addr), true) {
				t.Errorf("permits a dial of %s", addr)
			}
		})
	}
	for name, addr := range map[string]string{
		"before Azure's platform":  "168.63.129.15",
		"behind the 6to4 relays":   "192.88.100.1",
		"behind the assignments":   "2001:200::1",
		"before the documentation": "3ffe:ffff::1",
		"the last handed out":      "3fff:1000::1",
	} {
		t.Run(name, func(t *testing.T) {
			if !g.permits("example.com:443", netip.MustParseAddr(addr), true) {
				t.Errorf("refuses a dial of %s", addr)
			}
		})
	}
}
