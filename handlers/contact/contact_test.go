package contact_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/contact"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// found are the fields of files that hold one image each.
func found(t *testing.T, files map[string]string) []format.Field {
	t.Helper()
	tree := fstest.MapFS{}
	for name, image := range files {
		tree[name] = &fstest.MapFile{Data: []byte("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: c\n      image: " + image + "\n")}
	}
	inventory, err := scanner.Find(t.Context(), tree, scanner.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return contact.Certain(inventory.Fields)
}

// loaded is the proposed file as it is read, without an error or a warning.
func loaded(t *testing.T, owner string, fields []format.Field) (string, *config.Config) {
	t.Helper()
	text := contact.File(owner, "", fields)
	o := config.Options{Repository: owner + "/shop", Now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	c, warnings, err := config.Load(t.Context(), config.FileName, []byte(text), o)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v\n%s", err, warnings, text)
	}
	var subjects []config.Subject
	for _, f := range fields {
		subjects = append(subjects, scanner.Subject(f, ""))
	}
	if unmatched := c.Unmatched(subjects); len(unmatched) > 0 {
		t.Errorf("%v\n%s", unmatched, text)
	}
	return text, c
}

func TestFile(t *testing.T) {
	fields := found(t, map[string]string{
		"envs/dev/web.yaml": "ghcr.io/acme/web:1.0.0", "envs/prod/web.yaml": "ghcr.io/acme/web:1.0.0", "base/db.yaml": "postgres:16.1",
		"apps/a/overlays/qa/x.yaml": "ghcr.io/other/tool:1", "apps/b/overlays/qa/x.yaml": "registry.acme.example/tool:1",
		"base/hub.yaml": "acme/tool:1", // may be anybody's
	})
	text, c := loaded(t, "Acme", fields)
	want := `rules:
  # Public images are proposed when they have been there for three days: what turns out
  # to be bad is mostly withdrawn by then.
  - match: {image: ["docker.io/**", "ghcr.io/**"]}
    minAge: 3d
  # Your own are proposed at once.
  - match: {image: ["ghcr.io/acme/**"]}
    minAge: 0
  # All updates of an environment share one pull request.
  - match: {path: ["envs/dev/**"]}
    group: "dev"
  - match: {path: ["envs/prod/**"]}
    group: "prod"
  - match: {path: ["**/overlays/qa/**"]}
    group: "qa"
`
	if !strings.Contains(text, want) {
		t.Error(text)
	}
	for _, f := range fields {
		s := c.Settings(scanner.Subject(f, ""))
		got := fmt.Sprintf("%s %s", s.Group.Value.String(), s.MinAge.Value)
		wanted := map[string]string{
			"envs/dev/web.yaml": "dev 0", "envs/prod/web.yaml": "prod 0", "apps/a/overlays/qa/x.yaml": "qa 3d", "apps/b/overlays/qa/x.yaml": "qa 0",
			"base/db.yaml": "{{ .Image.Repository }} 3d", "base/hub.yaml": "{{ .Image.Repository }} 3d",
		}[f.File]
		if got != wanted {
			t.Errorf("%s: %s, want %s", f.File, got, wanted)
		}
	}
}

// TestFolders are those that are taken for environments.
func TestFolders(t *testing.T) {
	tests := map[string]struct {
		files []string
		want  []string // of the rules, "" for none
	}{
		"nothing":           {[]string{"web.yaml", "deploy/web.yaml"}, nil},
		"clusters":          {[]string{"clusters/eu-1/a/b.yaml", "clusters/us-1/a.yaml"}, []string{`path: ["clusters/eu-1/**"]`, `group: "eu-1"`, `path: ["clusters/us-1/**"]`}},
		"by name alone":     {[]string{"apps/web/Staging/x.yaml", "prod/x.yaml"}, []string{`path: ["apps/web/Staging/**"]`, `group: "Staging"`, `path: ["prod/**"]`}},
		"top and below":     {[]string{"prod/x.yaml", "apps/prod/x.yaml"}, []string{`path: ["**/prod/**"]`}},
		"two kinds":         {[]string{"overlays/prod/x.yaml", "envs/prod/x.yaml"}, []string{`path: ["envs/prod/**", "overlays/prod/**"]`}},
		"files are not":     {[]string{"envs/prod.yaml", "envs/x.yaml"}, nil},
		"what YAML reads":   {[]string{"envs/on/x.yaml", "envs/1.20/x.yaml", "envs/null/x.yaml"}, []string{`group: "1.20"`, `group: "null"`, `group: "on"`}},
		"special above":     {[]string{"a[b]{c}/envs/dev/x.yaml"}, []string{`path: ["**/envs/dev/**"]`}},
		"special":           {[]string{"envs/{{ .Image }}/x.yaml", "envs/a*/x.yaml", `envs/"q"/x.yaml`}, nil},
		"an environment in": {[]string{"envs/dev/overlays/prod/x.yaml"}, []string{`path: ["envs/dev/**"]`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for _, file := range tt.files {
				files[file] = "registry.acme.example/web:1.0.0"
			}
			text, _ := loaded(t, "acme", found(t, files))
			if len(tt.want) == 0 && strings.Contains(text, "\nrules:") {
				t.Error(text)
			}
			for _, part := range tt.want {
				if !strings.Contains(text, part) {
					t.Errorf("%s is not in\n%s", part, text)
				}
			}
		})
	}
}

// TestManyEnvironments keeps the file short.
func TestManyEnvironments(t *testing.T) {
	files := map[string]string{}
	for n := range 200 {
		files[fmt.Sprintf("clusters/c%03d/x.yaml", n)] = "quay.io/other/web:1.0.0"
	}
	text, c := loaded(t, "acme", found(t, files))
	if len(c.Rules) != 31 || !strings.Contains(text, "There are more environments") {
		t.Error(text)
	}
}

// TestFileOfAnOwnerWithRules lies over them, and leaves to them what they are for.
func TestFileOfAnOwnerWithRules(t *testing.T) {
	text := contact.File("acme", "acme/.imageupdater", found(t, map[string]string{"envs/dev/db.yaml": "postgres:16.1"}))
	if !strings.Contains(text, "\nextends: [acme/.imageupdater]\n") || strings.Contains(text, "minAge") || !strings.Contains(text, `group: "dev"`) {
		t.Error(text)
	}
}

func TestCertain(t *testing.T) {
	if got := found(t, map[string]string{"a.yaml": "{{ .Values.image }}", "b.yaml": "${IMAGE}:1"}); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	if got := found(t, map[string]string{"a.yaml": "nginx:1.25", "b.yaml": "nginx"}); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}
