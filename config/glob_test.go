package config_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/config"
)

func TestImageGlobs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ glob, matches, not string }{
		{"nginx", "docker.io/library/nginx", "docker.io/acme/nginx ghcr.io/library/nginx"},
		{"acme/web", "docker.io/acme/web", "ghcr.io/acme/web"},
		{"docker.io/nginx", "docker.io/library/nginx", "docker.io/acme/nginx"},
		{"index.docker.io/acme/*", "docker.io/acme/web", "docker.io/acme/a/b"},
		{"GHCR.io/acme/**", "ghcr.io/acme/web ghcr.io/acme/a/b", "ghcr.io/acmes/web docker.io/acme/web"},
		{"*/acme/api", "ghcr.io/acme/api docker.io/acme/api", "ghcr.io/x/acme/api"},
		{"**", "docker.io/library/nginx localhost:5000/a", ""},
		{"*", "docker.io/library/nginx ghcr.io/a/b/c", ""},
		{"**/api", "ghcr.io/a/b/api docker.io/library/api", "ghcr.io/a/apis"},
		{"localhost/x", "localhost/x", "docker.io/localhost/x"},
		{"localhost:5000/x", "localhost:5000/x", "localhost/x"},
		{"redis*", "docker.io/library/redis docker.io/library/redis-stack", "docker.io/acme/redis"},
		{"bitnami/*-exporter", "docker.io/bitnami/a-exporter", "docker.io/bitnami/exporter docker.io/bitnami/a-exporters"},
		{"ghcr.io/{acme,beta}/*", "ghcr.io/acme/a ghcr.io/beta/a", "ghcr.io/gamma/a"},
		{"ghcr.io/acme/[ab]pi", "ghcr.io/acme/api", "ghcr.io/acme/cpi"},
	} {
		t.Run(test.glob, func(t *testing.T) {
			t.Parallel()
			c := load(t, "rules: [{match: {image: '"+test.glob+"'}, draft: true}]")
			for name := range strings.FieldsSeq(test.matches) {
				if len(c.Settings(config.Subject{Image: name}).Rules()) != 1 {
					t.Errorf("%s does not match %s", test.glob, name)
				}
			}
			for name := range strings.FieldsSeq(test.not) {
				if len(c.Settings(config.Subject{Image: name}).Rules()) != 0 {
					t.Errorf("%s matches %s", test.glob, name)
				}
			}
		})
	}
}

func TestPathGlobs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ glob, matches, not string }{
		{"envs/dev/**", "envs/dev/a.yaml envs/dev/x/a.yaml", "envs/developer/a.yaml a/envs/dev/a.yaml"},
		{"envs/*/values.yaml", "envs/dev/values.yaml", "envs/values.yaml envs/a/b/values.yaml"},
		{"**/values-prod.yaml", "values-prod.yaml a/b/values-prod.yaml", "my-values-prod.yaml"},
		{"**/prod/**", "prod/a.yaml a/prod/b/c.yaml", "a/production/b.yaml"},
		{"a/**/b.yaml", "a/b.yaml a/x/y/b.yaml", "a/xb.yaml"},
		{"*.yaml", "a.yaml", "a/b.yaml a.yml"},
		{"{dev,test}/*.{yml,yaml}", "dev/a.yml test/b.yaml", "prod/a.yml"},
		{"**/*", "a a/b", ""},
		{"x/**/y/**/z*", "x/y/z x/1/y/2/z3", "x/z"},
		{`a\*b`, "a*b", "axb"},
	} {
		t.Run(test.glob, func(t *testing.T) {
			t.Parallel()
			c := load(t, "rules: [{match: {path: '"+test.glob+"'}, draft: true}]")
			for name := range strings.FieldsSeq(test.matches) {
				if len(c.Settings(config.Subject{Path: name}).Rules()) != 1 {
					t.Errorf("%s does not match %s", test.glob, name)
				}
			}
			for name := range strings.FieldsSeq(test.not) {
				if len(c.Settings(config.Subject{Path: name}).Rules()) != 0 {
					t.Errorf("%s matches %s", test.glob, name)
				}
			}
		})
	}
}

func TestFileGlobs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ glob, matches, not string }{
		{"**", "a a/b", ""},
		{"testdata", "testdata a/testdata testdata/x a/testdata/x/y", "testdatas a/mytestdata"},
		{"testdata/", "testdata/x a/testdata/x/y", "testdata a/testdata"},
		{"**/testdata/**", "testdata/x a/testdata/x/y", "a/b"},
		{"/envs", "envs/a", "a/envs/b"},
		{"envs/dev", "envs/dev envs/dev/a", "x/envs/dev"},
		{"envs/dev/", "envs/dev/a", "envs/dev"},
		{"*.json", "a.json x/a.json", "a.jsonx"},
		{"charts/*/ci", "charts/a/ci/values.yaml", "charts/a/b/ci/values.yaml"},
	} {
		t.Run(test.glob, func(t *testing.T) {
			t.Parallel()
			for key, want := range map[string]bool{"include": true, "exclude": false} {
				s := load(t, "scan: {"+key+": ['"+test.glob+"']}").Scan
				selects := func(name string) bool { return s.Includes(name) && !s.Excludes(name) }
				for name := range strings.FieldsSeq(test.matches) {
					if selects(name) != want {
						t.Errorf("%s %s does not match %s", key, test.glob, name)
					}
				}
				for name := range strings.FieldsSeq(test.not) {
					if selects(name) == want {
						t.Errorf("%s %s matches %s", key, test.glob, name)
					}
				}
			}
		})
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{{ .Image.Registry }}":       "ghcr.io",
		"{{.Image.Repository}}":       "acme/team/api",
		"{{- .Image.Name -}}":         "",
		"{{ .Image.Name }}":           "api",
		"{{ .Path }}":                 "envs/dev/api/values.yaml",
		"x {{ .Dir }}":                "x envs/dev/api",
		"env {{ index .Dirs 1 }}":     "env dev",
		"env {{ index .Dirs 9 }}":     "env",
		"{{ .Format }} {{ .Kind }}":   "helm minor",
		"{{ .Image.Name }}-{{.Kind}}": "api-minor",
	} {
		c, _, err := config.Load(t.Context(), "f", []byte("defaults: {group: '"+text+"'}"), config.Options{})
		if want == "" {
			if err == nil {
				t.Errorf("%s is read", text)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		got := c.Settings(config.Subject{Image: "ghcr.io/acme/team/api", Path: "envs/dev/api/values.yaml", Format: "helm"}).For("minor").Group
		if got != want {
			t.Errorf("%s gives %q, want %q", text, got, want)
		}
	}
}

func TestFieldPaths(t *testing.T) {
	t.Parallel()
	c := load(t, `scan: {fields: [{files: [a.yaml], path: 'spec.images[0].x[*]["a.b/c"].tag', image: quay.io/strimzi/kafka}]}`)
	f := c.Scan.Fields.Value[0]
	want := []config.Step{{Key: "spec"}, {Key: "images"}, {Index: 0}, {Key: "x"}, {Index: config.AllElements}, {Key: "a.b/c"}, {Key: "tag"}}
	got := f.Path.Steps()
	if len(got) != len(want) {
		t.Fatalf("steps %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("step %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	if f.Kind != config.FieldTag || f.Image.Reference().Repository().String() != "quay.io/strimzi/kafka" {
		t.Errorf("field %+v", f)
	}
}
