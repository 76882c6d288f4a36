package credentials

import (
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
)

// secret is a text that no verb of fmt shows, in whatever it stands: a function
// prints as its address.
type secret func() string

func hide(text string) secret { return func() string { return text } }

func (s secret) reveal() string {
	if s == nil {
		return ""
	}
	return s()
}

// login is what a registry is shown.
type login struct {
	username string
	// One of these is there.
	password, identity, bearer secret
}

func (l login) same(other login) bool {
	return l.username == other.username &&
		l.password.reveal() == other.password.reveal() &&
		l.identity.reveal() == other.identity.reveal() &&
		l.bearer.reveal() == other.bearer.reveal()
}

func (l login) config() *authn.AuthConfig {
	return &authn.AuthConfig{
		Username:      l.username,
		Password:      l.password.reveal(),
		IdentityToken: l.identity.reveal(),
		RegistryToken: l.bearer.reveal(),
	}
}

// check refuses what go-containerregistry would leave out of a request, which
// would then be anonymous.
func (l login) check() error {
	password, identity, bearer := l.password.reveal(), l.identity.reveal(), l.bearer.reveal()
	switch {
	case password == "" && identity == "" && bearer == "":
		return problemf("there is no password and no token")
	case identity == "" && bearer == "" && l.username == "":
		return problemf("there is a password without a user name")
	case strings.ContainsAny(identity+bearer, "\r\n \t\x00"):
		return problemf("the token holds a blank or a line break: it must be the token alone")
	case strings.ContainsAny(l.username, ":\r\n\x00"):
		return problemf("the user name holds a colon or a line break")
	}
	return nil
}

// trimmed is a secret as people keep it: editors and echo end it with a line
// break that is not part of it.
func trimmed(text string) string {
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
}
