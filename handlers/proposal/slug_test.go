package proposal

import (
	"os/exec"
	"strings"
	"testing"
)

func TestBranchName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ group, want string }{
		{"backend", "imageupdater/backend-59ce34"},
		{"orchard/pear", "imageupdater/orchard-pear-b296f2"},
		{"orchard-pear", "imageupdater/orchard-pear-cab1bc"},
		{"Größe  &  Co.lock", "imageupdater/gr-e-co-lock-6d247b"},
		{"", "imageupdater/images-2498c4"},
		{"日本", "imageupdater/images-436ae8"},
		{strings.Repeat("ab-", 40), "imageupdater/" + strings.Repeat("ab-", 16) + "ab-b7e84f"},
		{strings.Repeat("a", 49) + "-b", "imageupdater/" + strings.Repeat("a", 49) + "-132b41"},
	} {
		if got := branchName("imageupdater/", "main", c.group); got != c.want {
			t.Errorf("%q: %s, want %s", c.group, got, c.want)
		}
	}
	if branchName("x/", "main", "pears") == branchName("x/", "next", "pears") {
		t.Error("two bases share a branch")
	}
}

// Git itself says what a valid name is.
func TestBranchNameIsValid(t *testing.T) {
	t.Parallel()
	for _, group := range append(hostile(), "-", "..", "a..b", "x.lock", "@{", "HEAD", "~^:?*[", "\\") {
		name := branchName("imageupdater/", "main", group)
		if err := exec.CommandContext(t.Context(), "git", "check-ref-format", "--branch", name).Run(); err != nil {
			t.Errorf("%q: git does not take %q: %v", group, name, err)
		}
	}
}
