package identity

import (
	"testing"
)

func TestTargetOf(t *testing.T) {
	const account = "123456789012"
	tests := map[string]struct {
		host string
		want target
	}{
		"an Amazon registry":                          {account + ".dkr.ecr.eu-west-1.amazonaws.com", target{provider: AWS, region: "eu-west-1"}},
		"one with FIPS":                               {account + ".dkr.ecr-fips.us-gov-west-1.amazonaws.com", target{provider: AWS, region: "us-gov-west-1", fips: true}},
		"one in China":                                {account + ".dkr.ecr.cn-north-1.amazonaws.com.cn", target{provider: AWS, region: "cn-north-1"}},
		"one with IPv6":                               {account + ".dkr-ecr.eu-west-1.on.aws", target{provider: AWS, region: "eu-west-1", dualStack: true}},
		"one with IPv6 and FIPS":                      {account + ".dkr-ecr-fips.us-east-1.on.aws", target{provider: AWS, region: "us-east-1", fips: true, dualStack: true}},
		"Container Registry":                          {"gcr.io", target{provider: GCP}},
		"Container Registry of a continent":           {"eu.gcr.io", target{provider: GCP}},
		"Artifact Registry":                           {"europe-west1-docker.pkg.dev", target{provider: GCP}},
		"Artifact Registry at a regional address":     {"docker.europe-west1.rep.pkg.dev", target{provider: GCP}},
		"an Azure registry":                           {"contoso.azurecr.io", target{provider: Azure, host: "contoso.azurecr.io"}},
		"one with the hash of its tenant in the name": {"contoso-d7f2.azurecr.io", target{provider: Azure, host: "contoso-d7f2.azurecr.io"}},
		"one in China, of Azure":                      {"contoso.azurecr.cn", target{provider: Azure, host: "contoso.azurecr.cn"}},
		"one of the US government":                    {"contoso.azurecr.us", target{provider: Azure, host: "contoso.azurecr.us"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := targetOf(test.host)
			if !ok || got != test.want {
				t.Errorf("targetOf(%q) = %+v, %t; want %+v, true", test.host, got, ok, test.want)
			}
		})
	}
}

func TestTargetOfRefusesWhatOnlyLooksLikeACloud(t *testing.T) {
	tests := map[string]string{
		"another registry": "docker.io",
		"Amazon's public one, which needs no identity":   "public.ecr.aws",
		"a name that goes on":                            "contoso.azurecr.io.evil.com",
		"a name that ends alike":                         "evil-azurecr.io",
		"a name that ends alike, with a dot before":      "x.evil-azurecr.io",
		"the bare domain":                                "azurecr.io",
		"a name below a registry's":                      "evil.contoso.azurecr.io",
		"another top-level domain":                       "contoso.azurecr.dev",
		"a port":                                         "contoso.azurecr.io:5000",
		"the usual port":                                 "contoso.azurecr.io:443",
		"a dot at the end":                               "contoso.azurecr.io.",
		"a dot at the start":                             ".azurecr.io",
		"a line's end":                                   "contoso.azurecr.io\n",
		"a user":                                         "evil.com@contoso.azurecr.io",
		"a path":                                         "evil.com/contoso.azurecr.io",
		"a fragment":                                     "evil.com#.azurecr.io",
		"a capital letter, which nobody lowered":         "Contoso.azurecr.io",
		"a letter that looks alike":                      "contoso.azurecr.іo",
		"Google's, gone on":                              "gcr.io.evil.com",
		"Google's, ending alike":                         "evilgcr.io",
		"Google's, two names deep":                       "a.b.gcr.io",
		"Google's with a port":                           "eu.gcr.io:443",
		"pkg.dev itself":                                 "pkg.dev",
		"pkg.dev, gone on":                               "us-docker.pkg.dev.evil.com",
		"pkg.dev, ending alike":                          "us-docker.evilpkg.dev",
		"Amazon's, gone on":                              "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.com",
		"Amazon's, with a top-level domain like China's": "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cm",
		"Amazon's China in the other domain":             "123456789012.dkr.ecr.cn-north-1.amazonaws.com",
		"Amazon's other regions in China's domain":       "123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn",
		"Amazon's China at an IPv6 address":              "123456789012.dkr-ecr.cn-north-1.on.aws",
		"Amazon's, ending alike":                         "123456789012.dkr.ecr.eu-west-1.evilamazonaws.com",
		"Amazon's without a dot":                         "123456789012.dkrXecr.eu-west-1.amazonaws.com",
		"Amazon's with a short account":                  "12345.dkr.ecr.eu-west-1.amazonaws.com",
		"Amazon's with no account":                       "evil.dkr.ecr.eu-west-1.amazonaws.com",
		"Amazon's with a region that is none":            "123456789012.dkr.ecr.evil.amazonaws.com",
		"Amazon's with a region that has dots":           "123456789012.dkr.ecr.eu-west-1.evil.amazonaws.com",
		"a bucket at Amazon":                             "123456789012.dkr.ecr.eu-west-1.s3.amazonaws.com",
		"on.aws, gone on":                                "123456789012.dkr-ecr.eu-west-1.on.aws.evil.com",
		"nothing":                                        "",
	}
	for name, host := range tests {
		t.Run(name, func(t *testing.T) {
			if got, ok := targetOf(host); ok {
				t.Errorf("targetOf(%q) = %+v; want none", host, got)
			}
		})
	}
}
