# The image of both commands, `garboard webhook` and `garboard updater`, for those who
# build with a container engine. Releases are built by `make image`, which needs none.
#
#   docker build --build-arg VERSION=v0.1.0 --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) .
#
# The program is reproducible by itself: -trimpath, no build id, no time in it.
# SOURCE_DATE_EPOCH does the same for the layers and the image's history, where
# the builder is BuildKit 0.11 or later (with `--output type=image,rewrite-timestamp=true`).
# A release pins both bases by digest; a tag alone may move.
ARG GO_VERSION=1.26

# Always on the builder's own platform: Go cross-compiles, and faster than an
# emulator compiles.
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build
WORKDIR /src
# The modules first, so that a change of the sources alone downloads none.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# BuildKit sets these, but not over a default given here: RUN has the defaults for other builders.
ARG TARGETOS TARGETARCH
ARG VERSION=dev
# The servers' program; TAGS= is the whole one, for the page.
ARG TAGS=nopage,grpcnotrace
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=${TARGETOS:-linux} GOARCH=${TARGETARCH:-$(go env GOARCH)} \
    go build -trimpath -buildvcs=false -tags "${TAGS}" -ldflags "-s -w -buildid= -X github.com/garboard-dev/garboard/internal/cli/version.Version=${VERSION}" -o /garboard ./cmd/garboard

# Certificates and time zones, no shell, no package manager.
FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=dev
LABEL org.opencontainers.image.title="Garboard" \
      org.opencontainers.image.description="Keeps the images of Kubernetes workloads at the newest version that their policy allows" \
      org.opencontainers.image.source="https://github.com/garboard-dev/garboard" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /garboard /garboard
# By number: runAsNonRoot cannot judge a name.
USER 65532:65532
ENTRYPOINT ["/garboard"]
