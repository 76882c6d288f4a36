package githubtest_test

import (
	"fmt"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestAnnotations shows what a check run said of lines; what an update says is added.
func TestAnnotations(t *testing.T) {
	hub := githubtest.New(t, githubtest.Options{})
	repo := hub.AddRepository("acme/shop", map[string]string{"a b": "c\n"})
	token := tokenOf(t, hub, hub.Install("acme", grants(), repo), "")
	made := call(t, hub, token, "POST", "/repos/acme/shop/check-runs", `{"name":"c","head_sha":"`+repo.Branch("main")+`","output":{"title":"t","summary":"s",
		"annotations":[{"path":"a b","start_line":1,"end_line":2,"annotation_level":"failure","message":"m","title":"T","raw_details":"d"}]}}`)
	id, _ := made.body["id"].(float64)
	path := fmt.Sprintf("/repos/acme/shop/check-runs/%.0f", id)
	call(t, hub, token, "PATCH", path, `{"output":{"title":"t","summary":"s",
		"annotations":[{"path":"a b","start_line":3,"end_line":3,"annotation_level":"notice","message":"n"}]}}`)
	blob := hub.URL + "/acme/shop/blob/" + repo.Branch("main") + "/a%20b"
	want := fmt.Sprint([]any{
		map[string]any{"path": "a b", "start_line": 1, "end_line": 2, "start_column": nil, "end_column": nil, "annotation_level": "failure", "message": "m", "title": "T", "raw_details": "d", "blob_href": blob},
		map[string]any{"path": "a b", "start_line": 3, "end_line": 3, "start_column": nil, "end_column": nil, "annotation_level": "notice", "message": "n", "title": nil, "raw_details": nil, "blob_href": blob},
	})
	if got := fmt.Sprint(call(t, hub, token, "GET", path+"/annotations", "").list); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if a := call(t, hub, token, "GET", "/repos/acme/shop/check-runs/1/annotations", ""); a.status != 404 {
		t.Errorf("of no check run: %d", a.status)
	}
}
