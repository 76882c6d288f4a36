// Package image knows container image references: their grammar, their parts
// and the difference between what a user wrote and what it means.
//
// It imports nothing of the project.
package image

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// ErrInvalid is wrapped by every error of this package.
var ErrInvalid = errors.New("invalid image reference")

// Limits of the OCI distribution specification and of the Docker reference
// grammar, in bytes.
const (
	maxNameLength = 255
	maxTagLength  = 128
)

// DockerHub is the registry that a name without one means.
const DockerHub = "docker.io"

var (
	hostPattern      = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$`)
	componentPattern = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$`)
	tagPattern       = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digestPattern    = regexp.MustCompile(`^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)
)

// Reference is an image reference as somebody wrote it: nothing is filled in
// and nothing is normalised, so String gives the text back. Canonical says
// what it means.
type Reference struct {
	// Registry is the host, with its port, or "" where none was written.
	Registry string
	// Path is the repository below the registry, as written: "nginx",
	// "library/nginx", "acme/team/web".
	Path string
	// Tag is "" where none was written.
	Tag string
	// Digest is "algorithm:hex", or "" where none was written.
	Digest string
}

// Parse reads a reference by the OCI and Docker grammar:
// [host[:port]/]path[:tag][@digest]. A first segment is a host when it has a
// dot or a colon, or is "localhost". Nothing is trimmed. The error wraps ErrInvalid and says which part is wrong.
func Parse(s string) (Reference, error) {
	name, digest, hasDigest := strings.Cut(s, "@")
	if hasDigest && !ValidDigest(digest) {
		return Reference{}, fmt.Errorf("%w %.100q: digest %.100q is not sha256:<64 hex>", ErrInvalid, s, digest)
	}
	tag := ""
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, tag = name[:colon], name[colon+1:]
		if !ValidTag(tag) {
			return Reference{}, fmt.Errorf("%w %.100q: tag %.100q must be 1 to %d of letters, digits, '_', '.', '-'", ErrInvalid, s, tag, maxTagLength)
		}
	}
	ref, err := ParseName(name)
	if err != nil {
		return Reference{}, err
	}
	ref.Tag, ref.Digest = tag, digest
	return ref, nil
}

// ParseName reads a reference that may carry neither tag nor digest.
func ParseName(s string) (Reference, error) {
	registry, path := splitHost(s)
	switch {
	case s == "":
		return Reference{}, fmt.Errorf("%w: it is empty", ErrInvalid)
	case len(s) > maxNameLength:
		return Reference{}, fmt.Errorf("%w %.40q…: name is longer than %d bytes", ErrInvalid, s, maxNameLength)
	case registry != "" && !hostPattern.MatchString(registry):
		return Reference{}, fmt.Errorf("%w %.100q: %.100q is not a registry host", ErrInvalid, s, registry)
	}
	for component := range strings.SplitSeq(path, "/") {
		if !componentPattern.MatchString(component) {
			return Reference{}, fmt.Errorf("%w %.100q: %.100q is not a repository path component", ErrInvalid, s, component)
		}
	}
	ref := Reference{Registry: registry, Path: path}
	if len(ref.Repository().String()) > maxNameLength {
		return Reference{}, fmt.Errorf("%w %.40q…: name is longer than %d bytes", ErrInvalid, s, maxNameLength)
	}
	return ref, nil
}

// ValidTag tells whether s may stand as a tag.
func ValidTag(s string) bool { return tagPattern.MatchString(s) }

// ValidDigest tells whether s is sha256 or sha512 with its full hex.
func ValidDigest(s string) bool { return digestPattern.MatchString(s) }

func splitHost(s string) (registry, path string) {
	first, rest, found := strings.Cut(s, "/")
	if found && isHost(first) {
		return first, rest
	}
	return "", s
}

func isHost(segment string) bool {
	return strings.ContainsAny(segment, ".:") || segment == "localhost"
}

// String is the reference as it was written.
func (r Reference) String() string {
	s := r.Name()
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// Name is registry and path as they were written, without tag and digest.
func (r Reference) Name() string {
	switch {
	case r.Registry == "":
		return r.Path
	case r.Path == "":
		return r.Registry
	}
	return r.Registry + "/" + r.Path
}

// Repository is the canonical repository that the reference means.
func (r Reference) Repository() Repository {
	switch {
	case r.Registry == "", strings.EqualFold(r.Registry, DockerHub), strings.EqualFold(r.Registry, "index.docker.io"), strings.EqualFold(r.Registry, "registry-1.docker.io"):
		path := r.Path
		if path != "" && !strings.Contains(path, "/") {
			path = "library/" + path
		}
		return Repository{Registry: DockerHub, Path: path}
	}
	// The port that TLS has anyway says nothing.
	return Repository{Registry: strings.TrimSuffix(strings.ToLower(r.Registry), ":443"), Path: r.Path}
}

// Repository is where images of one name live, in canonical spelling:
// "docker.io/library/nginx" for "nginx". It may be a map key.
type Repository struct {
	// Registry is the host with its port, in lower case; "docker.io" for
	// Docker Hub in any of its spellings.
	Registry string
	// Path is the repository below the registry.
	Path string
}

// String is "registry/path".
func (r Repository) String() string { return r.Registry + "/" + r.Path }
