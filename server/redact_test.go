package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestOwnSecretsAreKept learns more secrets than are known at a time.
func TestOwnSecretsAreKept(t *testing.T) {
	r := newRedactor()
	r.keep("planted-of-the-server")
	var passing []string
	for n := range 2 * mostKnown {
		passing = append(passing, fmt.Sprintf("planted-%d-passing", n))
	}
	r.learn(passing...)
	for text, hidden := range map[string]bool{
		"planted-of-the-server": true, fmt.Sprintf("planted-%d-passing", 2*mostKnown-1): true, "planted-0-passing": false,
	} {
		if got := r.text("it is " + text + "."); (got == "it is "+masked+".") != hidden {
			t.Errorf("%s is told as %q", text, got)
		}
	}
}

func TestPasswordsOfURLs(t *testing.T) {
	for _, text := range []string{
		"postgres://app:planted-password@db/app", "postgres://db/app?password=planted-password", "postgres://app@db/app?password=planted-password&x=y",
	} {
		r := newRedactor()
		r.keepURL(text)
		if got := r.text("failed for planted-password"); got != "failed for "+masked {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// TestRedactedJSON takes secrets of all shapes out of JSON, before whatever may
// come after them, and in JSON within JSON.
func TestRedactedJSON(t *testing.T) {
	shapes := map[string]string{
		"key":    "-----BEGIN RSA PRIVATE KEY-----\nplantedAAAA+/=\r\n\tplantedBBBB\n-----END RSA PRIVATE KEY-----",
		"token":  "ghs_planted0123456789",
		"jwt":    "eyJplanted01234.planted.planted",
		"bearer": "Bearer\n\tplanted-0123456789",
		"user":   "https://u:planted-password@example.com",
		"query":  "https://example.com/?x_token=planted-password&other_secret=planted-too",
	}
	after := []string{"", `"`, `\`, `\\`, `\"`, "\n", `\n`, `n"`, `\\"`, "\t\"", "'", "<", "&", "\u2028", "é", "\x00", `":{}`}
	for name, secret := range shapes {
		for _, end := range after {
			text := any(secret + end + "more" + end)
			for depth := range 3 {
				body, err := json.Marshal(map[string]any{"a": text, secret + end: 1})
				if err != nil {
					t.Fatal(err)
				}
				got := newRedactor().text(string(body))
				if !json.Valid([]byte(got)) {
					t.Errorf("%s before %q, depth %d: no JSON: %s", name, end, depth, got)
				}
				if strings.Contains(got, "planted") {
					t.Errorf("%s before %q, depth %d: told: %s", name, end, depth, got)
				}
				text = string(body)
			}
		}
	}
}
