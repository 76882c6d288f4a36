package githubtest_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestPrivateClone shows that a private repository is cloned by a token alone.
func TestPrivateClone(t *testing.T) {
	hub := githubtest.New(t, githubtest.Options{})
	repo := hub.AddRepository("acme/secret", map[string]string{"a": "b"})
	repo.Private = true
	token := tokenOf(t, hub, hub.Install("acme", grants(), repo), "")
	cmd := exec.CommandContext(t.Context(), "git", "ls-remote", repo.CloneURL())
	cmd.Env = append(cmd.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "GIT_CONFIG_GLOBAL=/dev/null")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("read by nobody: %s", out)
	}
	url := strings.Replace(repo.CloneURL(), "://", "://x-access-token:"+token+"@", 1)
	if got := git(t, "ls-remote", url, "main"); !strings.HasPrefix(got, repo.Branch("main")) {
		t.Errorf("ls-remote: %s", got)
	}
}
