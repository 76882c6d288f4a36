package registryhook

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// GoogleKeys is where Google shows the keys that its tokens are signed with.
const GoogleKeys = "https://www.googleapis.com/oauth2/v3/certs"

const (
	// keysLeast and keysMost bound how long keys are used without asking again,
	// whatever the answer says of it.
	keysLeast = 5 * time.Minute
	keysMost  = 24 * time.Hour
	// keysPause is between two questions, however many tokens name keys that are
	// not known.
	keysPause = time.Minute
	// keysTimeout is for one question.
	keysTimeout = 10 * time.Second
	maxKeysBody = 256 << 10
	minKeyBits  = 2048
)

// Keys are the public keys of Google, fetched when they are needed and remembered
// as long as the answer allows. They may be used by many hooks at once.
type Keys struct {
	client *http.Client
	url    string
	now    func() time.Time

	// turn holds one token: who has it may use what is below.
	turn    chan struct{}
	known   map[string]*rsa.PublicKey
	fetched time.Time // of known
	until   time.Time // known is fresh
	asked   time.Time
}

// NewKeys makes keys that are fetched from a URL, GoogleKeys outside of tests.
func NewKeys(client *http.Client, url string, now func() time.Time) *Keys {
	return &Keys{client: client, url: url, now: now, turn: make(chan struct{}, 1)}
}

// key is the key with an id. Where Google can't be reached, those that were seen
// within a day are good.
func (k *Keys) key(ctx context.Context, id string) (*rsa.PublicKey, error) {
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for Google's keys: %w", context.Cause(ctx))
	}
	now := k.now()
	known, is := k.known[id]
	if is && now.Before(k.until) {
		return known, nil
	}
	err := errors.New("the token's key is not among Google's")
	if k.asked.IsZero() || !now.Before(k.asked.Add(keysPause)) {
		k.asked = now
		if failed := k.fetch(ctx, now); failed != nil {
			err = failed
		}
		known, is = k.known[id]
	}
	if is && now.Before(k.fetched.Add(keysMost)) {
		return known, nil
	}
	return nil, err
}

func (k *Keys) fetch(ctx context.Context, now time.Time) error {
	// A caller who goes away must not leave the next one without keys.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking for Google's keys: %w", err)
	}
	res, err := k.client.Do(req)
	if err != nil {
		return fmt.Errorf("asking for Google's keys: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for Google's keys: %s answered %d", k.url, res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxKeysBody))
	if err != nil {
		return fmt.Errorf("reading Google's keys: %w", err)
	}
	keys, err := parseKeys(body)
	if err != nil {
		return err
	}
	k.known, k.fetched, k.until = keys, now, now.Add(freshFor(res.Header.Get("Cache-Control")))
	return nil
}

// freshFor is how long an answer is used.
func freshFor(cacheControl string) time.Duration {
	age := regexp.MustCompile(`\bmax-age=([0-9]{1,9})\b`).FindStringSubmatch(cacheControl)
	if age == nil {
		return keysLeast
	}
	seconds, err := strconv.Atoi(age[1])
	if err != nil {
		return keysLeast
	}
	return min(max(time.Duration(seconds)*time.Second, keysLeast), keysMost)
}

// parseKeys reads a JSON Web Key Set. Keys that are not for RS256 are left out.
func parseKeys(body []byte) (map[string]*rsa.PublicKey, error) {
	var set struct {
		Keys []struct {
			ID        string `json:"kid"`
			Type      string `json:"kty"`
			Algorithm string `json:"alg"`
			Use       string `json:"use"`
			Modulus   string `json:"n"`
			Exponent  string `json:"e"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("reading Google's keys: %w", err)
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		if k.ID == "" || k.Type != "RSA" || (k.Algorithm != "" && k.Algorithm != "RS256") || (k.Use != "" && k.Use != "sig") {
			continue
		}
		if key := publicKey(k.Modulus, k.Exponent); key != nil {
			keys[k.ID] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("reading Google's keys: there is none for RS256")
	}
	return keys, nil
}

// publicKey is nil for what is no key, or one too short to be trusted.
func publicKey(modulus, exponent string) *rsa.PublicKey {
	n, err := base64.RawURLEncoding.DecodeString(modulus)
	if err != nil {
		return nil
	}
	e, err := base64.RawURLEncoding.DecodeString(exponent)
	if err != nil || len(e) == 0 || len(e) > 4 {
		return nil
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if key.N.BitLen() < minKeyBits || key.E < 3 || key.E%2 == 0 {
		return nil
	}
	return key
}
