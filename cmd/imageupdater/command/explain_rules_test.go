package command

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
)

func TestExplainRules(t *testing.T) {
	t.Parallel()
	e := newExplaining(t)
	if got := e.explain(t, "--rules"); got != 0 {
		t.Errorf("exit code %d: %s", got, e.stderr())
	}
	want := `.imageupdater.yaml: 3 rules, 2 entries of ignore; 6 images in 3 files.
  rules[0] (.imageupdater.yaml:4)    2 images  image: HOST/acme/api  sets constraint, tags.ignore
  rules[1] (.imageupdater.yaml:7)    3 images  path: envs/prod/**, update: [major, patch]  sets minAge, labels
  rules[2] (.imageupdater.yaml:10)   0 images  image: HOST/acme/apu  sets strategy  — no image matches the rule
  ignore[0] (.imageupdater.yaml:13)  2 images  image: HOST/acme/api, versions: 1.5.x, until: 2027-01-01, reason: leaks
  ignore[1] (.imageupdater.yaml:14)  0 images  image: nginx, until: 2026-01-01  — no image matches the entry: "nginx" means "docker.io/library/nginx"
`
	if diff := cmp.Diff(want, e.stdout()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestExplainFewRules(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		dir   string
		want  string
	}{
		"no file":  {map[string]string{"a.yaml": pod("nginx:1.25")}, "", "There is no .imageupdater.yaml: the built-in defaults hold for 1 image in 1 file.\n"},
		"no rules": {map[string]string{config.FileName: "defaults: {minAge: 3d}\n"}, "", ".imageupdater.yaml has no rules: its defaults hold for 0 images in 0 files.\n"},
		"a part of the repository": {
			map[string]string{".git/x": "", config.FileName: "rules:\n  - {match: {image: x}, draft: true}\n  - {match: {path: sub/**}, draft: true}\n", "sub/a.yaml": pod("nginx:1.25")},
			"sub",
			`.imageupdater.yaml: 2 rules, 0 entries of ignore; 1 image in 1 file.
  rules[0] (.imageupdater.yaml:2)  0 images  image: x  sets draft
  rules[1] (.imageupdater.yaml:3)  1 image   path: sub/**  sets draft
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := explaining{dir: tree(t, test.files), registry: &indexRegistry{host: "unused"}}
			part := e
			part.dir = filepath.Join(e.dir, test.dir)
			if got := part.explain(t, "--rules"); got != 0 || e.stable(part.out.String()) != test.want {
				t.Errorf("exit code %d, output\n%s\n%s", got, e.stable(part.out.String()), part.errs.String())
			}
		})
	}
}
