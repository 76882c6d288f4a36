package changelog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/image"
)

const (
	source   = "org.opencontainers.image.source"
	revision = "org.opencontainers.image.revision"
	shaA     = "aaaaaaa1aaaaaaa1aaaaaaa1aaaaaaa1aaaaaaa1"
	shaB     = "bbbbbbb2bbbbbbb2bbbbbbb2bbbbbbb2bbbbbbb2"
)

type labels = map[string]string

func repository(t *testing.T, name string) image.Repository {
	t.Helper()
	ref, err := image.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	return ref.Repository()
}

// told is an origin in a line.
func told(o changelog.Origin) string {
	if o.Repository.IsZero() {
		return "nothing"
	}
	s := o.Repository.Host + "/" + o.Repository.Path
	if o.Revision != "" {
		s += " @" + strings.TrimRight(o.Revision[:min(len(o.Revision), 8)], " ")
	}
	if o.Directory != "" {
		s += " :" + o.Directory
	}
	if o.Tag != "" {
		s += " " + o.Tag
	}
	s += " by " + string(o.Layer)
	if !o.Packaging.IsZero() {
		s += "; packaged in " + o.Packaging.Path
		if o.Packaging.Revision != "" {
			s += " @" + o.Packaging.Revision[:8]
		}
	}
	if o.Doubt != "" {
		s += "; doubt: " + string(o.Doubt)
	}
	return s
}

func TestFind(t *testing.T) {
	api := labels{source: "https://github.com/acme/api", revision: shaA}
	base := changelog.Repository{Host: "github.com", Path: "acme/base", Forge: changelog.GitHub}
	for name, c := range map[string]struct {
		image string
		facts changelog.Facts
		want  string
	}{
		"labels": {"ghcr.io/acme/api", changelog.Facts{Config: api}, "github.com/acme/api @aaaaaaa1 by labels of the image"},
		"index before descriptor before image before labels": {
			"ghcr.io/acme/api",
			changelog.Facts{
				Index: labels{source: "https://github.com/acme/one"}, Descriptor: labels{source: "https://github.com/acme/two"},
				Manifest: labels{source: "https://github.com/acme/three"}, Config: labels{source: "https://github.com/acme/four"},
			},
			"github.com/acme/one by annotations of the index",
		},
		"descriptor before image": {
			"ghcr.io/acme/api",
			changelog.Facts{Descriptor: labels{source: "https://github.com/acme/two"}, Manifest: labels{source: "https://github.com/acme/three"}},
			"github.com/acme/two by annotations of the index's entry",
		},
		"image before labels": {
			"ghcr.io/acme/api",
			changelog.Facts{Manifest: labels{source: "https://github.com/acme/three"}, Config: api},
			"github.com/acme/three by annotations of the image",
		},
		"the revision from another layer": {
			"ghcr.io/acme/api",
			changelog.Facts{Index: labels{source: "https://github.com/acme/api"}, Config: api},
			"github.com/acme/api @aaaaaaa1 by annotations of the index",
		},
		"a revision without source": {
			"ghcr.io/acme/api",
			changelog.Facts{Index: labels{revision: shaB}, Config: labels{source: "https://github.com/acme/api"}},
			"github.com/acme/api @bbbbbbb2 by labels of the image",
		},
		"the revision of another repository is not taken": {
			"ghcr.io/acme/api",
			changelog.Facts{Index: labels{source: "https://github.com/acme/api"}, Config: labels{source: "https://github.com/acme/base", revision: shaB}},
			"github.com/acme/api by annotations of the index",
		},
		"operator before file before all": {
			"ghcr.io/acme/api",
			changelog.Facts{Operator: "https://github.com/acme/operators", File: "https://github.com/acme/files", Config: api},
			"github.com/acme/operators by the server's configuration",
		},
		"the file's map": {
			"ghcr.io/acme/api",
			changelog.Facts{File: "https://github.com/acme/api/tree/main/cmd", Index: api},
			"github.com/acme/api @aaaaaaa1 :cmd by changelog.sources",
		},
		"the map and a revision without source": {
			"registry.acme.example/api",
			changelog.Facts{File: "https://github.com/acme/api", Config: labels{revision: shaA}},
			"github.com/acme/api @aaaaaaa1 by changelog.sources",
		},
		"a map that is broken": {
			"ghcr.io/acme/api",
			changelog.Facts{File: "https://github.com/acme", Config: api},
			"github.com/acme/api @aaaaaaa1 by labels of the image",
		},
		"a signature before annotations": {
			"ghcr.io/acme/api",
			changelog.Facts{Signed: changelog.Hint{Source: "https://github.com/acme/signed", Revision: shaB}, Index: api},
			"github.com/acme/signed @bbbbbbb2 by the image's signature",
		},
		"label-schema": {
			"acme/api",
			changelog.Facts{Config: labels{"org.label-schema.vcs-url": "git@github.com:acme/api.git", "org.label-schema.vcs-ref": "3f2a1b9"}},
			"github.com/acme/api @3f2a1b9 by labels of the image",
		},
		"vcs-url and vcs-ref": {
			"acme/api",
			changelog.Facts{Config: labels{"vcs-url": "https://github.com/acme/api", "vcs-ref": "v1.2.3"}},
			"github.com/acme/api @v1.2.3 by labels of the image",
		},
		"OCI before label-schema": {
			"acme/api",
			changelog.Facts{Config: labels{source: "https://github.com/acme/api", "org.label-schema.vcs-url": "https://github.com/acme/old", revision: "unknown", "org.label-schema.vcs-ref": "3f2a1b9"}},
			"github.com/acme/api @3f2a1b9 by labels of the image",
		},
		"a page on GitHub is a source": {
			"acme/api",
			changelog.Facts{Config: labels{"org.opencontainers.image.url": "https://github.com/acme/api/pkgs/container/api"}},
			"github.com/acme/api by labels of the image",
		},
		"a page elsewhere is none": {
			"acme/api",
			changelog.Facts{Config: labels{"org.opencontainers.image.url": "https://www.acme.example/products/api"}},
			"nothing",
		},
		"a source without a value": {"acme/api", changelog.Facts{Config: labels{source: "", revision: shaA}}, "nothing"},
		"variables that were never filled": {
			"acme/api", changelog.Facts{Config: labels{source: "https://github.com/acme/${REPO}", revision: "$SHA"}}, "nothing",
		},
		"the revision in the address": {
			"acme/api",
			changelog.Facts{Manifest: labels{source: "https://github.com/acme/mono.git#" + shaA + ":api"}},
			"github.com/acme/mono @aaaaaaa1 :api by annotations of the image",
		},
		"provenance": {
			"acme/api",
			changelog.Facts{Provenance: changelog.Hint{Source: "https://github.com/acme/api", Revision: shaA}},
			"github.com/acme/api @aaaaaaa1 by the build's provenance; doubt: " + string(changelog.Unvouched),
		},
		"provenance adds its revision to a label's source": {
			"acme/api",
			changelog.Facts{Config: labels{source: "https://github.com/acme/api"}, Provenance: changelog.Hint{Source: "git@github.com:Acme/API.git", Revision: shaA}},
			"github.com/acme/api @aaaaaaa1 by labels of the image",
		},

		"inherited: the same source and revision": {
			"ghcr.io/acme/api",
			changelog.Facts{Config: labels{source: "https://github.com/acme/base", revision: shaB}, Base: labels{source: "https://github.com/acme/base.git", revision: shaB}},
			"github.com/acme/base @bbbbbbb2 by labels of the image; doubt: " + string(changelog.Inherited),
		},
		"inherited: no revision in the base": {
			"ghcr.io/acme/api",
			changelog.Facts{Config: labels{source: "https://github.com/acme/base", revision: shaB}, Base: labels{source: "https://github.com/acme/base"}},
			"github.com/acme/base @bbbbbbb2 by labels of the image; doubt: " + string(changelog.Inherited),
		},
		"one repository builds both": {
			"ghcr.io/acme/api",
			changelog.Facts{Config: labels{source: "https://github.com/acme/mono", revision: shaA}, Base: labels{source: "https://github.com/acme/mono", revision: shaB}},
			"github.com/acme/mono @aaaaaaa1 by labels of the image",
		},
		"a base with other labels": {
			"ghcr.io/acme/api",
			changelog.Facts{Config: labels{source: "https://github.com/other/thing"}, Base: labels{source: "https://github.com/acme/base"}},
			"github.com/other/thing by labels of the image",
		},
		"the revision alone is inherited": {
			"ghcr.io/acme/api",
			changelog.Facts{Index: labels{source: "https://github.com/acme/api"}, Config: labels{revision: shaB}, Base: labels{revision: shaB}},
			"github.com/acme/api by annotations of the index",
		},
		"annotations are never inherited": {
			"ghcr.io/acme/api",
			changelog.Facts{Index: api, Base: api},
			"github.com/acme/api @aaaaaaa1 by annotations of the index",
		},
		"the base is not known and the name is another's": {
			"ghcr.io/acme/api",
			changelog.Facts{Config: labels{source: "https://github.com/canonical/ubuntu-rootfs"}},
			"github.com/canonical/ubuntu-rootfs by labels of the image; doubt: " + string(changelog.OtherName),
		},
		"an owner in common": {
			"ghcr.io/acme/api",
			changelog.Facts{Config: labels{source: "https://github.com/acme-labs/monorepo"}},
			"github.com/acme-labs/monorepo by labels of the image",
		},
		"a word within another": {
			"registry.example/manager",
			changelog.Facts{Config: labels{source: "https://github.com/prometheus/alertmanager"}},
			"github.com/prometheus/alertmanager by labels of the image",
		},
		"provenance confirms what could be inherited": {
			"ghcr.io/acme/api",
			changelog.Facts{
				Config: labels{source: "https://github.com/acme/mono"}, Base: labels{source: "https://github.com/acme/mono"},
				Provenance: changelog.Hint{Source: "git@github.com:acme/mono", Revision: shaA},
			},
			"github.com/acme/mono @aaaaaaa1 by labels of the image",
		},
		"provenance confirms another name": {
			"ghcr.io/acme/api",
			changelog.Facts{Config: labels{source: "https://github.com/zeta/mono"}, Provenance: changelog.Hint{Source: "https://github.com/zeta/mono.git"}},
			"github.com/zeta/mono by labels of the image",
		},
		"what is inherited gives way to provenance": {
			"ghcr.io/acme/api",
			changelog.Facts{
				Config: labels{source: "https://github.com/acme/base"}, Base: labels{source: "https://github.com/acme/base"},
				Provenance: changelog.Hint{Source: "https://github.com/acme/api"},
			},
			"github.com/acme/api by the build's provenance; doubt: " + string(changelog.Unvouched),
		},
		"what is inherited gives way to the table": {
			"quay.io/prometheus/node-exporter",
			changelog.Facts{Config: labels{source: "https://github.com/prometheus/busybox"}, Base: labels{source: "https://github.com/prometheus/busybox"}},
			"github.com/prometheus/node_exporter v{version} by a table of well-known images",
		},

		"a source without the commit": {
			"ghcr.io/acme/api",
			changelog.Facts{Config: labels{source: "https://github.com/acme/base", revision: shaA}, Lacks: base},
			"github.com/acme/base @aaaaaaa1 by labels of the image; doubt: " + string(changelog.NoCommit),
		},
		"a source without the commit gives way to provenance": {
			"ghcr.io/acme/api",
			changelog.Facts{
				Tag: "main-3f2a1b9", Config: labels{source: "https://github.com/acme/base"}, Lacks: base,
				Provenance: changelog.Hint{Source: "https://github.com/acme/api"},
			},
			"github.com/acme/api @3f2a1b9 by the build's provenance; doubt: " + string(changelog.Unvouched),
		},
		"provenance cannot vouch for a source without the commit": {
			"ghcr.io/acme/api",
			changelog.Facts{
				Config: labels{source: "https://github.com/acme/base", revision: shaA}, Lacks: base,
				Provenance: changelog.Hint{Source: "https://github.com/acme/base"},
			},
			"github.com/acme/base @aaaaaaa1 by labels of the image; doubt: " + string(changelog.NoCommit),
		},
		"what people said is not doubted": {
			"ghcr.io/acme/api",
			changelog.Facts{File: "https://github.com/acme/base", Config: labels{revision: shaA}, Lacks: base},
			"github.com/acme/base @aaaaaaa1 by changelog.sources",
		},

		"the tag's commit where labels have none": {
			"ghcr.io/acme/api",
			changelog.Facts{Tag: "main-3f2a1b9-1690000000", Config: labels{source: "https://github.com/acme/api"}},
			"github.com/acme/api @3f2a1b9 by labels of the image",
		},
		"the tag's commit and the label's are one": {
			"ghcr.io/acme/api",
			changelog.Facts{Tag: "sha-aaaaaaa1", Config: api},
			"github.com/acme/api @aaaaaaa1 by labels of the image",
		},
		"the tag's commit before another in a label": {
			"ghcr.io/acme/api",
			changelog.Facts{Tag: "main-3f2a1b9", Config: api},
			"github.com/acme/api @3f2a1b9 by labels of the image",
		},

		"an official image: the label is of its packaging": {
			"redis",
			changelog.Facts{Descriptor: labels{source: "https://github.com/docker-library/redis.git#" + shaA + ":7.2/alpine", revision: shaA}},
			"github.com/redis/redis {version} by a table of well-known images; packaged in docker-library/redis @aaaaaaa1",
		},
		"an official image without labels": {
			"docker.io/library/nginx", changelog.Facts{}, "github.com/nginx/nginx release-{version} by a table of well-known images",
		},
		"an official image at a mirror": {
			"public.ecr.aws/docker/library/postgres", changelog.Facts{}, "github.com/postgres/postgres REL_{underscored} by a table of well-known images",
		},
		"an official image that nobody lists keeps its packaging": {
			"docker.io/library/hello-world",
			changelog.Facts{Descriptor: labels{source: "https://github.com/docker-library/hello-world.git#" + shaA, revision: shaA}},
			"github.com/docker-library/hello-world @aaaaaaa1 by annotations of the index's entry",
		},
		"Kubernetes": {
			"registry.k8s.io/ingress-nginx/controller", changelog.Facts{}, "github.com/kubernetes/ingress-nginx controller-v{version} by a table of well-known images",
		},
		"Kubernetes' old registry": {
			"k8s.gcr.io/kube-proxy", changelog.Facts{}, "github.com/kubernetes/kubernetes v{version} by a table of well-known images",
		},
		"a label that agrees with the table has its tags": {
			"docker.io/grafana/grafana",
			changelog.Facts{Config: labels{source: "https://github.com/grafana/grafana", revision: shaA}},
			"github.com/grafana/grafana @aaaaaaa1 v{version} by labels of the image",
		},
		"the file's map may lead to a packaging repository": {
			"redis",
			changelog.Facts{File: "https://github.com/docker-library/redis"},
			"github.com/docker-library/redis by changelog.sources",
		},
		"somebody else's image by the same name": {"ghcr.io/acme/redis", changelog.Facts{}, "nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			c.facts.Image = repository(t, c.image)
			if got := told(changelog.Find(&c.facts, forges())); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// What was passed over is told, and cannot grow.
func TestFindTellsWhatItPassesOver(t *testing.T) {
	facts := changelog.Facts{
		Image: repository(t, "ghcr.io/acme/api"), Tag: "main-3f2a1b9",
		File:       "https://user:secret@github.com/acme/api",
		Index:      labels{source: strings.Repeat("x", 100_000), revision: "unknown"},
		Config:     labels{source: "https://github.com/acme/api", revision: shaA},
		Provenance: changelog.Hint{Source: "https://github.com/acme/other", Revision: shaB},
	}
	var got []string
	for _, p := range changelog.Find(&facts, nil).Passed {
		if len(p.Text) > 200 {
			t.Errorf("%d bytes of foreign text are kept", len(p.Text))
		}
		got = append(got, fmt.Sprintf("%.8s: %s: %s", p.Text, p.Layer, p.Reason))
	}
	want := []string{
		"https://: changelog.sources: it is no address of a repository",
		"xxxxxxxx: annotations of the index: it is no address of a repository",
		"unknown: annotations of the index: it is neither a commit nor a tag",
		"aaaaaaa1: labels of the image: the image's tag names another commit",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// An image's own version is told apart from its base image's, and from words.
func TestFindVersion(t *testing.T) {
	const version = "org.opencontainers.image.version"
	for name, c := range map[string]struct {
		facts changelog.Facts
		want  string
	}{
		"label":               {changelog.Facts{Config: labels{version: "v1.2.3"}}, "v1.2.3"},
		"label-schema":        {changelog.Facts{Config: labels{"org.label-schema.version": "1.2.3"}}, "1.2.3"},
		"annotation first":    {changelog.Facts{Index: labels{version: "1.2.4"}, Config: labels{version: "22.04"}}, "1.2.4"},
		"the base image's":    {changelog.Facts{Config: labels{version: "22.04"}, Base: labels{version: "22.04"}}, ""},
		"a branch":            {changelog.Facts{Config: labels{version: "main"}}, ""},
		"a commit":            {changelog.Facts{Config: labels{version: shaA}}, ""},
		"what cannot be read": {changelog.Facts{Config: labels{version: strings.Repeat("1", 1000)}}, ""},
		"nothing":             {changelog.Facts{}, ""},
	} {
		if got := changelog.Find(&c.facts, nil).Version; got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestCommitOf(t *testing.T) {
	for tag, want := range map[string]string{
		"sha-3f2a1b9": "3f2a1b9", "main-3f2a1b9-1690000000": "3f2a1b9", "main-1690000000-3f2a1b9": "3f2a1b9", shaA: shaA, "3f2a1b9": "3f2a1b9",
		"v1.2.3-5-g3f2a1b9": "3f2a1b9", "pr-12-3f2a1b9c0": "3f2a1b9c0", "sha-1234567": "1234567", "git-abcdefa": "abcdefa", "3f2a1b9-amd64": "3f2a1b9", "1.2.3_3f2a1b9": "3f2a1b9",
		"main": "", "latest": "", "1.2.3": "", "20240115": "", "main-1234567-1690000000": "", "facade-1.0": "", "defaced": "", "deadbeef-3f2a1b9": "3f2a1b9",
		"3f2a1b9-4f2a1b9": "", "release-2024": "", "": "", "3F2A1B9": "", strings.Repeat("3f2a1b9-", 100): "",
	} {
		got, ok := changelog.CommitOf(tag)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", tag, got, ok, want)
		}
	}
}
