# The App as an image: one static binary on nothing else.
#   docker build --build-arg VERSION=v1.2.3 --build-arg REVISION="$(git rev-parse HEAD)" -t imageupdater .
# test/deploy runs the build's command natively and holds this file to its rules.

FROM --platform=$BUILDPLATFORM golang:1.26.8 AS build
# The same folder wherever it is built: no path of a machine gets into the binary.
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH VERSION
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build \
    -ldflags "-s -w -X main.version=$VERSION" \
    -o /out/imageupdater ./cmd/imageupdater
# Folders that the user of the image may write to, which scratch has not.
RUN mkdir -p -m 0700 /folders/tmp /folders/var/lib/imageupdater

FROM scratch
ARG VERSION=unknown REVISION=unknown
LABEL org.opencontainers.image.title="Image Updater" \
      org.opencontainers.image.description="Keeps the container images of GitOps repositories up to date by pull requests" \
      org.opencontainers.image.source="https://github.com/imageupdater/imageupdater" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# Time zones are in the binary.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /folders/ /
COPY --from=build /out/imageupdater /imageupdater
USER 65532:65532
# The SQLite file: without a volume it is gone with the container.
VOLUME /var/lib/imageupdater
EXPOSE 8080
ENTRYPOINT ["/imageupdater"]
CMD ["serve", "--config", "/etc/imageupdater/server.yaml"]
