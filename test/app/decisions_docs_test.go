package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/server/store"
)

// mergedSituation is what was known of a pull request when it was merged.
const mergedSituation = `{
  "at": "2026-11-21T12:00:00Z",
  "config": {"rules": [{"match": {"path": "envs/dev/**"}, "merge": {"auto": true, "after": "4h"}}]},
  "updates": [{"image": "ghcr.io/acme/web", "path": "envs/dev/web.yaml", "format": "kubernetes", "kind": "minor"}],
  "facts": {
    "app": 7,
    "pull": {"state": "open", "draft": false, "head": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "base": "main", "author": "imageupdater[bot]"},
    "pushed": "2026-11-21T06:30:00Z",
    "ownership": {"head": {"ok": true}, "commits": {"ok": true}, "tree": {"ok": true}, "base": {"ok": true}, "branch": {"ok": true}, "record": {"ok": true}},
    "owner": "", "paused": false, "restricted": [], "rolledBack": [], "newer": [], "order": null,
    "merge": {"state": "clean", "behind": false},
    "runs": [{"id": 1, "suite": 1, "name": "build", "app": 15368, "status": "completed", "conclusion": "success"}],
    "statuses": [], "suites": [], "rules": {"checks": [{"name": "build", "app": 15368}]}, "classic": {}, "reviews": [], "decision": "", "unresolved": 0,
    "repository": {"methods": ["squash"], "autoMerge": true},
    "native": {"armed": null, "queued": null}
  }
}`

// mergedDecision is how the log has it.
func mergedDecision(t *testing.T) string {
	t.Helper()
	s, err := policy.DecodeSituation([]byte(mergedSituation))
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Load(t.Context(), ".imageupdater.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rule := s.Rule(c)
	verdict := policy.Decide(&rule, &s.Facts, s.At)
	if verdict.Outcome != policy.Merges {
		t.Fatalf("%+v", verdict)
	}
	text, err := json.Marshal(map[string]any{
		"what": "merged", "number": 41, "group": "acme/web", "branch": "imageupdater/acme-web-44e16a", "head": verdict.Head,
		"method": verdict.Method, "sha": "e83c5163316f89bfbde7d9ab23ca2e25604af290", "verdict": verdict,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDecisionsDocs holds the example in docs/api.md against what the server answers.
// It is not parallel, as others write the same file.
func TestDecisionsDocs(t *testing.T) {
	l, what := beginAudited(t, file(t), "acme/shop"), mergedDecision(t)
	l.app.stop()
	db, err := store.Open(t.Context(), l.place)
	if err != nil {
		t.Fatal(err)
	}
	err = db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.Log(ctx, store.Decision{
			ID: "019aa637-90d6-7ef4-9d3b-4b0f6b8e2f51", At: time.Date(2026, 11, 21, 12, 0, 0, 312e6, time.UTC),
			RepositoryID: l.repos["acme/shop"].ID, Repository: "acme/shop", Kind: "merged", What: what,
		})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	l.app = l.starts()
	_, text := l.app.call(http.MethodGet, "/api/v1/decisions?repository=acme/shop&kind=merged&limit=1", apiToken+"auditor", "")
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, bytes.TrimSpace(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile(`"repositoryId": \d+`).ReplaceAllString(pretty.String(), `"repositoryId": 1296269`)
	// A condition is a line.
	example = regexp.MustCompile(`(?m)^( {12})\{\n([^{}]*?)\n {12}\}`).ReplaceAllStringFunc(example, func(condition string) string {
		return regexp.MustCompile(`\n +`).ReplaceAllString(condition, " ")
	})
	agree(t, filepath.Join("..", "..", "docs", "api.md"), "<!-- decisions: made by go test ./test/app -run TestDecisionsDocs -update -->", "<!-- end of decisions -->", "```json\n"+example+"\n```\n")
}

// TestAuditDocs holds the line in docs/server.md against what is written. It is not
// parallel, as others write the same file.
func TestAuditDocs(t *testing.T) {
	l := beginAudited(t, file(t), "acme/shop")
	l.app.Decided(t.Context(), l.repos["acme/shop"].ID, proposal.Done{
		What: "opened", Number: 41, Group: "acme/web", Branch: "imageupdater/acme-web-44e16a", Head: "6dcb09b5b57875f334f61aebed695e2e4193db5e",
	})
	line := l.audit.String()
	for was, is := range map[string]string{
		`"id":"[^"]*"`: `"id":"019aa5f2-6f51-7c1e-8b0a-2d3f4c5b6a79"`, `"at":"[^"]*"`: `"at":"2026-11-21T10:45:18.321Z"`, `"repositoryId":\d+`: `"repositoryId":1296269`,
	} {
		line = regexp.MustCompile(was).ReplaceAllString(line, is)
	}
	agree(t, filepath.Join("..", "..", "docs", "server.md"), "<!-- audit: made by go test ./test/app -run TestAuditDocs -update -->", "<!-- end of audit -->", "```json\n"+line+"```\n")
}
