package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
)

// Globs that backtrack do so within bounds.
func TestHostileGlobs(t *testing.T) {
	t.Parallel()
	path := strings.Repeat("a/", 200) + "a"
	for _, pattern := range []string{
		strings.Repeat("**/a/", 30) + "b", strings.Repeat("**/*/", 30) + "b", strings.Repeat("*a", 30) + "b",
		strings.Repeat("{a,aa}", 6) + "/**/b", strings.Repeat("**/{a,b}/", 6) + "b",
	} {
		c, _, err := config.Load(t.Context(), "f", []byte("rules: [{match: {path: '"+pattern+"'}, draft: true}]"), config.Options{})
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		begin := time.Now()
		c.Settings(config.Subject{Path: path})
		c.Settings(config.Subject{Path: path + "/b"})
		c.Settings(config.Subject{Path: strings.Repeat("a", 2000) + "/b"})
		if took := time.Since(begin); took > time.Second {
			t.Errorf("%s took %s", pattern, took)
		}
	}
}
