package changelog

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// ErrAddress is wrapped by the errors of ReadAddress.
var ErrAddress = errors.New("no address of a repository")

// maxAddress is how many bytes an address may have.
const maxAddress = 1024

// Forge is what serves a repository.
type Forge int

// What is known of a host. Of others than GitHub nothing is read: they get a link.
const (
	OtherForge Forge = iota
	GitHub           // github.com or a GitHub Enterprise Server
)

// Forges tells which hosts, in lower case, are what. github.com is GitHub
// whether it is listed or not. One that is not at the usual port is listed with its
// port, and only so is one meant that has a port, or no domain name.
type Forges map[string]Forge

// Repository is where source code lives. The zero value is none. It may be a map
// key: two spellings of one repository on GitHub are equal by Same alone.
type Repository struct {
	// Host is a domain name in lower case, without a port, unless Forges lists it with
	// one.
	Host string
	// Path is "owner/name" on GitHub, elsewhere one segment or more.
	Path  string
	Forge Forge
}

// IsZero tells whether r is no repository.
func (r Repository) IsZero() bool { return r.Host == "" }

// Same tells whether both are one repository. Case counts nowhere: forges
// refuse two names that differ in case alone.
func (r Repository) Same(other Repository) bool {
	return r.Host == other.Host && strings.EqualFold(r.Path, other.Path)
}

// URL is the address of the repository's page; "" of none.
func (r Repository) URL() string {
	if r.IsZero() {
		return ""
	}
	return "https://" + r.Host + "/" + r.Path
}

// Name is the last segment of the path.
func (r Repository) Name() string { return r.Path[strings.LastIndexByte(r.Path, '/')+1:] }

// Address is a repository, and what an address said beyond it.
type Address struct {
	Repository

	// Directory is a path within the repository, without a slash at its ends; "" for its top.
	Directory string
	// Revision is what ValidRevision allows, or "". A branch may be meant.
	Revision string
}

var (
	hostPattern    = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)
	ownerPattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	segmentPattern = regexp.MustCompile(`^[A-Za-z0-9._~+@-]{1,100}$`)
	scpPattern     = regexp.MustCompile(`^git@([A-Za-z0-9.-]+):([^/:][^:]*)$`)
)

// ReadAddress reads the address of a repository as publishers of images write
// it: https://github.com/acme/api, with .git, /tree/REF/DIRECTORY or #REF:DIRECTORY
// behind it and git+ before it, or git@github.com:acme/api. The scheme is dropped,
// since all that is ever used is HTTPS; the query too.
//
// The error wraps ErrAddress: for other schemes, users and passwords, ports and
// addresses of machines that forges does not list, names that are not plain ASCII, and
// paths that are no repository's.
func ReadAddress(text string, forges Forges) (Address, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxAddress {
		return Address{}, fmt.Errorf("%w: longer than %d bytes", ErrAddress, maxAddress)
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' || strings.IndexByte("\\%<>\"'`{}|^$", text[i]) >= 0 {
			return Address{}, fmt.Errorf("%w: it has characters that no address of a repository has", ErrAddress)
		}
	}
	w, err := split(text, forges)
	if err != nil {
		return Address{}, err
	}
	return w.address(forges)
}

// written is an address in parts.
type written struct {
	host, path, fragment string
	git                  bool // it is for git, not for a browser
}

func split(text string, forges Forges) (written, error) {
	plain, git := strings.CutPrefix(text, "git+")
	rest, fragment, _ := strings.Cut(plain, "#")
	if m := scpPattern.FindStringSubmatch(rest); m != nil {
		return written{host: strings.ToLower(m[1]), path: m[2], fragment: fragment, git: true}, nil
	}
	if !strings.Contains(rest, "://") {
		if !plainHost(rest) {
			return written{}, fmt.Errorf("%w: it has no scheme", ErrAddress)
		}
		rest = "https://" + rest
	}
	u, err := url.Parse(rest)
	switch {
	case err != nil:
		return written{}, fmt.Errorf("%w: it is no URL", ErrAddress)
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "git":
		return written{}, fmt.Errorf("%w: its scheme is neither https nor http", ErrAddress)
	case u.User != nil:
		return written{}, fmt.Errorf("%w: it names a user", ErrAddress)
	case strings.Contains(u.Host, ":") && !forges.list(strings.ToLower(u.Host)):
		return written{}, fmt.Errorf("%w: it names a port", ErrAddress)
	}
	return written{
		host: strings.ToLower(u.Host), path: u.Path, fragment: fragment,
		git: git || u.Scheme == "git" || strings.HasSuffix(u.Path, ".git"),
	}, nil
}

// list tells whether somebody who is to be trusted named a host.
func (f Forges) list(host string) bool {
	_, listed := f[host]
	return listed
}

// plainHost tells whether text begins with a forge that is often written without a scheme.
func plainHost(text string) bool {
	host, _, _ := strings.Cut(text, "/")
	switch strings.ToLower(host) {
	case "github.com", "www.github.com", "gitlab.com", "bitbucket.org", "codeberg.org":
		return true
	}
	return false
}

func (w written) address(forges Forges) (Address, error) {
	host := w.host
	if host == "www.github.com" {
		host = "github.com"
	}
	if !forges.list(host) && (len(host) > 253 || !hostPattern.MatchString(host) || strings.Contains(host, "xn--")) {
		return Address{}, fmt.Errorf("%w: its host is no plain domain name", ErrAddress)
	}
	path := w.path
	if w.git {
		// SLSA: https://github.com/acme/api@refs/heads/main.
		if before, ref, found := strings.Cut(path, "@"); found {
			path = before
			if w.fragment == "" {
				w.fragment = ref
			}
		}
	}
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for _, s := range segments {
		if !segmentPattern.MatchString(s) || s == "." || strings.Contains(s, "..") {
			return Address{}, fmt.Errorf("%w: %.40q is no part of a repository's path", ErrAddress, s)
		}
	}
	forge := forges[host]
	if host == "github.com" {
		forge = GitHub
	}
	a, err := cut(host, forge, segments)
	if err != nil {
		return Address{}, err
	}
	a.Repository = Repository{Host: host, Path: a.Path, Forge: forge}
	w.beyond(&a)
	return a, nil
}

// beyond reads what stands behind #. A browser's fragment is the name of a
// heading, unless it is a commit.
func (w written) beyond(a *Address) {
	ref, directory, _ := strings.Cut(w.fragment, ":")
	if !w.git && !IsCommit(ref) {
		return
	}
	if revision, ok := ValidRevision(trimRef(ref)); ok {
		a.Revision = revision
	}
	if directory = strings.Trim(directory, "/"); ValidDirectory(directory) {
		a.Directory = directory
	}
}
