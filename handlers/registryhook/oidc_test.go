package registryhook_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"

	"github.com/imageupdater/imageupdater/handlers/registryhook"
)

const (
	audience = "https://updater.example"
	account  = "push@orchard.iam.gserviceaccount.com"
)

// google is Google as far as it shows its keys.
type google struct {
	*httptest.Server

	mu    sync.Mutex
	keys  map[string]*rsa.PublicKey
	asked int
	down  bool
	now   time.Time
}

func newGoogle(t *testing.T, keys map[string]*rsa.PublicKey) *google {
	t.Helper()
	g := &google{keys: keys, now: noon()}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *google) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	if g.down {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	for id, key := range g.keys {
		set.Keys = append(set.Keys, map[string]string{
			"kid": id, "kty": "RSA", "alg": "RS256", "use": "sig",
			"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		})
	}
	w.Header().Set("Cache-Control", "public, max-age=20000, must-revalidate")
	_ = json.NewEncoder(w).Encode(set)
}

// set changes what Google shows, and the time.
func (g *google) set(change func(g *google)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(g)
}

func (g *google) clock() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

func (g *google) receiver(t *testing.T, secret string) *registryhook.Receiver {
	t.Helper()
	h := registryhook.Hook{Name: "orchard", Kind: "gar", Host: "eu-docker.pkg.dev", Audience: audience, Email: account, Secret: []byte(secret)}
	r, err := registryhook.New(h, registryhook.Options{Now: g.clock, Keys: registryhook.NewKeys(g.Client(), g.URL, g.clock)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// token is a good token of Google but for the changes; nil takes a claim away.
func token(t *testing.T, method jwt.SigningMethod, id string, key any, changes jwt.MapClaims) string {
	t.Helper()
	said := jwt.MapClaims{
		"iss": "https://accounts.google.com", "aud": audience, "email": account, "email_verified": true,
		"iat": noon().Add(-time.Minute).Unix(), "exp": noon().Add(time.Hour).Unix(), "sub": "1",
	}
	maps.Copy(said, changes)
	maps.DeleteFunc(said, func(_ string, v any) bool { return v == nil })
	fresh := jwt.NewWithClaims(method, said)
	fresh.Header["kid"] = id
	signed, err := fresh.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func bearer(token string) *http.Request { return request("Authorization: Bearer " + token) }

func TestGoogleToken(t *testing.T) {
	t.Parallel()
	key, other, short := newKey(t, 2048), newKey(t, 2048), newKey(t, 1024)
	g := newGoogle(t, map[string]*rsa.PublicKey{"k1": &key.PublicKey, "short": &short.PublicKey})
	type c = jwt.MapClaims
	rs256 := func(changes c) string { return token(t, jwt.SigningMethodRS256, "k1", key, changes) }
	good := rs256(nil)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(good, ".")
	tests := map[string]struct {
		token string
		good  bool
	}{
		"good":                   {good, true},
		"issuer without scheme":  {rs256(c{"iss": "accounts.google.com"}), true},
		"expired within leeway":  {rs256(c{"exp": noon().Add(-30 * time.Second).Unix()}), true},
		"issued within leeway":   {rs256(c{"iat": noon().Add(30 * time.Second).Unix()}), true},
		"audience in a list":     {rs256(c{"aud": []string{audience}}), true},
		"expired":                {rs256(c{"exp": noon().Add(-2 * time.Minute).Unix()}), false},
		"never expires":          {rs256(c{"exp": nil}), false},
		"issued later":           {rs256(c{"iat": noon().Add(2 * time.Minute).Unix()}), false},
		"never issued":           {rs256(c{"iat": nil}), false},
		"not yet":                {rs256(c{"nbf": noon().Add(2 * time.Minute).Unix()}), false},
		"other audience":         {rs256(c{"aud": audience + "/"}), false},
		"one audience of two":    {rs256(c{"aud": []string{audience, "https://other.example"}}), false},
		"no audience":            {rs256(c{"aud": nil}), false},
		"other account":          {rs256(c{"email": "push@evil.iam.gserviceaccount.com"}), false},
		"no account":             {rs256(c{"email": nil}), false},
		"unverified account":     {rs256(c{"email_verified": false}), false},
		"nothing of verifying":   {rs256(c{"email_verified": nil}), false},
		"verified as text":       {rs256(c{"email_verified": "true"}), false},
		"other issuer":           {rs256(c{"iss": "https://accounts.google.com.evil.example"}), false},
		"no issuer":              {rs256(c{"iss": nil}), false},
		"alg none":               {token(t, jwt.SigningMethodNone, "k1", jwt.UnsafeAllowNoneSignatureType, nil), false},
		"HS256 by public key":    {token(t, jwt.SigningMethodHS256, "k1", public, nil), false},
		"HS256 by modulus":       {token(t, jwt.SigningMethodHS256, "k1", key.N.Bytes(), nil), false},
		"RS512":                  {token(t, jwt.SigningMethodRS512, "k1", key, nil), false},
		"PS256":                  {token(t, jwt.SigningMethodPS256, "k1", key, nil), false},
		"other key":              {token(t, jwt.SigningMethodRS256, "k1", other, nil), false},
		"unknown key":            {token(t, jwt.SigningMethodRS256, "k2", other, nil), false},
		"short key":              {token(t, jwt.SigningMethodRS256, "short", short, nil), false},
		"no key named":           {token(t, jwt.SigningMethodRS256, "", key, nil), false},
		"no signature":           {part[0] + "." + part[1] + ".", false},
		"other token's claims":   {part[0] + "." + strings.Split(rs256(c{"sub": "2"}), ".")[1] + "." + part[2], false},
		"no token":               {"x", false},
		"dots":                   {strings.Repeat(".", 8000), false},
		"very long":              {good + strings.Repeat("A", 9000), false},
		"claims that are a list": {part[0] + ".W10." + part[2], false},
	}
	r := g.receiver(t, "")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := r.Authentic(t.Context(), bearer(test.token), []byte(body))
			if test.good && err != nil {
				t.Errorf("refused: %v", err)
			}
			if !test.good {
				refused(t, err)
			}
		})
	}
	t.Run("no bearer", func(t *testing.T) {
		t.Parallel()
		refused(t, r.Authentic(t.Context(), request("Authorization: "+good), []byte(body)))
	})
	t.Run("secret too", func(t *testing.T) {
		t.Parallel()
		both := g.receiver(t, secret)
		refused(t, both.Authentic(t.Context(), bearer(good), []byte(body)))
		refused(t, both.Authentic(t.Context(), request(secret), []byte(body)))
		req := request(secret)
		req.Header.Set("Authorization", "Bearer "+good)
		if err := both.Authentic(t.Context(), req, []byte(body)); err != nil {
			t.Errorf("refused: %v", err)
		}
	})
}

// Keys are asked for once, again when a token names a new one or they are old, and
// never more than once a minute, whoever calls.
func TestGoogleKeys(t *testing.T) {
	t.Parallel()
	first, second, strange := newKey(t, 2048), newKey(t, 2048), newKey(t, 2048)
	g := newGoogle(t, map[string]*rsa.PublicKey{"k1": &first.PublicKey})
	r := g.receiver(t, "")
	long := jwt.MapClaims{"exp": noon().Add(1000 * time.Hour).Unix()}
	one := token(t, jwt.SigningMethodRS256, "k1", first, long)
	two := token(t, jwt.SigningMethodRS256, "k2", second, long)
	three := token(t, jwt.SigningMethodRS256, "k3", strange, long)
	rotated := map[string]*rsa.PublicKey{"k2": &second.PublicKey}
	steps := []struct {
		name   string
		change func(g *google)
		token  string
		good   bool
		asked  int
	}{
		{"down at first", func(g *google) { g.down = true }, one, false, 1},
		{"up, within the minute", func(g *google) { g.down = false; g.now = g.now.Add(59 * time.Second) }, one, false, 1},
		{"a minute later", func(g *google) { g.now = g.now.Add(time.Second) }, one, true, 2},
		{"again", func(*google) {}, one, true, 2},
		{"strange key", func(*google) {}, three, false, 2},
		{"strange key later", func(g *google) { g.now = g.now.Add(time.Minute) }, three, false, 3},
		{"strange key once more", func(*google) {}, three, false, 3},
		{"the known one meanwhile", func(*google) {}, one, true, 3},
		{"a new one", func(g *google) { g.now = g.now.Add(time.Minute); g.keys = rotated }, two, true, 4},
		{"the old one is gone", func(*google) {}, one, false, 4},
		{"old keys, down", func(g *google) { g.now = g.now.Add(20001 * time.Second); g.down = true }, two, true, 5},
		{"older than a day, down", func(g *google) { g.now = g.now.Add(24 * time.Hour) }, two, false, 6},
		{"up", func(g *google) { g.now = g.now.Add(time.Minute); g.down = false }, two, true, 7},
	}
	for _, step := range steps {
		g.set(step.change)
		err := r.Authentic(t.Context(), bearer(step.token), []byte(body))
		if (err == nil) != step.good {
			t.Errorf("%s: error %v", step.name, err)
		}
		g.set(func(g *google) {
			if g.asked != step.asked {
				t.Errorf("%s: Google was asked %d times, want %d", step.name, g.asked, step.asked)
			}
		})
	}
}

// What is refused for its claims makes nobody ask Google.
func TestRefusedWithoutAsking(t *testing.T) {
	t.Parallel()
	key := newKey(t, 2048)
	g := newGoogle(t, map[string]*rsa.PublicKey{"k1": &key.PublicKey})
	refused(t, g.receiver(t, "").Authentic(t.Context(), bearer(token(t, jwt.SigningMethodRS256, "k1", key, jwt.MapClaims{"aud": "x"})), []byte(body)))
	g.set(func(g *google) {
		if g.asked != 0 {
			t.Errorf("Google was asked %d times", g.asked)
		}
	})
}
