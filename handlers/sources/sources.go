// Package sources is GitHub as scanner/changelog asks it: releases, tags, files
// and commits of the repositories that images were built from.
//
// Who reads what is its heart. An image's publisher writes the name of the
// source, so nothing may be read by it that its reader may not see. Public sources
// are read by a token that has no private right, or by none. Only where the operator
// allows private ones, and the source's owner is the account of the
// installation that the pull request belongs to, a token of that
// installation is used, and it is good for that one repository. What is private is kept apart for each
// installation.
package sources

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// Options say which GitHubs there are. All may be left out.
type Options struct {
	// GitHub is the App's, which Web is the address of for people: "https://github.com".
	GitHub *forge.GitHub
	Web    string
	// Hosts are other GitHubs, by their names in lower case, with the port where that is
	// not the usual one. They are read without the App, and whatever one of them calls
	// public may be shown anywhere.
	Hosts map[string]Endpoint
	// Facts keep what is true for ever, of public sources alone; nil keeps it in the process.
	Facts Facts
	// Bytes is how much is kept in the process; 32 MiB when 0.
	Bytes int
	// Now is the clock; nil means the real one.
	Now func() time.Time

	// These are for Hosts, and are as forge.Options has them.
	Transport http.RoundTripper
	Sleep     func(ctx context.Context, d time.Duration) error
	Timeout   time.Duration
	Observe   func(forge.Call)
	UserAgent string
}

// Endpoint is a GitHub that is read without the App.
type Endpoint struct {
	// REST is the root of its API: "https://api.github.com/", or
	// "https://HOST/api/v3/" of an Enterprise Server.
	REST string
	// Token is sent with each request; "" for none, with which github.com
	// answers 60 requests an hour. It is a secret. What it lets be seen of
	// what is not public is not shown.
	Token string
	// Accounts are those in whose repositories may be shown what it calls public,
	// where the reader's word for that is not everybody's: in their private and
	// internal ones, if private sources are allowed. nil is for a GitHub that all the
	// world reads.
	Accounts []string
}

// Facts remember, for all replicas. They may forget at any time.
type Facts interface {
	Fact(ctx context.Context, name string) ([]byte, bool)
	KeepFact(ctx context.Context, name string, value []byte)
}

// Sources read for all installations. It may be used from several goroutines.
type Sources struct {
	o       Options
	web     string // the host of the App's GitHub, "" without one
	readers map[string]*forge.Reader
	closed  map[string][]string // the accounts that may see what is public on a host, in lower case
	narrow  *narrow
	kept    *kept
}

// kept in the process, unless the options say otherwise.
const keptBytes = 32 << 20

// New makes Sources. It makes no request.
func New(o Options) (*Sources, error) {
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the clock that is injected where none is
	}
	if o.Bytes == 0 {
		o.Bytes = keptBytes
	}
	s := &Sources{o: o, readers: map[string]*forge.Reader{}, closed: map[string][]string{}, kept: newKept(o.Bytes)}
	if o.GitHub != nil {
		web, err := url.Parse(o.Web)
		if err != nil || web.Host == "" {
			return nil, errors.New("the address of GitHub's pages must look like https://github.com")
		}
		s.web, s.narrow = strings.ToLower(web.Host), newNarrow(o.GitHub)
	}
	for host, endpoint := range o.Hosts {
		reader, err := forge.NewReader(forge.Options{
			URLs: forge.URLs{REST: endpoint.REST}, Transport: o.Transport, Now: o.Now, Sleep: o.Sleep, Timeout: o.Timeout,
			Observe: o.Observe, UserAgent: o.UserAgent,
		}, endpoint.Token)
		if err != nil {
			return nil, fmt.Errorf("sources at %s: %w", host, err)
		}
		s.readers[strings.ToLower(host)] = reader
		if endpoint.Accounts != nil {
			s.closed[strings.ToLower(host)] = lowered(endpoint.Accounts)
		}
	}
	return s, nil
}

// Forges tells which hosts are read.
func (s *Sources) Forges() changelog.Forges {
	forges := changelog.Forges{}
	if s.web != "" {
		forges[s.web] = changelog.GitHub
	}
	for host := range s.readers {
		forges[host] = changelog.GitHub
	}
	return forges
}

// For gives the Source of one target's pull requests: a repository of an
// installation, which is on the account of that login. allowPrivate is the
// operator's word that private sources of the same installation may be read; whether the target is
// private enough for them is told by changelog.Access.May.
func (s *Sources) For(installation int64, account string, target forge.Ref, allowPrivate bool) changelog.Source {
	return &source{sources: s, installation: installation, account: account, target: target, private: allowPrivate}
}

// Reader names as whom For reads, so that what was read before is not shown where the
// rights are others by now.
func (s *Sources) Reader(installation int64, account string) string {
	open := []string{}
	for host, accounts := range s.closed {
		if slices.Contains(accounts, strings.ToLower(account)) {
			open = append(open, host)
		}
	}
	slices.Sort(open)
	return fmt.Sprintf("%d %s %s", installation, strings.ToLower(account), strings.Join(open, " "))
}

func lowered(all []string) []string {
	texts := make([]string, 0, len(all))
	for _, one := range all {
		texts = append(texts, strings.ToLower(one))
	}
	return texts
}

// WithoutApp gives the Source that reads Hosts alone, and what is public there.
func (s *Sources) WithoutApp() changelog.Source { return &source{sources: s} }
