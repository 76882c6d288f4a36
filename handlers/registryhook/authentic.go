package registryhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Nexus signs with nothing else, and HMAC-SHA1 is not broken
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/http"
	"strings"
)

// RefusedError is a request that is not authentic.
type RefusedError struct {
	// Why is for the log alone. It holds nothing of what the request or the
	// configuration keeps secret.
	Why string
}

// Error tells the client nothing.
func (e *RefusedError) Error() string { return "the webhook is not authentic" }

func refuse(why string) error { return &RefusedError{Why: why} }

// call is a request to be proved, with its whole body.
type call struct {
	*http.Request

	body []byte
}

// proof is a way to be authentic. It returns why it is none, or "".
type proof func(ctx context.Context, r *Receiver, c call) (why string)

// Authentic says whether a request comes from the hook's source. Its error is a
// RefusedError. Of the request the method, the URL and the header are read; body is
// all of its body, as it came: the path begins with Prefix. For gar it may ask for
// Google's keys.
func (r *Receiver) Authentic(ctx context.Context, req *http.Request, body []byte) error {
	switch {
	case req.Method != http.MethodPost:
		return refuse("it is no POST")
	case len(body) > MaxBody:
		return refuse("its body is too long")
	}
	var reasons []string
	for _, prove := range r.kind.proofs {
		why := prove(ctx, r, call{req, body})
		if why == "" {
			return nil
		}
		reasons = append(reasons, why)
	}
	return refuse(strings.Join(reasons, "; "))
}

// same compares in a time that tells nothing, lengths included. What is empty is
// never the same.
func same(told, wanted []byte) bool {
	a, b := sha256.Sum256(told), sha256.Sum256(wanted)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && len(wanted) > 0
}

func byURL(_ context.Context, r *Receiver, c call) string {
	inPath := ""
	if rest, is := strings.CutPrefix(c.URL.Path, Prefix+r.hook.Name+"/"); is {
		inPath = rest
	}
	inQuery := c.URL.Query().Get("secret")
	// Both are compared, so that it takes the same time wherever it stands.
	if path, query := same([]byte(inPath), r.hook.Secret), same([]byte(inQuery), r.hook.Secret); path || query {
		return ""
	}
	return "the URL does not hold the secret"
}

func byHeader(_ context.Context, r *Receiver, c call) string {
	values := c.Header.Values("Authorization")
	if len(values) != 1 {
		return "there is not one header Authorization"
	}
	told := values[0]
	if token, is := cutScheme(told, "Bearer"); is {
		told = token
	}
	_, password, _ := c.BasicAuth()
	if plain, basic := same([]byte(told), r.hook.Secret), same([]byte(password), r.hook.Secret); plain || basic {
		return ""
	}
	return "the header Authorization does not hold the secret"
}

// cutScheme takes the scheme, whose case says nothing, off a header's value.
func cutScheme(value, scheme string) (string, bool) {
	if len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) && value[len(scheme)] == ' ' {
		return strings.TrimSpace(value[len(scheme):]), true
	}
	return value, false
}

func byGitHubSignature(_ context.Context, r *Receiver, c call) string {
	signature, is := strings.CutPrefix(c.Header.Get("X-Hub-Signature-256"), "sha256=")
	if is && signed(sha256.New, r.hook.Secret, signature, c.body) {
		return ""
	}
	return "X-Hub-Signature-256 does not fit the body"
}

// byJFrogSignature is for "payload signing". Without it the same header holds the
// secret itself: see byJFrogSecret.
func byJFrogSignature(_ context.Context, r *Receiver, c call) string {
	if signed(sha256.New, r.hook.Secret, c.Header.Get("X-Jfrog-Event-Auth"), c.body) {
		return ""
	}
	return "X-JFrog-Event-Auth does not fit the body"
}

func byJFrogSecret(_ context.Context, r *Receiver, c call) string {
	if same([]byte(c.Header.Get("X-Jfrog-Event-Auth")), r.hook.Secret) {
		return ""
	}
	return "X-JFrog-Event-Auth does not hold the secret"
}

// byNexusSignature takes the body as it came, or without the space between its
// words: Nexus signs the latter and does not say which it sends.
func byNexusSignature(_ context.Context, r *Receiver, c call) string {
	signature := c.Header.Get("X-Nexus-Webhook-Signature")
	if signed(sha1.New, r.hook.Secret, signature, c.body) {
		return ""
	}
	var compact bytes.Buffer
	if json.Compact(&compact, c.body) == nil && signed(sha1.New, r.hook.Secret, signature, compact.Bytes()) {
		return ""
	}
	return "X-Nexus-Webhook-Signature does not fit the body"
}

// signed says whether a signature is the HMAC of a body, in hex.
func signed(algorithm func() hash.Hash, secret []byte, signature string, body []byte) bool {
	told, err := hex.DecodeString(signature)
	mac := hmac.New(algorithm, secret)
	mac.Write(body)
	return err == nil && same(told, mac.Sum(nil))
}
