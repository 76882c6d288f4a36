package githubtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestLimitsOfSize(t *testing.T) {
	hub := githubtest.New(t, githubtest.Options{Limits: githubtest.Limits{
		TreeEntries: 3, DirectoryEntries: 2, FileBytes: 10, BlobBytes: 20,
	}})
	repo := hub.AddRepository("acme/shop", map[string]string{"a/1": "x", "a/2": "x", "a/3": "x", "mid": strings.Repeat("m", 15), "big": strings.Repeat("b", 25)})
	token := tokenOf(t, hub, hub.Install("acme", grants(), repo), "")
	at := "/repos/acme/shop"
	get := func(path string, header ...string) answer { return call(t, hub, token, "GET", at+path, "", header...) }
	sha := func(path string) string {
		t.Helper()
		for _, e := range call(t, hub, token, "GET", at+"/git/trees/main", "").body["tree"].([]any) {
			if e := e.(map[string]any); e["path"] == path {
				return fmt.Sprint(e["sha"])
			}
		}
		t.Fatalf("no %s", path)
		return ""
	}

	if a := get("/git/trees/main?recursive=1"); a.body["truncated"] != true || len(a.body["tree"].([]any)) != 3 {
		t.Errorf("tree: %v", a.body)
	}
	if a := get("/git/trees/main"); a.body["truncated"] != false {
		t.Errorf("tree: %v", a.body)
	}
	if a := get("/contents/a"); len(a.list) != 2 {
		t.Errorf("directory: %v", a.list)
	}
	if a := get("/contents/mid"); a.body["content"] != "" || a.body["encoding"] != "none" || a.body["size"] != 15.0 {
		t.Errorf("a large file: %v", a.body)
	}
	want(t, get("/contents/mid", "Accept", "application/vnd.github.raw+json"), http.StatusOK, "")
	want(t, get("/git/blobs/"+sha("mid")), http.StatusOK, "")
	for _, path := range []string{"/contents/big", "/git/blobs/" + sha("big")} {
		want(t, get(path), http.StatusForbidden, "code:too_large")
		want(t, get(path, "Accept", "application/vnd.github.raw+json"), http.StatusForbidden, "code:too_large")
	}
	want(t, call(t, hub, token, "POST", at+"/git/blobs", fmt.Sprintf(`{"content":%q}`, strings.Repeat("b", 21))), 422, "code:too_large")
	want(t, call(t, hub, token, "POST", at+"/git/blobs", fmt.Sprintf(`{"content":%q}`, strings.Repeat("b", 20))), 201, "")
}

func TestTreeBytes(t *testing.T) {
	hub := githubtest.New(t, githubtest.Options{Limits: githubtest.Limits{TreeBytes: 500}})
	hub.AddRepository("acme/shop", map[string]string{"1": "x", "2": "x", "3": "x"})
	if a := call(t, hub, "", "GET", "/repos/acme/shop/git/trees/main", ""); a.body["truncated"] != true || len(a.body["tree"].([]any)) != 2 {
		t.Errorf("tree: %v", a.body)
	}
}

func TestLinksAndSubmodules(t *testing.T) {
	hub, repo, _, token := world(t)
	lib := strings.Repeat("1", 40)
	repo.Push("main", "acme", "links", map[string]*githubtest.File{
		"near": githubtest.Symlink("c.txt"), "a/up": githubtest.Symlink("../c.txt"), "out": githubtest.Symlink("/etc/passwd"),
		"dir": githubtest.Symlink("a"), "vendor/lib": githubtest.Submodule(lib),
		".gitmodules": githubtest.Text("[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = https://github.test/x/lib.git\n"),
	})
	at := "/repos/acme/shop/contents/"
	tests := map[string]struct{ kind, name, value string }{
		"near":       {"file", "content", "c2VlCg==\n"},
		"a/up":       {"file", "content", "c2VlCg==\n"},
		"out":        {"symlink", "target", "/etc/passwd"},
		"dir":        {"symlink", "target", "a"},
		"vendor/lib": {"submodule", "submodule_git_url", "https://github.test/x/lib.git"},
	}
	for path, tt := range tests {
		a := call(t, hub, token, "GET", at+path, "")
		if a.body["type"] != tt.kind || a.body[tt.name] != tt.value {
			t.Errorf("%s: %v", path, a.body)
		}
	}
	want(t, call(t, hub, token, "GET", at+"dir/b.txt", ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, token, "GET", at+"vendor/lib/x", ""), http.StatusNotFound, "Not Found")
	kinds := map[string]string{}
	for _, dir := range []string{"", "vendor"} {
		for _, e := range call(t, hub, token, "GET", at+dir, "").list {
			kinds[fmt.Sprint(e.(map[string]any)["path"])] = fmt.Sprint(e.(map[string]any)["type"])
		}
	}
	for path, kind := range map[string]string{"near": "symlink", "a": "dir", "c.txt": "file", "vendor/lib": "file"} {
		if kinds[path] != kind {
			t.Errorf("%s is listed as %s, want %s", path, kinds[path], kind)
		}
	}
}

func TestFilesThatCannotBe(t *testing.T) {
	hub, _, _, token := world(t)
	for _, path := range []string{".git/config", "a/.GIT/x", "a//b"} {
		want(t, call(t, hub, token, "PUT", "/repos/acme/shop/contents/"+path, `{"message":"m","content":"aGk="}`), 422, "path contains a malformed path component")
	}
}

func TestTreesThatCannotBe(t *testing.T) {
	hub, repo, _, token := world(t)
	tests := map[string]struct{ entries, message string }{
		"none":              {``, "Invalid tree info"},
		"absent deleted":    {`{"path":"none","mode":"100644","type":"blob","sha":null}`, "BadObjectState"},
		"no content":        {`{"path":"x","mode":"100644","type":"blob"}`, "Must supply either tree.sha or tree.content"},
		"from the root":     {`{"path":"/x","mode":"100644","type":"blob","content":"x"}`, "tree.path cannot start with a slash"},
		"above":             {`{"path":"a/../x","mode":"100644","type":"blob","content":"x"}`, "malformed path component"},
		"git's own":         {`{"path":".git/config","mode":"100644","type":"blob","content":"x"}`, "malformed path component"},
		"no such blob":      {`{"path":"x","mode":"100644","type":"blob","sha":"1111111111111111111111111111111111111111"}`, "is not a valid blob"},
		"inline executable": {`{"path":"x","mode":"100755","type":"blob","content":"x"}`, ""},
		"submodule":         {`{"path":"x","mode":"160000","type":"commit","sha":"1111111111111111111111111111111111111111"}`, ""},
		"link":              {`{"path":"x","mode":"120000","type":"blob","content":"c.txt"}`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status := map[bool]int{true: 201, false: 422}[tt.message == ""]
			body := fmt.Sprintf(`{"base_tree":%q,"tree":[%s]}`, repo.Branch("main"), tt.entries)
			want(t, call(t, hub, token, "POST", "/repos/acme/shop/git/trees", body), status, tt.message)
		})
	}
}
