package registryhook

import (
	"context"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// leeway is how far Google's clock and ours may be apart.
const leeway = time.Minute

// maxToken is the longest token that is looked at, in bytes.
const maxToken = 8 << 10

// claims are those of the token that Pub/Sub sends along.
type claims struct {
	Issuer        string           `json:"iss"`
	Audience      jwt.ClaimStrings `json:"aud"`
	Email         string           `json:"email"`
	EmailVerified bool             `json:"email_verified"`
	Expires       *jwt.NumericDate `json:"exp"`
	Issued        *jwt.NumericDate `json:"iat"`
	NotBefore     *jwt.NumericDate `json:"nbf"`
}

// Valid is asked by the JWT package, which would look at another clock than ours
// and at half of the claims: fault does it.
func (c *claims) Valid() error { return nil }

// byGoogle wants a token of Google for this very audience and service account.
// Google signs tokens for whoever asks, so the signature alone says nothing.
func byGoogle(ctx context.Context, r *Receiver, c call) string {
	if len(r.hook.Secret) > 0 {
		if why := byURL(ctx, r, c); why != "" {
			return why
		}
	}
	values := c.Header.Values("Authorization")
	if len(values) != 1 || len(values[0]) > maxToken {
		return "there is not one header Authorization"
	}
	token, is := cutScheme(values[0], "Bearer")
	if !is {
		return "the header Authorization holds no token"
	}
	var said claims
	unknown := ""
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(token, &said, func(t *jwt.Token) (any, error) {
		// What is refused anyway makes nobody ask Google.
		if unknown = said.fault(r.hook, r.now()); unknown != "" {
			return nil, refuse(unknown)
		}
		id, _ := t.Header["kid"].(string)
		key, err := r.keys.key(ctx, id)
		if err != nil {
			unknown = err.Error()
			return nil, err
		}
		return key, nil
	})
	switch {
	case unknown != "":
		return unknown
	case err != nil:
		return "the token is none that Google signed with RS256"
	}
	return ""
}

// fault is what is wrong with claims, or "".
func (c *claims) fault(h Hook, now time.Time) string {
	switch {
	case c.Issuer != "https://accounts.google.com" && c.Issuer != "accounts.google.com":
		return "the token's issuer is not Google"
	case len(c.Audience) != 1 || !same([]byte(c.Audience[0]), []byte(h.Audience)):
		return "the token is for another audience"
	case !same([]byte(c.Email), []byte(h.Email)):
		return "the token is another account's"
	case !c.EmailVerified:
		return "the token's account is not verified"
	case c.Expires == nil || !now.Before(c.Expires.Add(leeway)):
		return "the token has expired"
	case c.Issued == nil || c.Issued.After(now.Add(leeway)):
		return "the token comes from the future"
	case c.NotBefore != nil && c.NotBefore.After(now.Add(leeway)):
		return "the token is not good yet"
	}
	return ""
}
