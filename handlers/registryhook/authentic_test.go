package registryhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/registryhook"
)

const (
	path  = registryhook.Prefix + "orchard"
	wrong = "pl4nted-0123456789abcdeF"
	body  = `{"action": "ping"}`
)

func mac(algorithm func() hash.Hash, key, text string) string {
	m := hmac.New(algorithm, []byte(key))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

// proofs are all ways to show a secret, by name; what a line is: header, or URL.
func proofs(s string) map[string]string {
	return map[string]string{
		"path":                s,
		"query":               "?secret=" + url.QueryEscape(s),
		"header":              "Authorization: " + s,
		"bearer":              "Authorization: bearer " + s,
		"basic":               "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("hook:"+s)),
		"GitHub":              "X-Hub-Signature-256: sha256=" + mac(sha256.New, s, body),
		"GitHub without name": "X-Hub-Signature-256: " + mac(sha256.New, s, body),
		"GitHub SHA-1":        "X-Hub-Signature: sha1=" + mac(sha1.New, s, body),
		"JFrog signed":        "X-JFrog-Event-Auth: " + mac(sha256.New, s, body),
		"JFrog secret":        "X-JFrog-Event-Auth: " + s,
		"Nexus":               "X-Nexus-Webhook-Signature: " + mac(sha1.New, s, body),
		"Nexus compact":       "X-Nexus-Webhook-Signature: " + mac(sha1.New, s, `{"action":"ping"}`),
		"Nexus SHA-256":       "X-Nexus-Webhook-Signature: " + mac(sha256.New, s, body),
		"nothing":             "X-Request-Id: 1",
	}
}

func request(proof string) *http.Request {
	target := path
	name, value, isHeader := strings.Cut(proof, ": ")
	switch {
	case isHeader:
	case strings.HasPrefix(proof, "?"):
		target += proof
	case proof != "":
		target += "/" + url.PathEscape(proof)
	}
	req := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	if isHeader {
		req.Header.Set(name, value)
	}
	return req
}

// refused fails unless a request was refused, with no secret in what is told.
func refused(t *testing.T, err error) {
	t.Helper()
	var r *registryhook.RefusedError
	if !errors.As(err, &r) || r.Why == "" {
		t.Fatalf("error %v, want a reason to refuse it", err)
	}
	told := err.Error() + r.Why
	if err.Error() != "the webhook is not authentic" || strings.Contains(strings.ToLower(told), strings.ToLower(secret)) {
		t.Errorf("it tells %q: %q", err, r.Why)
	}
}

// Each kind takes the proofs that its source can give, and no other's.
func TestAuthentic(t *testing.T) {
	t.Parallel()
	inURL, header := []string{"path", "query"}, []string{"header", "bearer", "basic"}
	takes := map[string][]string{
		"acr": header, "distribution": header, "ecr": header, "gitlab": header, "harbor": header, "zot": header,
		"dockerhub": inURL, "quay": inURL,
		"cloudevents": append(inURL, header...),
		"gar":         nil,
		"ghcr":        {"GitHub"},
		"jfrog":       {"JFrog signed", "JFrog secret"},
		"nexus":       {"Nexus", "Nexus compact"},
	}
	for _, kind := range registryhook.Kinds() {
		wanted := map[string]bool{}
		for _, name := range takes[kind] {
			wanted[name] = true
		}
		r := receiver(t, kind, hosts()[kind])
		for name, proof := range proofs(secret) {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				err := r.Authentic(t.Context(), request(proof), []byte(body))
				if wanted[name] && err != nil {
					t.Errorf("refused: %v", err)
				}
				if !wanted[name] {
					refused(t, err)
				}
			})
		}
	}
}

func TestNotAuthentic(t *testing.T) {
	t.Parallel()
	for _, kind := range registryhook.Kinds() {
		r := receiver(t, kind, hosts()[kind])
		for what, s := range map[string]string{"wrong": wrong, "empty": "", "shorter": secret[:20], "longer": secret + "x"} {
			for name, proof := range proofs(s) {
				t.Run(strings.Join([]string{kind, what, name}, "/"), func(t *testing.T) {
					t.Parallel()
					refused(t, r.Authentic(t.Context(), request(proof), []byte(body)))
				})
			}
		}
		for name, proof := range proofs(secret) {
			t.Run(kind+"/long/"+name, func(t *testing.T) {
				t.Parallel()
				refused(t, r.Authentic(t.Context(), request(proof), bytes.Repeat([]byte(" "), registryhook.MaxBody+1)))
			})
			t.Run(kind+"/GET/"+name, func(t *testing.T) {
				t.Parallel()
				req := request(proof)
				req.Method = http.MethodGet
				refused(t, r.Authentic(t.Context(), req, []byte(body)))
			})
		}
	}
}

// A signature is for one body, and holds no more when a byte of it changes.
func TestSignatureOfAnotherBody(t *testing.T) {
	t.Parallel()
	for kind, name := range map[string]string{"ghcr": "GitHub", "jfrog": "JFrog signed", "nexus": "Nexus"} {
		refused(t, receiver(t, kind, hosts()[kind]).Authentic(t.Context(), request(proofs(secret)[name]), []byte(`{"action": "push"}`)))
	}
}

// The secret counts in its own place alone: below another hook's name it is none.
func TestSecretBelowAnotherName(t *testing.T) {
	t.Parallel()
	r := receiver(t, "quay", "")
	for _, target := range []string{
		registryhook.Prefix + "orchards/" + secret, registryhook.Prefix + secret, "/" + secret,
		path + "/x/" + secret, path + "/" + secret + "/", path + "//" + secret, path + "?token=" + secret,
	} {
		req := httptest.NewRequest(http.MethodPost, target, http.NoBody)
		refused(t, r.Authentic(t.Context(), req, []byte(body)))
	}
}

// A secret that looks like a path is no proof by itself.
func TestSecretLikePath(t *testing.T) {
	t.Parallel()
	h := registryhook.Hook{Name: "orchard", Kind: "quay", Secret: []byte("/hooks/registry/pear")}
	r, err := registryhook.New(h, registryhook.Options{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPost, string(h.Secret), http.NoBody)
	refused(t, r.Authentic(t.Context(), req, []byte(body)))
}

// Two headers of one name are read differently by proxies and servers.
func TestTwoHeaders(t *testing.T) {
	t.Parallel()
	req := request(proofs(secret)["header"])
	req.Header.Add("Authorization", "Bearer "+wrong)
	refused(t, receiver(t, "harbor", "h.example").Authentic(t.Context(), req, []byte(body)))
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := registryhook.Hook{Name: "orchard", Kind: "harbor", Host: "h.example", Secret: []byte(secret)}
	google := registryhook.Hook{Name: "orchard", Kind: "gar", Host: "eu-docker.pkg.dev", Audience: "a", Email: "e"}
	options := registryhook.Options{Now: noon, Keys: registryhook.NewKeys(nil, "", noon)}
	change := func(h registryhook.Hook, f func(h *registryhook.Hook)) registryhook.Hook {
		f(&h)
		return h
	}
	tests := map[string]struct {
		hook    registryhook.Hook
		options registryhook.Options
		want    string // "" for none
	}{
		"good":             {good, options, ""},
		"google":           {google, options, ""},
		"no kind":          {change(good, func(h *registryhook.Hook) { h.Kind = "" }), options, `kind "" is none of`},
		"unknown kind":     {change(good, func(h *registryhook.Hook) { h.Kind = "Harbor" }), options, `kind "Harbor" is none of`},
		"no secret":        {change(good, func(h *registryhook.Hook) { h.Secret = nil }), options, "at least 16 bytes"},
		"short secret":     {change(good, func(h *registryhook.Hook) { h.Secret = h.Secret[:15] }), options, "at least 16 bytes"},
		"no host":          {change(good, func(h *registryhook.Hook) { h.Host = "" }), options, `"" is no host`},
		"URL as host":      {change(good, func(h *registryhook.Hook) { h.Host = "https://h.example" }), options, "is no host"},
		"path in host":     {change(good, func(h *registryhook.Hook) { h.Host = "h.example/a" }), options, "is no host"},
		"word as host":     {change(good, func(h *registryhook.Hook) { h.Host = "harbor" }), options, "is no host"},
		"no name":          {change(good, func(h *registryhook.Hook) { h.Name = "" }), options, "its name"},
		"path as name":     {change(good, func(h *registryhook.Hook) { h.Name = "a/b" }), options, "its name"},
		"other hub":        {change(good, func(h *registryhook.Hook) { h.Kind = "dockerhub" }), options, "no host of the kind dockerhub"},
		"other Amazon":     {change(good, func(h *registryhook.Hook) { h.Kind, h.Host = "ecr", "public.ecr.aws" }), options, "no host of the kind ecr"},
		"no clock":         {good, registryhook.Options{}, "no clock"},
		"gar, no audience": {change(google, func(h *registryhook.Hook) { h.Audience = "" }), options, "audience"},
		"gar, no account":  {change(google, func(h *registryhook.Hook) { h.Email = "" }), options, "service account"},
		"gar, no keys":     {google, registryhook.Options{Now: noon}, "keys of Google are missing"},
		"gar, short":       {change(google, func(h *registryhook.Hook) { h.Secret = []byte("short") }), options, "at least 16 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := registryhook.New(test.hook, test.options)
			if got := fmt.Sprint(err); (err != nil) != (test.want != "") || !strings.Contains(got, test.want) || strings.Contains(got, secret[:15]) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
