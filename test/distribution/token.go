package distribution

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	tokenPath = "/token"
	keyID     = "the-key"
	service   = "registry.test"
	issuer    = "issuer.test"
	tokenLife = 5 * time.Minute
)

// tokens is a token server as the specification of distribution has it: whoever
// has the password gets a token for the scopes that were asked for.
type tokens struct {
	key   *ecdsa.PrivateKey
	realm string
}

func newTokens(base string) (*tokens, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return &tokens{key: key, realm: base + tokenPath}, nil
}

// access is one entry of a token's rights.
type access struct {
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

// ServeHTTP answers GET with the scopes in the query and Basic credentials.
func (s *tokens) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	user, password, _ := req.BasicAuth()
	if user != User || password != Password {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	var rights []access
	for _, scopes := range req.URL.Query()["scope"] {
		for scope := range strings.FieldsSeq(scopes) {
			if parts := strings.Split(scope, ":"); len(parts) == 3 {
				rights = append(rights, access{parts[0], parts[1], strings.Split(parts[2], ",")})
			}
		}
	}
	signed, err := s.sign(rights)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"token": signed, "expires_in": int(tokenLife.Seconds()), "issued_at": now().UTC().Format(time.RFC3339),
	})
}

// now is the program's clock too: no other can be given to it.
func now() time.Time { return time.Now() }

// sign makes a JSON Web Token by ES256.
func (s *tokens) sign(rights []access) (string, error) {
	claims := map[string]any{
		"iss": issuer, "sub": User, "aud": service, "jti": rand.Text(), "access": rights,
		"exp": now().Add(tokenLife).Unix(), "nbf": now().Add(-time.Minute).Unix(), "iat": now().Unix(),
	}
	var parts []string
	for _, part := range []any{map[string]string{"typ": "JWT", "alg": "ES256", "kid": keyID}, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			return "", fmt.Errorf("making a token: %w", err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, ".")))
	a, b, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	signature := append(a.FillBytes(make([]byte, 32)), b.FillBytes(make([]byte, 32))...)
	return strings.Join(append(parts, base64.RawURLEncoding.EncodeToString(signature)), "."), nil
}

// keySet is the public key as the program reads it.
func (s *tokens) keySet() string {
	point, err := s.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return ""
	}
	encoded := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":%q,"x":%q,"y":%q}]}`,
		keyID, encoded(point[1:33]), encoded(point[33:]))
}

func (s *tokens) configuration(socket, keys string) string {
	return fmt.Sprintf(`version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {inmemory: {}}
http: {net: unix, addr: %q, relativeurls: true, secret: any}
auth:
  token: {realm: %q, service: %q, issuer: %q, jwks: %q, signingalgorithms: [ES256]}
`, socket, s.realm, service, issuer, keys)
}
