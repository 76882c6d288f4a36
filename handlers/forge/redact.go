package forge

import "regexp"

// redact takes tokens of GitHub's, JWTs and passwords in URLs out of a text that
// others wrote.
func redact(text string) string {
	secrets := regexp.MustCompile(`(?i)(gh[a-z]_|github_pat_|eyJ)[A-Za-z0-9._-]+|(bearer|basic|token) +[A-Za-z0-9._~+/=-]{8,}`)
	passwords := regexp.MustCompile(`://[^/@\s]+@`)
	return passwords.ReplaceAllString(secrets.ReplaceAllString(text, "[secret]"), "://[secret]@")
}
