package command

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
)

// contract is docs/scan-json.md written down again, on purpose without the
// types that print it.
type contract struct {
	Schema string `json:"schema"`
	Fields []struct {
		File   string `json:"file"`
		Line   int    `json:"line"`
		Column int    `json:"column"`
		Path   string `json:"path"`
		Format string `json:"format"`
		Image  string `json:"image"`
		Tag    string `json:"tag"`
		Digest string `json:"digest"`
		Status string `json:"status"`
		Reason *struct {
			Code   string `json:"code"`
			Detail string `json:"detail"`
		} `json:"reason"`
		Updates []struct {
			Kind   string `json:"kind"`
			Tag    string `json:"tag"`
			Digest string `json:"digest"`
			Group  string `json:"group"`
		} `json:"updates"`
		Waiting *struct {
			Kind   string `json:"kind"`
			Tag    string `json:"tag"`
			Digest string `json:"digest"`
			Until  string `json:"until"`
		} `json:"waiting"`
		At struct {
			Tag    *contractPosition `json:"tag"`
			Digest *contractPosition `json:"digest"`
		} `json:"at"`
	} `json:"fields"`
	Problems []struct {
		File    string `json:"file"`
		Line    int    `json:"line"`
		Column  int    `json:"column"`
		Message string `json:"message"`
	} `json:"problems"`
	Warnings []struct {
		Severity string `json:"severity"`
		File     string `json:"file"`
		Line     int    `json:"line"`
		Column   int    `json:"column"`
		Field    string `json:"field"`
		Message  string `json:"message"`
		Hint     string `json:"hint"`
	} `json:"warnings"`
	Requests map[string]struct {
		List  int `json:"list"`
		Head  int `json:"head"`
		Get   int `json:"get"`
		Other int `json:"other"`
	} `json:"requests"`
}

type contractPosition struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Offset int `json:"offset"`
	Length int `json:"length"`
}

// decodeContract reads JSON strictly: a key that the contract doesn't name, or
// an array that is null, fails the test.
func decodeContract(t *testing.T, text string) contract {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var got contract
	if err := decoder.Decode(&got); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if decoder.More() {
		t.Errorf("more than one document:\n%s", text)
	}
	if got.Fields == nil || got.Problems == nil || got.Warnings == nil || got.Requests == nil {
		t.Errorf("null where an array or object should be:\n%s", text)
	}
	for _, field := range got.Fields {
		if field.Updates == nil {
			t.Errorf("updates is null in\n%s", text)
		}
	}
	return got
}

func TestJSON(t *testing.T) {
	t.Parallel()
	r := sample(false)
	r.changes = []change{{file: "apps/api.yaml", err: errors.New("disk full")}}
	r.warnings = config.Warnings{{Severity: config.SeverityWarning, File: ".imageupdater.yaml", Line: 9, Column: 5, Field: "rules[1]", Message: "no image matches the rule"}}
	var b strings.Builder
	if err := writeJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	got := decodeContract(t, b.String())
	if got.Schema != "imageupdater.scan/v1" || len(got.Fields) != 5 {
		t.Fatalf("schema %q, %d fields", got.Schema, len(got.Fields))
	}
	for key, want := range map[string]string{
		"a field in full": `{
      "file": "apps/api.yaml",
      "line": 5,
      "column": 31,
      "path": "spec.containers[0].image",
      "format": "kubernetes",
      "image": "ghcr.io/acme/api",
      "tag": "v1.2.0",
      "digest": "` + digestA + `",
      "status": "update",
      "reason": null,
      "updates": [
        {
          "kind": "minor",
          "tag": "v1.3.0",
          "digest": "` + digestB + `",
          "group": "acme/api"
        },
        {
          "kind": "major",
          "tag": "v2.0.0",
          "digest": "` + digestA + `",
          "group": "acme/api-major"
        }
      ],
      "waiting": null,
      "at": {
        "tag": {
          "line": 5,
          "column": 31,
          "offset": 80,
          "length": 6
        },
        "digest": {
          "line": 5,
          "column": 38,
          "offset": 87,
          "length": 71
        }
      }
    }`,
		"no updates": `"updates": [],`,
		"no places":  "\"at\": {\n        \"tag\": null,\n        \"digest\": null\n      }",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s: lacks %s in\n%s", key, want, b.String())
		}
	}
	statuses := make([]string, 0, len(got.Fields))
	for _, field := range got.Fields {
		statuses = append(statuses, field.Status)
		if (field.Reason != nil) != (field.Status == "skipped" || field.Status == "problem") {
			t.Errorf("%s: status %s, reason %v", field.Path, field.Status, field.Reason)
		}
	}
	if diff := cmp.Diff([]string{"update", "current", "update", "skipped", "problem"}, statuses); diff != "" {
		t.Errorf("statuses -want +got\n%s", diff)
	}
	if len(got.Problems) != 2 || got.Problems[0].Line != 3 || got.Problems[1].Message != "not written: disk full" {
		t.Errorf("problems: %+v", got.Problems)
	}
	if len(got.Warnings) != 1 || got.Warnings[0].Field != "rules[1]" || got.Warnings[0].Severity != "warning" || got.Warnings[0].Line != 9 {
		t.Errorf("warnings: %+v", got.Warnings)
	}
	if got := got.Requests["ghcr.io"]; got.List != 1 || got.Head != 2 || got.Get != 3 || got.Other != 4 {
		t.Errorf("requests: %+v", got)
	}
}

func TestEmptyJSON(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := writeJSON(&b, &report{}); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"schema\": \"imageupdater.scan/v1\",\n  \"fields\": [],\n  \"problems\": [],\n  \"warnings\": [],\n  \"requests\": {}\n}\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
