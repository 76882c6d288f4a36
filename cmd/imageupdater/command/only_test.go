package command

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

func TestNarrow(t *testing.T) {
	t.Parallel()
	inventory := &scanner.Inventory{
		Problems: []format.Problem{{File: "bad.yaml"}},
		Files:    9,
	}
	for file, name := range map[string]string{
		"a.yaml":                "nginx",
		"envs/dev/b.yaml":       "acme/web",
		"envs/prod/c.yaml":      "ghcr.io/acme/api",
		"envs/prod/eu/d.yaml":   "localhost:5000/acme/api",
		"envs/production/e.yml": "index.docker.io/nginx",
		"nginx/f.yaml":          "quay.io/x/y",
		"odd[1]/g.yaml":         "Reg.Example/x",
	} {
		ref, err := image.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		inventory.Fields = append(inventory.Fields, format.Field{File: file, Ref: ref})
	}
	tests := map[string]struct {
		only   []string
		want   []string
		unused []string
	}{
		"image, and a folder of the same name": {only: []string{"nginx"}, want: []string{"a.yaml", "envs/production/e.yml", "nginx/f.yaml"}},
		"library image":                        {only: []string{"library/nginx"}, want: []string{"a.yaml", "envs/production/e.yml"}},
		"canonical image":                      {only: []string{"docker.io/library/nginx"}, want: []string{"a.yaml", "envs/production/e.yml"}},
		"another spelling of Docker Hub":       {only: []string{"index.docker.io/nginx"}, want: []string{"a.yaml", "envs/production/e.yml"}},
		"image of Docker Hub":                  {only: []string{"acme/web"}, want: []string{"envs/dev/b.yaml"}},
		"image glob of Docker Hub":             {only: []string{"acme/*"}, want: []string{"envs/dev/b.yaml"}},
		"all of Docker Hub":                    {only: []string{"docker.io/**"}, want: []string{"a.yaml", "envs/dev/b.yaml", "envs/production/e.yml"}},
		"glob in one segment":                  {only: []string{"ngi*"}, want: []string{"a.yaml", "envs/production/e.yml", "nginx/f.yaml"}},
		"registry glob":                        {only: []string{"*/acme/api"}, want: []string{"envs/prod/c.yaml", "envs/prod/eu/d.yaml"}},
		"a registry with a port":               {only: []string{"localhost:5000/**"}, want: []string{"envs/prod/eu/d.yaml"}},
		"a registry in capitals":               {only: []string{"REG.example/x"}, want: []string{"odd[1]/g.yaml"}},
		"a folder":                             {only: []string{"envs/prod"}, want: []string{"envs/prod/c.yaml", "envs/prod/eu/d.yaml"}},
		"a folder with trimmings":              {only: []string{"./envs/prod/"}, want: []string{"envs/prod/c.yaml", "envs/prod/eu/d.yaml"}},
		"a file":                               {only: []string{"envs/prod/c.yaml"}, want: []string{"envs/prod/c.yaml"}},
		"a glob of files":                      {only: []string{"**/*.yml"}, want: []string{"envs/production/e.yml"}},
		"a glob of folders":                    {only: []string{"envs/pro?"}, want: []string{"envs/prod/c.yaml", "envs/prod/eu/d.yaml"}},
		"a folder with a bracket":              {only: []string{"odd[1]"}, want: []string{"odd[1]/g.yaml"}},
		"all":                                  {only: []string{"."}, want: []string{"a.yaml", "envs/dev/b.yaml", "envs/prod/c.yaml", "envs/prod/eu/d.yaml", "envs/production/e.yml", "nginx/f.yaml", "odd[1]/g.yaml"}},
		"several, one of them useless":         {only: []string{"a.yaml", "nowhere", "acme/web"}, want: []string{"a.yaml", "envs/dev/b.yaml"}, unused: []string{"nowhere"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var selectors []selector
			for _, value := range test.only {
				s, err := newSelector(value)
				if err != nil {
					t.Fatal(err)
				}
				selectors = append(selectors, s)
			}
			picked, unused := pick(inventory.Fields, selectors)
			got := make(map[string]bool)
			for i, f := range inventory.Fields {
				if picked[i] {
					got[f.File] = true
				}
			}
			want := make(map[string]bool)
			for _, f := range test.want {
				want[f] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			var values []string
			for _, s := range unused {
				values = append(values, s.value)
			}
			if diff := cmp.Diff(test.unused, values); diff != "" {
				t.Errorf("unused -want +got\n%s", diff)
			}
		})
	}
	if picked, _ := pick(inventory.Fields, nil); slices.Contains(picked, false) {
		t.Error("without --only something is left out")
	}
}
