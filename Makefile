SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# One set of flags for all that is compiled, so that one build cache serves
# build, lint, tests and the local cluster. Only debuggers read DWARF, which takes
# the compiler a quarter of its time.
export CGO_ENABLED := 0
export GOFLAGS := $(strip $(GOFLAGS) -trimpath -buildvcs=false -gcflags=all=-dwarf=false)

# The compiler, and no program that it makes: garbage collected a quarter as often
# takes it a fifth less time, for some hundred megabytes.
GOBUILD := GOGC=400 go build

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
CACHE := $(or $(GARBOARD_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/garboard)

GOLANGCI_VERSION := v2.15.0
GOLANGCI_DIR := $(CACHE)/tools/golangci-lint-$(GOLANGCI_VERSION)
GOLANGCI := $(GOLANGCI_DIR)/golangci-lint

CONTROLLER_GEN_VERSION := v0.23.0
CONTROLLER_GEN_DIR := $(CACHE)/tools/controller-gen-$(CONTROLLER_GEN_VERSION)
CONTROLLER_GEN := $(CONTROLLER_GEN_DIR)/controller-gen

KUBECONFORM_VERSION := v0.8.0
KUBECONFORM := $(CACHE)/tools/kubeconform-$(KUBECONFORM_VERSION)/kubeconform
ACTIONLINT_VERSION := v1.7.12
ACTIONLINT := $(CACHE)/tools/actionlint-$(ACTIONLINT_VERSION)/actionlint
HELM3_VERSION := v3.22.0
HELM3 := $(abspath $(CACHE)/tools/helm-$(HELM3_VERSION)/helm)
KREW_VERSION := v0.4.3
KREW := $(abspath $(CACHE)/tools/krew-$(KREW_VERSION)/krew)
KREW_VALIDATOR := $(abspath $(CACHE)/tools/krew-$(KREW_VERSION)/validate-krew-manifest)

# The local cluster's control plane is a module of its own: Kubernetes itself is
# no dependency of Garboard.
CONTROLPLANE := test/cluster/controlplane

# The tests of alerts and dashboard are one, too: nor is Prometheus.
MONITORING := test/monitoring

# And those that compare with the kubelet's own code.
KUBELET := test/kubelet

# What holds NetworkPolicies on a node is another's.
NETWORKPOLICY := test/cluster/networkpolicy

LOCALCLUSTER := go run ./test/cluster/cmd/localcluster
# The race detector would only make these ten times as slow: packages that start no goroutine,
# which a test in test/ holds, and files that say so. A test of those packages that starts some
# has Concurrent in its name, and runs with it as well.
SINGLE := docs internal/manifest internal/workload internal/workload/record internal/workload/settings \
	manifests release release/artifact release/image release/sbom resolver/policy test
CONCURRENT = $$(grep -l '^func Test.*Concurrent' $(SINGLE:%=./%/*_test.go) | xargs -n 1 dirname | sort -u)
UNRACED = $$(grep -rl --include='*_test.go' '^//go:build !race' . | xargs -n 1 dirname | sort -u)
# Those whose tests run programs.
RUNNING = $$(grep -rl --include='*_test.go' '"os/exec"' . | grep -v '^./test/.*/' | xargs -n 1 dirname | sort -u)
# The longest first: nothing waits for one that began last.
LONGEST := ./webhook ./updater

.PHONY: help
help: ## Show the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

### Build

.PHONY: build
build: ## Build bin/garboard, and the name under which kubectl finds it
	$(GOBUILD) -ldflags "-s -w -X github.com/garboard-dev/garboard/internal/cli/version.Version=$(VERSION)" -o bin/garboard ./cmd/garboard
	ln -sf garboard bin/kubectl-garboard

# What make image and make release build for, and what they say of it. Times are the
# commit's, so that two builds are one.
ABOUT = -version="$(VERSION)" -revision="$$(git rev-parse HEAD)" \
	-created="$(or $(SOURCE_DATE_EPOCH),$$(git log -1 --format=%ct))" -folder=bin/release

# PUSH names a registry to push it to: make image PUSH=registry.example.com/garboard:v0.1.0
PLATFORMS ?= linux/amd64,linux/arm64
IMAGES ?= garboard,garboard-page
.PHONY: image
image: ## Build the images as OCI layouts, bin/release/image and image-page, and push them where PUSH says
	go run ./release image $(ABOUT) -images=$(IMAGES) -platforms=$(PLATFORMS) $(if $(PUSH),-push=$(PUSH))

# Each platform is compiled from nothing the first time, for minutes;
# PROGRAMS=linux/amd64 PLATFORMS=linux/amd64 is a trial.
PROGRAMS ?= linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64
.PHONY: release
release: ## Make all files of a release in bin/release: make release VERSION=v0.1.0
	go run ./release all $(ABOUT) -platforms=$(PLATFORMS) -programs=$(PROGRAMS) $(if $(PUSH),-push=$(PUSH))

# krew's own validator, and krew itself: of a release that the test makes in seconds, of stand-ins
# for the programs, or of a real one: make verify-krew RELEASE=bin/release
.PHONY: verify-krew
verify-krew: $(KREW_VALIDATOR) $(KREW) ## Let krew judge the plugin's manifest, and install each archive
	go test -count=1 -v -run TestKrew ./release/artifact -krew=$(dir $(KREW)) $(if $(RELEASE),-release=$(abspath $(RELEASE)))

.PHONY: clean
clean: ## Remove build outputs; what is cached outside the checkout stays
	rm -rf bin

### Test

# The two beside each other: much of the second is waiting.
.PHONY: test
test: test-unit test-e2e ## Run all tests

# Go's test cache answers for a package that has passed and of which nothing changed since:
# sources, files of the module that its tests read, environment. What programs read that a
# test runs, and files of another module, it does not see: those run each time.
# GOFLAGS=-count=1 runs all.
# The manifests are rendered with the local cluster's kubectl, which is built first.
# The race detector needs the C compiler that "go env CC" names. RACE=required, as
# in CI, fails without it.
.PHONY: test-unit
test-unit: cluster-build ## Run unit and property tests, with the race detector where there is a C compiler
	@race=; if command -v "$$(go env CC)" >/dev/null; then export CGO_ENABLED=1; race=-race; \
	elif [ "$(RACE)" = required ]; then echo "RACE=required, and there is no C compiler ($$(go env CC)) in PATH" >&2; exit 1; \
	else echo "There is no C compiler ($$(go env CC)) in PATH: the tests run without the race detector."; fi; \
	single="$$(go list $(SINGLE:%=./%))" running="$$(go list $(RUNNING))"; \
	raced="$$(go list ./... | grep -v '^github.com/garboard-dev/garboard/test/' | grep -vxF "$$single")"; \
	set -x; go test $$race $(LONGEST) $$(grep -vxF "$$running" <<<"$$raced"); \
	go test $$race -count=1 $$(grep -xF "$$running" <<<"$$raced"); \
	CGO_ENABLED=0 go test -count=1 $$(grep -xF "$$running" <<<"$$single"); \
	CGO_ENABLED=0 go test $$(grep -vxF "$$running" <<<"$$single"); \
	[ -z "$$race" ] || go test $$race -run Concurrent $(CONCURRENT); \
	[ -z "$$race" ] || for folder in $(UNRACED); do \
		CGO_ENABLED=0 go test -run "^($$(grep -l '^//go:build !race' "$$folder"/*_test.go | xargs sed -n 's/^func \(Test[A-Za-z0-9]*\)(.*/\1/p' | paste -sd '|'))$$" "$$folder"; \
	done
	go -C $(CONTROLPLANE) test ./kubelet
	go -C $(MONITORING) test -count=1 ./...
	go -C $(KUBELET) test -count=1 ./...

# Two packages at a time: test/e2e keeps two cores busy for longer than all others, which begin
# beside it and are waiting for most of their time.
.PHONY: test-e2e
test-e2e: cluster-build ## Run the end-to-end suite against a real control plane
	go test -count=1 -p 2 -timeout 30m ./test/e2e ./test/chaos $$(go list ./test/... | grep /test/)

# A sandbox of this machine, which stays as it is, and what runs there is ended.
.PHONY: test-node
test-node: cluster-build ## Run the image on nodes for real, as root on Debian: some minutes
	go build -o bin/node ./test/node
	bin/node true # builds what a node runs: no test waits for that
	go test -count=1 -v -timeout 25m -parallel 4 -exec $(CURDIR)/bin/node ./test/node/stories

# Each version is built once into the cache, for minutes. KUBERNETES=v1.34.4 tries one alone.
KUBERNETES ?= all
.PHONY: test-skew
test-skew: cluster-build ## Run Garboard on older API servers, each built from its modules: half an hour the first time
	go test -count=1 -v -timeout 120m -run TestAPIServers ./test/skew -kubernetes=$(KUBERNETES)

# A clone without the history of the older versions skips it. The second is by Helm, on nodes for
# real: as root on Debian. UPGRADE="-helm=/path/of/helm" has another Helm do it.
.PHONY: test-upgrade
test-upgrade: cluster-build ## Replace older builds of Garboard by this one, and back, while writes go on: minutes
	go test -count=1 -v -timeout 30m -run TestUpgradeAndBack ./test/skew -upgrade
	go build -o bin/node ./test/node
	go test -count=1 -v -timeout 30m -exec $(CURDIR)/bin/node -run TestUpgradeWithHelm ./test/node/stories -upgrade $(UPGRADE)

# What make test and make test-upgrade do with Helm 4.
.PHONY: test-helm3
test-helm3: cluster-build $(HELM3) ## Install from a registry, upgrade, roll back and uninstall with Helm 3, as root on Debian: minutes
	go test -count=1 -v -timeout 20m -run TestInstalledWithHelm ./test/install -helm=$(HELM3)
	go build -o bin/node ./test/node
	go test -count=1 -v -timeout 30m -exec $(CURDIR)/bin/node -run TestUpgradeWithHelm ./test/node/stories -upgrade -helm=$(HELM3)

# Bases are stand-ins, and caches are those of this machine: the test says how.
.PHONY: test-dockerfile
test-dockerfile: ## Build the Dockerfile with buildah and run its image, as root on Debian
	GARBOARD_DOCKERFILE=1 go test -count=1 -v -timeout 60m ./test/dockerfile

# How long, and which: make chaos DURATION=30m SEED=7
DURATION ?= 10m
.PHONY: chaos
chaos: cluster-build ## Let all that Garboard needs come and go for ten minutes, and look for what went wrong
	go test -count=1 -v -run TestChaos -timeout 24h ./test/chaos -duration=$(DURATION) $(if $(SEED),-seed=$(SEED))

.PHONY: bench
bench: ## Run the benchmarks, and the webhook's cost beside that of one which does nothing
	go test -run '^$$' -bench . -benchmem ./resolver/... ./webhook/... ./updater ./updater/watched ./updater/approval ./internal/cli/resolve
	go run ./test/bench -requests=200 -load=4s -admissions=0

# BENCH holds flags: go run ./test/bench -help
.PHONY: bench-admission
bench-admission: cluster-build ## Measure admission beside other webhooks, and the webhook's memory
	go run ./test/bench $(BENCH)

# Of the program that the servers' image has.
.PHONY: bench-start
bench-start: cluster-build ## Measure how long webhook and updater take from start to ready
	$(GOBUILD) -tags nopage,grpcnotrace -ldflags "-s -w" -o bin/start/garboard ./cmd/garboard
	go run ./test/start -binary=$(CURDIR)/bin/start/garboard $(START)

# Of the program that the servers' image has. INSTALL holds flags: go run ./test/installtime -help
.PHONY: bench-install
bench-install: cluster-build ## Measure how long an installation takes until the first write is answered
	$(GOBUILD) -tags nopage,grpcnotrace -ldflags "-s -w" -o bin/start/garboard ./cmd/garboard
	go run ./test/installtime -binary=$(CURDIR)/bin/start/garboard $(INSTALL)

# LATENCY holds flags: go run ./test/latency -help
.PHONY: bench-latency
bench-latency: cluster-build ## Measure the time from a push to the spec, beside doing it by hand
	go run ./test/latency $(LATENCY)

# SCALE holds flags: make bench-scale SCALE="-workloads=1000,10000 -repositories=200"
.PHONY: bench-scale
bench-scale: cluster-build ## Measure the updater with many workloads: a quarter of an hour and more
	go run ./test/scale $(SCALE)

### Verify

.PHONY: verify
verify: verify-format verify-generated vet lint verify-modules verify-manifests verify-workflows verify-links ## Run all checks that are no tests

.PHONY: verify-format
verify-format:
	@files="$$(gofmt -l .)"; test -z "$$files" || { echo "not formatted, run: make fmt"; echo "$$files"; exit 1; }

.PHONY: verify-generated
verify-generated: $(CONTROLLER_GEN)
	@before="$$(mktemp -d)"; trap 'rm -rf "$$before"' EXIT; cp -r api manifests/base/crds "$$before"; \
	$(MAKE) --no-print-directory generate; \
	diff -r "$$before/api" api && diff -r "$$before/crds" manifests/base/crds || \
	{ echo "what is generated from api/ was not up to date, and is now: commit it" >&2; exit 1; }

.PHONY: vet
vet: ## Run go vet
	go vet ./...
	go -C $(MONITORING) vet ./...
	go -C $(KUBELET) vet ./...

# Not in the control plane's module: type-checking it takes a compiled Kubernetes.
.PHONY: lint
lint: $(GOLANGCI) ## Run golangci-lint, which is installed first where it is missing
	$(GOLANGCI) run ./...
	cd $(MONITORING) && $(abspath $(GOLANGCI)) run ./...
	cd $(KUBELET) && $(abspath $(GOLANGCI)) run ./...

.PHONY: verify-modules
verify-modules:
	go mod verify
	go mod tidy -diff
	go -C $(CONTROLPLANE) mod tidy -diff
	go -C $(MONITORING) mod tidy -diff
	go -C $(KUBELET) mod tidy -diff
	go -C $(NETWORKPOLICY) mod tidy -diff

.PHONY: verify-manifests
verify-manifests: cluster-build $(KUBECONFORM)
	go test -count=1 -run TestManifest ./certs/certmanager
	go test -count=1 -run 'TestManifest|TestInstall|TestRBAC|TestAdmissionPolicy' ./manifests -kubeconform=$(abspath $(KUBECONFORM))

# By the schemas of a release of each minor version, from its module: 20 MB each, which Go's
# module cache keeps. KUBERNETES=v1.30.14 has them judged by that one alone.
.PHONY: lint-manifests
lint-manifests: cluster-build $(KUBECONFORM) ## Judge all manifests by the schemas of Kubernetes 1.30 to 1.37, with kubeconform
	go test -count=1 -v -run TestManifests ./manifests -kubeconform=$(abspath $(KUBECONFORM)) -kubernetes=$(KUBERNETES)

.PHONY: verify-workflows
verify-workflows: $(ACTIONLINT)
	$(ACTIONLINT)

# Outside of verify: it compiles everything again, for minutes.
.PHONY: verify-reproducible
verify-reproducible: ## Build the image twice, the second time from nothing, and compare
	GARBOARD_COLD=1 go test -count=1 -timeout 60m -run 'TestImages/two_builds' ./release

.PHONY: verify-links
verify-links:
	go test -count=1 ./docs

### Change

.PHONY: fmt
fmt: $(GOLANGCI) ## Format the sources
	$(GOLANGCI) fmt ./...

# It writes files, and leaves those of types that are gone: remove these by hand.
.PHONY: generate
generate: $(CONTROLLER_GEN) ## Generate what follows from the types in api/: copies, apply configurations, CRDs
	$(CONTROLLER_GEN) object applyconfiguration crd paths=./api/... output:crd:dir=manifests/base/crds
	mkdir -p manifests/chart/files/crds && cp manifests/base/crds/*.yaml manifests/chart/files/crds/
	cp manifests/base/crds/*.yaml api/v1alpha1/crds/

.PHONY: manifests
manifests: generate cluster-build ## Render manifests/install.yaml and what else is generated
	go test -count=1 -run 'TestManifest' ./certs/certmanager -update
	go test -count=1 -run 'TestInstall|TestRBAC|TestAdmissionPolicy' ./manifests -update

### Try

# KEEP=1 leaves the cluster running. CONTEXT names a cluster of yours instead of
# the local one, REGISTRY where to push, as that cluster names it.
.PHONY: demo
demo: ## Show Garboard at work in a local cluster
	@echo "Compiling the demo. The first time, Kubernetes' client libraries come with it: a minute, or some on a slow machine."
	@$(GOBUILD) -o bin/demo ./test/demo
	@bin/demo $(if $(filter-out 0 no false,$(KEEP)),-keep) $(if $(CONTEXT),-context $(CONTEXT)) $(if $(REGISTRY),-registry $(REGISTRY))

.PHONY: cluster-build
cluster-build: ## Build the local cluster's programs and Helm, once: minutes, and then a second
	$(LOCALCLUSTER) build

.PHONY: cluster-up
cluster-up: ## Start a local cluster
	$(LOCALCLUSTER) up $(if $(DIR),--dir $(DIR))

.PHONY: cluster-down
cluster-down: ## Stop the local cluster
	$(LOCALCLUSTER) down $(if $(DIR),--dir $(DIR))

# The folder's name holds the version: another version is another tool.
$(GOLANGCI):
	GOBIN=$(abspath $(GOLANGCI_DIR)) go install -ldflags "-s -w" github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

$(CONTROLLER_GEN):
	GOBIN=$(abspath $(CONTROLLER_GEN_DIR)) go install -ldflags "-s -w" sigs.k8s.io/controller-tools/cmd/controller-gen@$(CONTROLLER_GEN_VERSION)

$(KUBECONFORM):
	GOBIN=$(dir $(abspath $@)) go install -ldflags "-s -w" github.com/yannh/kubeconform/cmd/kubeconform@$(KUBECONFORM_VERSION)

$(ACTIONLINT):
	GOBIN=$(dir $(abspath $@)) go install -ldflags "-s -w" github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)

$(KREW) $(KREW_VALIDATOR):
	GOBIN=$(dir $@) go install -ldflags "-s -w" sigs.k8s.io/krew/cmd/$(notdir $@)@$(KREW_VERSION)

$(HELM3):
	GOBIN=$(dir $@) go install -ldflags "-s -w" helm.sh/helm/v3/cmd/helm@$(HELM3_VERSION)
