package server

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/credentials"
	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// secrets are those that the server itself needs. They are read once, when it
// starts.
type secrets struct {
	privateKey []byte
	webhook    string
	markers    [][]byte
	database   string            // a path or a URL
	hooks      map[string][]byte // by name
	sites      []string          // in the order of changelog.sites; "" for none
}

// shortestSecret is how many bytes a secret has at least, so that no stranger
// finds it by trying.
const shortestSecret = 16

// readSecrets reads them all and tells of all that are wrong at once. The redactor
// knows them then.
func readSecrets(o Options, redact *redactor) (*secrets, error) {
	c := o.Config
	s := &secrets{database: c.Database.File, hooks: map[string][]byte{}}
	var wrong []error
	read := func(what string, from grant.Secret, check func(string) error) string {
		text, err := credentials.NewSecret(from, o.Getenv).Read()
		redact.keep(text)
		if err == nil {
			err = check(text)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %s: %w", c.File, what, err))
		}
		return text
	}
	s.privateKey = []byte(read("github.privateKey", c.GitHub.PrivateKey, checkKey))
	redact.keepLines(string(s.privateKey))
	if c.GitHub.WebhookSecret != (grant.Secret{}) {
		s.webhook = read("github.webhookSecret", c.GitHub.WebhookSecret, checkLength)
	}
	for i, key := range c.GitHub.MarkerKeys {
		s.markers = append(s.markers, []byte(read(fmt.Sprintf("github.markerKeys[%d]", i), key, checkLength)))
	}
	if c.Database.File == "" {
		s.database = read("database.url", c.Database.URL, checkURL)
		redact.keepURL(s.database)
	}
	for _, h := range c.Hooks {
		if h.Kind != config.HookGAR {
			s.hooks[h.Name] = []byte(read("hooks: "+h.Name, h.Secret, checkLength))
		}
	}
	for i, site := range c.Changelog.Sites {
		token := ""
		if site.Token != (grant.Secret{}) {
			token = read(fmt.Sprintf("changelog.sites[%d].token", i), site.Token, checkToken)
		}
		s.sites = append(s.sites, token)
	}
	for _, g := range c.Grants {
		// Whether it is good is for those to say who need it. It may change later:
		// see learning.
		if text, err := credentials.NewSecret(g.Secret, o.Getenv).Read(); err == nil {
			redact.keep(text)
		}
	}
	return s, errors.Join(wrong...)
}

func checkLength(secret string) error {
	if len(secret) < shortestSecret {
		return fmt.Errorf("the secret has %d bytes and needs %d: make one with openssl rand -hex 32", len(secret), shortestSecret)
	}
	return nil
}

// checkToken keeps out what could not stand in a header.
func checkToken(text string) error {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("this is no token of GitHub's: it has no blanks and no line ends")
	}
	return nil
}

// checkURL keeps what is no URL from being taken for the path of a file.
func checkURL(url string) error {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return errors.New("the database's URL is not understood: it begins with postgres://, and names user, password, host, port and database")
	}
	return nil
}

// checkKey says early what GitHub would only say later.
func checkKey(text string) error {
	const advice = "use the file that GitHub gave when the App's private key was made"
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return errors.New("this is no PEM: " + advice)
	}
	if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return nil
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		return errors.New("this is no private key: " + advice)
	}
	return nil
}
