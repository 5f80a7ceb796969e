package policy

import (
	"strings"
	"testing"
)

// The schemes of tags of images that many clusters run, from their makers' lists. Each
// row has what the makers publish beside the next tag: other variants, pre-releases and
// tags that move.
func TestSchemesOfPublicImages(t *testing.T) {
	for name, test := range map[string]struct{ policy, current, want, others string }{
		"PostgreSQL on Alpine":                  {"minor", "16.2-alpine3.19", "16.3-alpine3.19", "16.3 16.3-alpine3.20 16.3-bookworm 17beta1-alpine3.19 16-alpine"},
		"PostgreSQL's major versions":           {"major", "16-alpine", "17-alpine", "17 17.2-alpine 18beta1-alpine 18rc1-alpine latest"},
		"Node.js on Debian, slim":               {"minor", "20.11.0-bookworm-slim", "20.12.0-bookworm-slim", "20.12.0 20.12.0-bookworm 20.12.0-bullseye-slim 21.0.0-bookworm-slim lts-slim"},
		"Go":                                    {"patch", "1.22.0-bookworm", "1.22.1-bookworm", "1.23rc1-bookworm 1.22.1 1.22-bookworm 1.23.0-bookworm"},
		"Python":                                {"minor", "3.12.2-slim-bookworm", "3.12.3-slim-bookworm", "3.13.0a4-slim-bookworm 3.13.0rc1-slim-bookworm 3.12.3-slim 3.12-slim-bookworm"},
		"PHP":                                   {"minor", "8.3.2-fpm-alpine3.19", "8.3.3-fpm-alpine3.19", "8.4.0RC1-fpm-alpine3.19 8.4-rc-fpm-alpine3.19 8.3.3-cli-alpine3.19 8.3.3-fpm"},
		"WordPress":                             {"minor", "6.4.3-php8.2-fpm-alpine", "6.5.0-php8.2-fpm-alpine", "6.5.0-php8.3-fpm-alpine 6.5.0-fpm-alpine 6.5-php8.2-fpm-alpine beta-6.6-beta1"},
		"Nextcloud":                             {"minor", "28.0.2-fpm-alpine", "28.0.3-fpm-alpine", "28.0.3-fpm 28.0.3-apache 29.0.0-fpm-alpine 28-fpm-alpine stable-fpm-alpine"},
		"nginx with a second variant":           {"minor", "1.25.4-alpine3.18-slim", "1.25.5-alpine3.18-slim", "1.25.5-alpine3.18-perl 1.25.5-alpine3.19-slim 1.25.5-alpine-slim"},
		"HAProxy's development versions":        {"minor", "3.0-dev3-alpine", "3.0-dev4-alpine", "3.0-dev4 3.1-dev0-alpine 2.9-alpine"},
		"HAProxy's release":                     {"minor", "3.0-dev12-alpine", "3.0-alpine", "3.0-dev13-alpine 3.1-dev0-alpine"},
		"RabbitMQ":                              {"minor", "3.12.12-management-alpine", "3.13.0-management-alpine", "3.13.1-rc.4-management-alpine 3.13.0-alpine 4.0.0-beta.1-management-alpine"},
		"Tomcat":                                {"minor", "10.1.18-jdk17-temurin-jammy", "10.1.19-jdk17-temurin-jammy", "10.1.19-jdk21-temurin-jammy 11.0.0-M16-jdk17-temurin-jammy 10.1-jdk17-temurin-jammy"},
		"Maven":                                 {"minor", "3.9.6-eclipse-temurin-17", "3.9.7-eclipse-temurin-17", "4.0.0-rc-1-eclipse-temurin-17 3.9.7-eclipse-temurin-21 3.9.7-amazoncorretto-17"},
		"Maven's pre-releases":                  {"minor", "4.0.0-rc-1-eclipse-temurin-21", "4.0.0-rc-3-eclipse-temurin-21", "4.0.0-rc-2-eclipse-temurin-21 4.0.0-beta-5-eclipse-temurin-21 3.9.9-eclipse-temurin-21"},
		"Temurin's builds":                      {"patch", "17.0.9_9-jre-alpine", "17.0.10_7-jre-alpine", "17.0.10_7-jdk-alpine 17-jre-alpine 21.0.2_13-jre-alpine"},
		"Liberica's builds":                     {"minor", "17.0.9-11", "17.0.10-13", "17.0.10 17.0.10-cds-13 21.0.2-14"},
		".NET":                                  {"minor", "8.0.1-jammy-chiseled-amd64", "8.0.2-jammy-chiseled-amd64", "8.0.2-jammy-chiseled 8.0.2-jammy-amd64 9.0.0-preview.1-jammy-chiseled-amd64 8.0-jammy-chiseled-amd64"},
		"Windows by its build":                  {"patch", "10.0.20348.2227", "10.0.20348.2322", "10.0.20348.2322-amd64 10.0.17763.5458 ltsc2022 1809"},
		"Windows by its channel":                {"minor", "8.0-nanoserver-ltsc2022", "8.1-nanoserver-ltsc2022", "8.1-nanoserver-ltsc2025 8.1-nanoserver-1809 8.1-windowsservercore-ltsc2022"},
		"Ubuntu":                                {"major", "22.04", "24.04", "20.04 noble jammy-20240227 rolling devel"},
		"Debian":                                {"minor", "12.4-slim", "12.5-slim", "12.5 bookworm-20240211-slim 12-slim 11.9-slim"},
		"Amazon Linux":                          {"minor", "2023.3.20240131.0", "2023.3.20240205.2", "2023.3.20240205.2-minimal 2024.0.20240101.0 latest"},
		"Oracle Linux by date":                  {"minor", "8.9-20240101", "8.9-20240202", "8.9 8.9-slim 9.3-20240202"},
		"CUDA":                                  {"minor", "12.3.1-cudnn9-devel-ubuntu22.04", "12.3.2-cudnn9-devel-ubuntu22.04", "12.3.2-cudnn9-runtime-ubuntu22.04 12.3.2-cudnn9-devel-ubuntu20.04 12.3.2-devel-ubuntu22.04"},
		"Triton by month":                       {"minor", "24.01-py3", "24.02-py3", "24.02-py3-min 24.02-trtllm-python-py3 25.01-py3"},
		"Bitnami":                               {"minor", "16.2.0-debian-12-r3", "16.3.0-debian-12-r0", "16.3.0-debian-11-r5 16.3.0 16.2.0-debian-12-r10 16-debian-12"},
		"GitLab":                                {"patch", "16.8.1-ce.0", "16.8.2-ce.0", "16.8.2-ee.0 16.9.0-ce.0 16.8.3-rc42.ce.0 nightly"},
		"Jenkins' long-term versions":           {"minor", "2.426.3-lts-jdk17", "2.440.1-lts-jdk17", "2.442-jdk17 2.440.1-lts 2.440.1-lts-jdk21 lts-jdk17"},
		"SonarQube with four parts":             {"major", "25.1.0.102122-community", "25.2.0.102705-community", "25.2.0.102705-developer 10.4.1-community community"},
		"Keycloak's rebuilds":                   {"minor", "23.0.6-0", "23.0.7-0", "23.0.7 23.0 24.0.0-0 nightly"},
		"Confluent's images":                    {"patch", "7.5.3-1-ubi8", "7.5.4-1-ubi8", "7.5.4 7.5.4-1-ubi9 7.6.0-1-ubi8 7.5.4.amd64"},
		"Home Assistant by month":               {"minor", "2024.1.5", "2024.2.1", "2024.3.0b3 2024.2.0.dev202401200216 2024.2 dev"},
		"Pi-hole by month":                      {"minor", "2024.01.0", "2024.02.0", "2024.02 v5.8.1 dev"},
		"linuxserver with four parts":           {"patch", "4.0.1.929-ls226", "4.0.1.1131-ls227", "version-4.0.1.1131 4.0.1.1131 develop-4.0.2.1-ls1 amd64-4.0.1.1131-ls227"},
		"k3s":                                   {"patch", "v1.29.1-k3s1", "v1.29.2-k3s1", "v1.29.1-k3s2 v1.29.2-rc2-k3s1 v1.29.2-k3s1-amd64"},
		"CoreDNS of Amazon EKS":                 {"minor", "v1.10.1-eksbuild.7", "v1.11.1-eksbuild.4", "v1.11.1 v1.11.1-eksbuild.3 v1.10.1-eksbuild.11"},
		"kube-proxy of Amazon EKS":              {"minor", "v1.29.1-minimal-eksbuild.2", "v1.29.3-minimal-eksbuild.2", "v1.29.3-eksbuild.2 v1.29.1-minimal-eksbuild.10"},
		"Tanzu, with an underscore for a plus":  {"patch", "v1.28.4_vmware.1", "v1.28.5_vmware.1", "v1.28.5 v1.28.5-vmware.1 v1.29.0_vmware.1"},
		"Istio, distroless":                     {"patch", "1.20.3-distroless", "1.20.4-distroless", "1.20.4-debug 1.21.0-beta.0-distroless 1.20-distroless"},
		"Argo CD's pre-releases":                {"minor", "v2.10.0-rc5", "v2.10.0", "v2.10.0-rc6 v2.11.0-rc1"},
		"Spark, with two versions in a variant": {"minor", "3.5.0-scala2.12-java17-python3-ubuntu", "3.5.1-scala2.12-java17-python3-ubuntu", "3.5.1-scala2.12-java11-python3-ubuntu 3.5.1"},
		"Flink, with an underscore in one":      {"minor", "1.18.1-scala_2.12-java11", "1.19.0-scala_2.12-java11", "1.19.0-java11 1.19.0-scala_2.12-java17"},
		"Elasticsearch's snapshots":             {"minor", "8.12.0-SNAPSHOT", "8.13.0-SNAPSHOT", "8.12.1 8.13.0 8.13.0-rc1"},
		"Chainguard's images with a shell":      {"minor", "3.12.7-r2-dev", "3.12.8-r0-dev", "3.12.7-r3-dev 3.12.8-r0 3.12.8-r1 3.12-dev latest-dev 4.0.0-r0-dev"},
		"linuxserver on Alpine":                 {"minor", "11.4.3-r1-ls160", "11.4.4-r0-ls170", "11.4.4 11.4.4-r0-ls169 arm64v8-11.4.4-r0-ls170 version-11.4.4-r0"},
		"k3s by architecture":                   {"patch", "v1.29.1-k3s1-arm64", "v1.29.1-k3s2-arm64", "v1.29.0-k3s1-arm64 v1.29.1-k3s2 v1.29.1-k3s2-amd64 v1.29.2-rc1-k3s1-arm64"},
		"RKE2's hardened images":                {"patch", "v1.31.2-rke2r1-build20241023", "v1.31.2-rke2r2-build20241101", "v1.31.1-rke2r1-build20241001 v1.31.2-rke2r2-build20241101-amd64 v1.32.0-rke2r1-build20241213"},
		"CloudNativePG by minute":               {"minor", "16.4-202410210800-minimal-bookworm", "16.6-202411250800-minimal-bookworm", "16.6-202411250800-standard-bookworm 16.6-2-bookworm 16.6-2 17.2-202411250800-minimal-bookworm"},
		"Ceph by day and architecture":          {"minor", "v18.2.2-20240521-amd64", "v18.2.4-20240724-amd64", "v18.2.4-20240724-arm64 v18.2.4-20240724 v19.2.0-20240927-amd64 v18.2.4"},
		"PhotoPrism by day":                     {"all", "240115", "240220", "240115-bookworm 240220-bookworm preview"},
		"a build by day and time":               {"all", "2024-01-05_12-30-00", "2024-01-05_13-00-00", "2024-01-05 latest main"},
		"a build by day and number":             {"all", "20240105.3", "20240106.1", "20240105.2 20240107 latest"},
	} {
		t.Run(name, func(t *testing.T) {
			tags := append(strings.Fields(test.others), test.current, test.want)
			if got := parsed(t, Spec{Name: test.policy}).Select(NewIndex(tags), test.current); got.Tag != test.want {
				t.Errorf("got %q (%s), want %q", got.Tag, got.Reason, test.want)
			}
		})
	}
}
