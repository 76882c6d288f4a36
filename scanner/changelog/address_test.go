package changelog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// forges are those of an operator with a GitHub of their own.
func forges() changelog.Forges { return changelog.Forges{"git.acme.example": changelog.GitHub} }

// said is an address in a line: forge host/path, @revision, :directory.
func said(a changelog.Address) string {
	kind := "other "
	if a.Forge == changelog.GitHub {
		kind = "github "
	}
	s := kind + a.Host + "/" + a.Path
	if a.Revision != "" {
		s += " @" + a.Revision
	}
	if a.Directory != "" {
		s += " :" + a.Directory
	}
	return s
}

func TestReadAddress(t *testing.T) {
	const sha = "6d541d27b5dd12639e5a33a675ebca04d3837d74"
	for text, want := range map[string]string{
		"https://github.com/acme/api":                                      "github github.com/acme/api",
		"https://github.com/acme/api/":                                     "github github.com/acme/api",
		"https://github.com/acme/api.git":                                  "github github.com/acme/api",
		"  https://github.com/acme/api\n":                                  "github github.com/acme/api",
		"http://github.com/acme/api":                                       "github github.com/acme/api",
		"HTTPS://GitHub.com/Acme/API":                                      "github github.com/Acme/API",
		"https://www.github.com/acme/api":                                  "github github.com/acme/api",
		"git+https://github.com/acme/api.git":                              "github github.com/acme/api",
		"git://github.com/acme/api.git":                                    "github github.com/acme/api",
		"git@github.com:acme/api.git":                                      "github github.com/acme/api",
		"git@github.com:acme/api":                                          "github github.com/acme/api",
		"github.com/acme/api":                                              "github github.com/acme/api",
		"https://github.com/acme/api?tab=readme-ov-file#readme":            "github github.com/acme/api",
		"https://github.com/acme/api#installation":                         "github github.com/acme/api",
		"https://github.com/acme/api.git#main":                             "github github.com/acme/api",
		"https://github.com/acme/api.git#v1.2.0":                           "github github.com/acme/api @v1.2.0",
		"https://github.com/acme/api.git#refs/tags/v1.2.0":                 "github github.com/acme/api @v1.2.0",
		"https://github.com/docker-library/docker.git#" + sha + ":24/cli":  "github github.com/docker-library/docker @" + sha + " :24/cli",
		"https://github.com/acme/api#" + sha:                               "github github.com/acme/api @" + sha,
		"git+https://github.com/acme/api@refs/heads/main":                  "github github.com/acme/api",
		"git+https://github.com/acme/api@refs/tags/v3.0.1":                 "github github.com/acme/api @v3.0.1",
		"https://github.com/acme/mono/tree/main/services/api":              "github github.com/acme/mono :services/api",
		"https://github.com/acme/mono/tree/v2.1.0/services/api/":           "github github.com/acme/mono @v2.1.0 :services/api",
		"https://github.com/acme/mono/tree/refs/tags/v2.1.0/api":           "github github.com/acme/mono @v2.1.0 :api",
		"https://github.com/acme/mono/blob/3f2a1b9/api/Dockerfile":         "github github.com/acme/mono @3f2a1b9 :api",
		"https://github.com/acme/api/commit/" + strings.ToUpper(sha):       "github github.com/acme/api @" + sha,
		"https://github.com/acme/api/releases/tag/v1.2.3":                  "github github.com/acme/api @v1.2.3",
		"https://github.com/acme/api/releases":                             "github github.com/acme/api",
		"https://github.com/acme/api/pkgs/container/api":                   "github github.com/acme/api",
		"https://github.com/user_acme/dot.name":                            "github github.com/user_acme/dot.name",
		"https://git.acme.example/platform/api":                            "github git.acme.example/platform/api",
		"git@git.acme.example:platform/api.git":                            "github git.acme.example/platform/api",
		"https://gitlab.com/acme/team/api":                                 "other gitlab.com/acme/team/api",
		"https://gitlab.com/acme/team/api.git":                             "other gitlab.com/acme/team/api",
		"https://gitlab.com/acme/team/api/-/tree/v1.0/cmd":                 "other gitlab.com/acme/team/api @v1.0 :cmd",
		"https://gitlab.com/acme/api/-/issues":                             "other gitlab.com/acme/api",
		"https://bitbucket.org/acme/api/src/3f2a1b9c/build":                "other bitbucket.org/acme/api @3f2a1b9c :build",
		"https://codeberg.org/acme/api/src/branch/main/docker":             "other codeberg.org/acme/api :docker",
		"https://codeberg.org/acme/api/src/tag/v1.0":                       "other codeberg.org/acme/api @v1.0",
		"https://git.kernel.org/pub/scm/git/git.git":                       "other git.kernel.org/pub/scm/git/git",
		"https://gitea.corp.internal/team/app":                             "other gitea.corp.internal/team/app",
		"https://go.googlesource.com/go":                                   "other go.googlesource.com/go",
		"https://github.com/acme":                                          "",
		"https://github.com/":                                              "",
		"https://github.com":                                               "",
		"https://github.com/acme/.git":                                     "",
		"https://github.com/acme/..":                                       "",
		"https://github.com/../acme/api":                                   "",
		"https://github.com/acme/api/tree/main/../../x":                    "",
		"https://github.com/acme//api":                                     "",
		"https://github.com/acme/api/settings":                             "",
		"https://github.com/orgs/acme":                                     "",
		"https://github.com/orgs/acme/packages":                            "",
		"https://user:secret@github.com/acme/api":                          "",
		"https://token@github.com/acme/api":                                "",
		"https://github.com@evil.example/acme/api":                         "",
		"https://github.com:443/acme/api":                                  "",
		"https://github.com:8443/acme/api":                                 "",
		"https://github.com:/acme/api":                                     "",
		"https://169.254.169.254/x/y.git":                                  "",
		"http://[::1]/acme/api":                                            "",
		"https://localhost/acme/api":                                       "",
		"https://git/acme/api":                                             "",
		"file:///etc/passwd":                                               "",
		"ssh://git@github.com/acme/api":                                    "",
		"ftp://github.com/acme/api":                                        "",
		"javascript://github.com/acme/api":                                 "",
		"//github.com/acme/api":                                            "",
		"/acme/api":                                                        "",
		"acme/api":                                                         "",
		"evil.example/acme/api":                                            "",
		"https://xn--gthub-n4a.com/acme/api":                               "",
		"https://gıthub.com/acme/api":                                      "",
		"https://github.com/acme/a\u200bpi":                                "",
		"https://github.com/acme/api%2e%2e":                                "",
		"https://github.com/acme/api\\x":                                   "",
		"https://github.com/acme/api)[x](https://evil.example":             "",
		"https://github.com/acme/api\" onclick=\"x":                        "",
		"https://github.com/acme/${REPO}":                                  "",
		"https://github.com/acme/api d":                                    "",
		"git@github.com:22:acme/api":                                       "",
		"git@github.com:/acme/api":                                         "",
		"root@github.com:acme/api":                                         "",
		"https://github.com./acme/api":                                     "",
		"https://-github.com/acme/api":                                     "",
		"unknown":                                                          "",
		"":                                                                 "",
		"https://github.com/acme/" + strings.Repeat("a", 101):              "",
		"https://example.com/" + strings.Repeat("aaaaaaaaaaaaaaaaaa/", 60): "",
	} {
		a, err := changelog.ReadAddress(text, forges())
		switch {
		case want == "" && !errors.Is(err, changelog.ErrAddress):
			t.Errorf("%q: got %q, %v; it must be refused", text, said(a), err)
		case want != "" && err != nil:
			t.Errorf("%q: %v, want %q", text, err, want)
		case want != "" && said(a) != want:
			t.Errorf("%q: got %q, want %q", text, said(a), want)
		}
	}
}

func TestValidRevision(t *testing.T) {
	for text, want := range map[string]string{
		"3f2a1b9": "3f2a1b9", "3F2A1B9C": "3f2a1b9c", "6d541d27b5dd12639e5a33a675ebca04d3837d74": "6d541d27b5dd12639e5a33a675ebca04d3837d74",
		strings.Repeat("0a", 32): strings.Repeat("0a", 32),
		"v1.2.3":                 "v1.2.3", "api/v1.2.3": "api/v1.2.3", "@acme/api@1.2.3": "@acme/api@1.2.3", "1.2.3+k3s1": "1.2.3+k3s1", " v1 ": "v1", "20260101": "20260101",
		"unknown": "", "UNKNOWN": "", "main": "", "HEAD": "", "": "", "n/a": "", "<nil>": "", "$GIT_SHA": "", "3f2a1b9-dirty": "", "v1..v2": "", "a b": "",
		"-x": "", "../x": "", "v1/": "", "v1.lock": "", "v1~1": "", "v1^": "", "a:b": "", "ünicode": "", "v1\n@octocat": "", strings.Repeat("a", 200): "",
	} {
		got, ok := changelog.ValidRevision(text)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", text, got, ok, want)
		}
	}
}

func TestPagesOfForges(t *testing.T) {
	for _, c := range []struct{ address, from, to, want string }{
		{"https://github.com/acme/api", "v1.0", "v1.1", "https://github.com/acme/api/compare/v1.0...v1.1"},
		{"https://git.acme.example/acme/api", "api/v1.0", "api/v1.1", "https://git.acme.example/acme/api/compare/api/v1.0...api/v1.1"},
		{"https://github.com/acme/api", "@acme/api@1.0", "1.1+b", "https://github.com/acme/api/compare/@acme/api@1.0...1.1+b"},
		{"https://gitlab.com/acme/x/api", "v1.0", "v1.1", "https://gitlab.com/acme/x/api/-/compare/v1.0...v1.1"},
		{"https://codeberg.org/acme/api", "v1.0", "v1.1", "https://codeberg.org/acme/api/compare/v1.0...v1.1"},
		{"https://git.other.example/acme/api", "v1.0", "v1.1", "https://git.other.example/acme/api"},
		{"https://github.com/acme/api", "", "v1.1", "https://github.com/acme/api"},
	} {
		a, err := changelog.ReadAddress(c.address, forges())
		if err != nil {
			t.Fatal(err)
		}
		if got := a.CompareURL(c.from, c.to); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func FuzzReadAddress(f *testing.F) {
	for _, seed := range []string{
		"https://github.com/acme/api/tree/main/x", "git+https://github.com/docker-library/docker.git#6d541d2:24/cli", "git@github.com:acme/api.git",
		"https://gitlab.com/a/b/c/-/tree/v1/x", "http://a:b@c:1/d/e?f#g", "https://[::1]/a/b", "github.com/a/b@refs/tags/v1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := changelog.ReadAddress(text, forges())
		if err != nil {
			if !errors.Is(err, changelog.ErrAddress) {
				t.Fatalf("%q: %v is no ErrAddress", text, err)
			}
			return
		}
		for _, s := range []string{a.URL(), a.Directory, a.Revision} {
			if strings.ContainsAny(s, " \t\r\n<>\"'`()[]{}\\|^$#?%&*!") || strings.Contains(s, "..") {
				t.Errorf("%q: %q is not plain", text, s)
			}
		}
		if a.IsZero() || a.Path == "" || strings.ContainsAny(a.Host, ":@/") || strings.Contains(a.Path, "//") {
			t.Errorf("%q: %+v is no repository", text, a)
		}
		again, err := changelog.ReadAddress(a.URL(), forges())
		if err != nil || again.Repository != a.Repository {
			t.Errorf("%q: its own address %q gives %v, %v", text, a.URL(), again, err)
		}
		if a.Directory != "" && !changelog.ValidDirectory(a.Directory) {
			t.Errorf("%q: %q is no directory", text, a.Directory)
		}
	})
}

func ExampleReadAddress() {
	a, err := changelog.ReadAddress("https://github.com/acme/mono/tree/v2.1.0/services/api", nil)
	fmt.Println(a.URL(), a.Revision, a.Directory, err)
	// Output: https://github.com/acme/mono v2.1.0 services/api <nil>
}

// A GitHub at a port of its own is meant by that, and a machine's address by nobody
// but the operator.
func TestListedAddresses(t *testing.T) {
	t.Parallel()
	forges := changelog.Forges{"ghe.acme.lan:8443": changelog.GitHub, "127.0.0.1:4000": changelog.GitHub}
	for text, want := range map[string]string{
		"https://ghe.acme.lan:8443/acme/api.git": "https://ghe.acme.lan:8443/acme/api",
		"http://127.0.0.1:4000/acme/api":         "https://127.0.0.1:4000/acme/api",
		"https://GHE.acme.lan:8443/acme/api":     "https://ghe.acme.lan:8443/acme/api",
		"https://ghe.acme.lan:8444/acme/api":     "",
		"https://127.0.0.1:4001/acme/api":        "",
		"https://127.0.0.1/acme/api":             "",
		"https://github.com:443/acme/api":        "",
	} {
		a, err := changelog.ReadAddress(text, forges)
		if (err == nil) != (want != "") || a.URL() != want || want != "" && a.Forge != changelog.GitHub {
			t.Errorf("%s: %q, %v, want %q", text, a.URL(), err, want)
		}
	}
}
