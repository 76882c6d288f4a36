package config

import "github.com/imageupdater/imageupdater/scanner/credentials/grant"

// needs are what is missing for a purpose.
type needs struct {
	file   string
	errors Errors
}

// want notes what is missing, at the section it belongs to.
func (n *needs) want(there bool, section *Origin, field, message, hint string) {
	if there {
		return
	}
	e := &Error{File: n.file, Line: 1, Column: 1, Field: field, Message: message, Hint: hint}
	if section != nil {
		e.Line, e.Column = section.Line, section.Column
	}
	n.errors = append(n.errors, e)
}

func (n *needs) all() error {
	if len(n.errors) == 0 {
		return nil
	}
	return n.errors.sorted()
}

// ForServing tells what the server misses before it can serve. The error is
// Errors, with all that is missing; nil when there is nothing.
func (s *Server) ForServing() error {
	n := &needs{file: s.File}
	n.app(&s.GitHub)
	n.want(kept(s.GitHub.WebhookSecret), s.GitHub.Origin, "github.webhookSecret", "without it nobody could tell GitHub's webhooks from others",
		"write webhookSecret: {env: NAME} or webhookSecret: {file: /path}, the secret on the settings page of the App")
	n.want(s.Database.File != "" || kept(s.Database.URL), s.Database.Origin, "database", "nothing says where the state is kept",
		"write database: {file: /var/lib/imageupdater/state.db}, or database: {url: {env: DATABASE_URL}} for several replicas")
	return n.all()
}

// ForRunning tells what is missing before repositories can be read and written
// as the App. The error is Errors, with all that is missing; nil when there is
// nothing.
func (s *Server) ForRunning() error {
	n := &needs{file: s.File}
	n.app(&s.GitHub)
	return n.all()
}

func (n *needs) app(g *GitHub) {
	n.want(g.AppID != 0, g.Origin, "github.appID", "nothing says which App this is", "write appID: 12345 below github, the App ID on the settings page of the App")
	n.want(kept(g.PrivateKey), g.Origin, "github.privateKey", "without it nobody could act as the App", "write privateKey: {file: /run/secrets/app.pem} or privateKey: {env: NAME}")
}

func kept(s grant.Secret) bool { return s != grant.Secret{} }
