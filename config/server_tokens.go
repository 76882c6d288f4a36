package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Token is what a caller of the API may do who shows a text of this hash.
type Token struct {
	// Name is for logs.
	Name   string
	SHA256 [sha256.Size]byte
	// Accounts are the owners of repositories that it is for, and Repositories
	// globs on owner/name, all in lower case. A repository must be in both;
	// none means all.
	Accounts     []string
	Repositories []string
	Scopes       []Scope
}

// Scope is a part of the API.
type Scope string

// The scopes.
const (
	ScopeRescan    Scope = "rescan"    // POST /api/v1/rescan
	ScopeRead      Scope = "read"      // GET /api/v1/repos/…
	ScopeDecisions Scope = "decisions" // GET /api/v1/decisions
)

// Allows tells whether the token is for a part of the API and a repository, as
// owner/name. GitHub's names are the same in upper and lower case.
func (t *Token) Allows(scope Scope, repository string) bool {
	repository = strings.ToLower(repository)
	owner, name, _ := strings.Cut(repository, "/")
	if owner == "" || name == "" || !slices.Contains(t.Scopes, scope) {
		return false
	}
	if len(t.Accounts) > 0 && !slices.Contains(t.Accounts, owner) {
		return false
	}
	return len(t.Repositories) == 0 || slices.ContainsFunc(t.Repositories, func(glob string) bool {
		fits, err := path.Match(glob, repository)
		return fits && err == nil
	})
}

// Everywhere tells whether the token is for every repository, gone ones too.
func (t *Token) Everywhere() bool { return len(t.Accounts) == 0 && len(t.Repositories) == 0 }

// serverToken is an entry of api.tokens.
type serverToken struct {
	Name         handle                    `key:"name" doc:"What it is called in logs: a-z, 0-9 and dashes." required:"true"`
	SHA256       tokenHash                 `key:"sha256" doc:"The SHA-256 of the token, in 64 hexadecimal digits." required:"true"`
	Scopes       []Scope                   `key:"scopes" doc:"What it may be used for: to ask for looks, to read what is known of repositories, or to read the log of decisions." required:"true"`
	Accounts     Setting[[]accountName]    `key:"accounts" doc:"The owners of the repositories that it is for. All of them if left out."`
	Repositories Setting[[]repositoryGlob] `key:"repositories" doc:"Globs on owner/name of the repositories that it is for, of those accounts. All of them if left out."`
	Origin       *Origin
}

func (t *serverToken) place(o *Origin) { t.Origin = o }

func (t *serverToken) build() Token {
	built := Token{Name: t.Name.name, SHA256: t.SHA256.sum, Accounts: lowered(t.Accounts.Value), Scopes: t.Scopes}
	for _, r := range t.Repositories.Value {
		built.Repositories = append(built.Repositories, strings.ToLower(string(r)))
	}
	return built
}

func lowered(accounts []accountName) []string {
	var all []string
	for _, a := range accounts {
		all = append(all, strings.ToLower(string(a)))
	}
	return all
}

func (d *decoder) checkTokens(tokens []serverToken) {
	names := make([]handle, len(tokens))
	first := map[[sha256.Size]byte]*Origin{}
	for i := range tokens {
		t := &tokens[i]
		names[i] = t.Name
		if before := first[t.SHA256.sum]; before != nil && t.SHA256.origin != nil {
			d.failOrigin(t.SHA256.origin, fmt.Sprintf("the hash is there already, at %d:%d", before.Line, before.Column), "make a token for each caller")
		}
		first[t.SHA256.sum] = t.SHA256.origin
		if t.Scopes != nil && len(t.Scopes) == 0 {
			d.failOrigin(t.Origin, "without scopes the token is for nothing", "write scopes: [rescan]")
		}
		if t.Accounts.Set() && len(t.Accounts.Value) == 0 {
			d.failOrigin(t.Accounts.Origin, "without accounts the token is for nothing", "leave the key out for all of them, or remove the token")
		}
		if t.Repositories.Set() && len(t.Repositories.Value) == 0 {
			d.failOrigin(t.Repositories.Origin, "without repositories the token is for nothing", "leave the key out for all of them, or remove the token")
		}
	}
	d.uniqueHandles(names, "token")
}

// tokenHash is the hash of a token.
type tokenHash struct {
	sum    [sha256.Size]byte
	origin *Origin
}

func (h *tokenHash) place(o *Origin) { h.origin = o }

const hashForm = `write what "printf %s TOKEN | sha256sum" prints: 64 hexadecimal digits, in quotes`

func readTokenHash(h *tokenHash, text string) *fault {
	sum, err := hex.DecodeString(text)
	switch {
	case err != nil || len(sum) != sha256.Size:
		// It may be the token itself.
		return faultf(hashForm, "this is no SHA-256")
	case [sha256.Size]byte(sum) == sha256.Sum256(nil), [sha256.Size]byte(sum) == sha256.Sum256([]byte("\n")):
		return faultf(hashForm, "this is the hash of an empty text")
	}
	h.sum = [sha256.Size]byte(sum)
	return nil
}

func schemaOfTokenHash() schema { return schema{"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"} }

// repositoryGlob is a glob on owner/name.
type repositoryGlob string

var repositoryGlobPattern = regexp.MustCompile(`^[A-Za-z0-9*?-]+/[A-Za-z0-9._*?-]+$`)

func readRepositoryGlob(g *repositoryGlob, text string) *fault {
	if !repositoryGlobPattern.MatchString(text) || strings.Contains(text, "**") {
		return faultf("write acme/api, or acme/* for all of an account; * and ? stand for letters within a name", "%q is no glob on owner/name", shorten(text))
	}
	*g = repositoryGlob(text)
	return nil
}

func schemaOfRepositoryGlob() schema {
	return schema{"type": "string", "pattern": repositoryGlobPattern.String(), "not": schema{"pattern": `\*\*`}}
}
