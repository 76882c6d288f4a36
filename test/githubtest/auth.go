package githubtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tokenLife is how long an installation's token is good.
const tokenLife = time.Hour

// caller is who calls: the App by its JWT, an installation or a person by a
// token, or nobody.
type caller struct {
	app   bool
	token *token
	user  *user // a person
}

// token is an installation's.
type token struct {
	text        string
	install     *Installation
	permissions map[string]string
	repos       []*Repository // nil for all of the installation's
	scope       string        // what it was narrowed to, for the journal
	expires     time.Time
}

// authenticate finds out who calls, or refuses.
func (c *call) authenticate(header string) *reply {
	if header == "" {
		return nil
	}
	kind, text, _ := strings.Cut(header, " ")
	if strings.EqualFold(kind, "bearer") && strings.Count(text, ".") == 2 && !strings.HasPrefix(text, "ghs_") {
		if problem := c.App.verify(text, c.Now()); problem != "" {
			return refuse(http.StatusUnauthorized, problem)
		}
		c.by.app = true
		return nil
	}
	if person := c.personal[text]; person != nil {
		c.by.user = person
		return nil
	}
	t := c.tokens[text]
	if t == nil || !c.Now().Before(t.expires) || t.install.deleted {
		return refuse(http.StatusUnauthorized, "Bad credentials")
	}
	if t.install.suspended {
		return refuse(http.StatusForbidden, "This installation has been suspended")
	}
	c.by.token = t
	return nil
}

func refuse(status int, message string) *reply {
	r := failure(status, "%s", message)
	return &r
}

// verify says what is wrong with a JWT, in GitHub's words; "" when nothing is.
func (a *App) verify(jwt string, now time.Time) string {
	const undecodable = "A JSON web token could not be decoded"
	parts := strings.Split(jwt, ".")
	var head struct {
		Alg string `json:"alg"`
	}
	var claims struct {
		Iat any `json:"iat"`
		Exp any `json:"exp"`
		Iss any `json:"iss"`
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !claim(parts[0], &head) || head.Alg != "RS256" || !claim(parts[1], &claims) {
		return undecodable
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&a.key.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return undecodable
	}
	if iss := issuer(claims.Iss); iss != strconv.FormatInt(a.ID, 10) && iss != a.ClientID {
		return "'Issuer' claim ('iss') must be an Integer"
	}
	return lifetime(claims.Iat, claims.Exp, now)
}

func claim(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}

func issuer(iss any) string {
	if n, isNumber := iss.(float64); isNumber {
		return strconv.FormatInt(int64(n), 10)
	}
	return fmt.Sprint(iss)
}

func lifetime(iat, exp any, now time.Time) string {
	from, isNumber := iat.(float64)
	if !isNumber || time.Unix(int64(from), 0).After(now) {
		return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
	}
	until, isNumber := exp.(float64)
	end := time.Unix(int64(until), 0)
	switch {
	case !isNumber || !end.After(now):
		return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
	case end.After(now.Add(10*time.Minute + 5*time.Second)):
		return "'Expiration time' claim ('exp') is too far in the future"
	}
	return ""
}

// permit refuses who may not; it also finds the repository of the path.
func (c *call) permit(needs string) *reply {
	switch {
	case needs == "app" && !c.by.app:
		return refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	case needs == "app", needs == "any" && c.params["repo"] == "":
		return nil
	case needs == "installation" && c.by.token == nil:
		return refuse(http.StatusForbidden, "You must authenticate with an installation access token in order to list repositories for an installation.")
	case needs == "installation":
		return nil
	}
	return c.locate(needs)
}

func (c *call) permitRepo(needs string) *reply {
	if c.repo != nil && c.by.user != nil {
		return c.permitPerson(needs)
	}
	name, level, _ := strings.Cut(needs, ":")
	covered := c.repo != nil && c.by.token != nil && c.by.token.covers(c.repo)
	public := c.repo != nil && !c.repo.Private && level == "read" && name != "administration"
	switch {
	case c.repo == nil || (c.repo.Private && !covered):
		return refuse(http.StatusNotFound, "Not Found")
	case c.by.app:
		return refuse(http.StatusForbidden, "Resource not accessible by integration")
	case covered && c.by.token.allows(name, level), public && (!covered || name == "contents"):
		return nil // what is public is read without the permission
	case c.by.token == nil:
		return refuse(http.StatusUnauthorized, "Requires authentication")
	}
	refusal := refuse(http.StatusForbidden, "Resource not accessible by integration")
	refusal.header = http.Header{"X-Accepted-Github-Permissions": {accepted(needs)}}
	return refusal
}

// accepted is what an operation needs in the header's form, where a ";" stands
// between permissions of which one will do.
func accepted(needs string) string {
	names, level, _ := strings.Cut(needs, ":")
	return strings.ReplaceAll(names, "|", "="+level+"; ") + "=" + level
}

func (t *token) covers(r *Repository) bool {
	return t.install.covers(r) && (t.repos == nil || slices.Contains(t.repos, r))
}

// allows says whether the token was made for it and the installation still has
// it: what is taken from the installation is taken from its tokens.
func (t *token) allows(names, level string) bool {
	needs := names + ":" + level
	return allows(t.permissions, needs) && allows(t.install.permissions, needs)
}

// allows takes several names that are good each: "issues|pull_requests:read".
// What needs nothing is allowed.
func allows(permissions map[string]string, needs string) bool {
	names, level, _ := strings.Cut(needs, ":")
	if needs == "" {
		return true
	}
	for name := range strings.SplitSeq(names, "|") {
		have := permissions[name]
		if name == "metadata" && level == "read" || have == "write" || have == "admin" || (have == "read" && level == "read") {
			return true
		}
	}
	return false
}
