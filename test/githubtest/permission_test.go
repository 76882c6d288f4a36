package githubtest_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// address is where an operation lies.
type address struct{ method, path string }

// addresses is of all operations, in a repository.
func addresses(t *testing.T, repository string) map[string]address {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]address{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			at := strings.Replace(path, "/repos/{owner}/{repo}", "/repos/"+repository, 1)
			at = strings.Replace(at, "{basehead}", "main...main", 1)
			found[op.OperationID] = address{method, regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(at, "1")}
		}
	}
	return found
}

// TestPermissions asks for each operation without what it needs.
func TestPermissions(t *testing.T) {
	var ignored []string // the calls have no bodies, which is a break of the contract
	hub := githubtest.New(broken{t, &ignored}, githubtest.Options{InMemory: true})
	repo := hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	secret := hub.AddRepository("rival/secret", map[string]string{"a": "b"})
	repo.Private, secret.Private = true, true
	i := hub.Install("acme", allWritable(), repo)
	whole, bare := tokenOf(t, hub, i, ""), tokenOf(t, hub, i, `{"permissions":{"metadata":"read"}}`)
	here, there := addresses(t, "acme/shop"), addresses(t, "rival/secret")
	needs := githubtest.Needs()
	for _, operation := range slices.Sorted(maps.Keys(needs)) {
		name, level, _ := strings.Cut(needs[operation], ":")
		ask := func(token string, at address, status int, message string) {
			t.Helper()
			want(t, call(t, hub, token, at.method, at.path, ""), status, message)
		}
		t.Run(operation, func(t *testing.T) {
			switch name {
			case "app":
				ask(whole, here[operation], http.StatusUnauthorized, "A JSON web token could not be decoded")
				return
			case "installation":
				ask(jwt(t, hub, nil), here[operation], http.StatusForbidden, "installation access token")
				return
			case "any":
				return
			}
			ask(whole, there[operation], http.StatusNotFound, "Not Found")
			if name != "metadata" {
				ask(bare, here[operation], http.StatusForbidden, "Resource not accessible by integration")
			}
			if level == "write" {
				ask(readOnly(t, hub, i, name), here[operation], http.StatusForbidden, "Resource not accessible by integration")
			}
			if a := call(t, hub, whole, here[operation].method, here[operation].path, ""); strings.Contains(a.message(), "not accessible") {
				t.Errorf("refused with all permissions: %s", a.message())
			}
		})
	}
}

func allWritable() map[string]string {
	all := everything()
	for name := range all {
		all[name] = "write"
	}
	return all
}

// readOnly is a token that may read what the names, with a bar between, say.
func readOnly(t *testing.T, hub *githubtest.Server, i *githubtest.Installation, names string) string {
	t.Helper()
	var asked []string
	for name := range strings.SplitSeq(names, "|") {
		asked = append(asked, `"`+name+`":"read"`)
	}
	return tokenOf(t, hub, i, `{"permissions":{`+strings.Join(asked, ",")+`}}`)
}

// TestSubset shows which operations of GitHub's description the stand-in has
// not: no others, and each has its reason.
func TestSubset(t *testing.T) {
	want := []string{
		"apps/create-from-manifest", // the App's page that makes it an App of an account
	}
	var missing []string
	for operation := range addresses(t, "acme/shop") {
		if !githubtest.Implements(operation) {
			missing = append(missing, operation)
		}
	}
	slices.Sort(missing)
	if !slices.Equal(missing, want) {
		t.Errorf("missing %v, want %v", missing, want)
	}
}
