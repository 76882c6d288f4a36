package scanner_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
)

func find(t *testing.T, tree fs.FS) *scanner.Inventory {
	t.Helper()
	inventory, err := scanner.Find(t.Context(), tree, scanner.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return inventory
}

// tree makes a file system of names and contents.
func tree(files map[string]string) fstest.MapFS {
	made := fstest.MapFS{}
	for name, text := range files {
		made[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return made
}

const values = "image:\n  repository: acme/web\n  tag: v1\n"

func TestFilesThatAreNotRead(t *testing.T) {
	t.Parallel()
	files := tree(map[string]string{
		"values.yaml":                       values,
		"vendor/x/values.yaml":              values,
		"node_modules/x/values.yaml":        values,
		".git/values.yaml":                  values,
		"app/.git/values.yaml":              values,
		"docker-compose.yml":                "services: {a: {image: acme/a:1}}\n",
		"values.schema.json":                `{"properties": {"image": {"tag": "v1", "repository": "acme/x"}}}`,
		"README.md":                         values,
		"notes.txt":                         values,
		"charts/web/Chart.yaml":             "name: web\ndependencies: [{name: db, repository: https://charts.example.org}, {name: own, repository: file://charts/own}]\n",
		"charts/web/charts/db/values.yaml":  values,
		"charts/web/charts/own/values.yaml": values,
	})
	files["link.yaml"] = &fstest.MapFile{Data: []byte("values.yaml"), Mode: fs.ModeSymlink}
	var got []string
	for _, field := range find(t, files).Fields {
		got = append(got, field.File)
	}
	if diff := cmp.Diff([]string{"charts/web/charts/own/values.yaml", "values.yaml"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	files := tree(map[string]string{
		"broken.yaml":         "image: a:1\nb: [1\nc: 2\n",
		"utf16.yaml":          "\xff\xfei\x00m\x00a\x00g\x00e\x00",
		"latin1.yaml":         "image: caf\xe9\n",
		"big/values.yaml":     "image: a:1\n#" + strings.Repeat("x", 4<<20),
		"broken-but-not.yaml": "nothing: [of interest\n",
		"good.yaml":           "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'acme/a:1'}]}\n",
		"deep/values.yaml":    "image: " + strings.Repeat("{a: ", 300) + strings.Repeat("}", 300),
		"comment.yaml":        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: acme/a:1 # imageupdater: ingore\n",
	})
	inventory := find(t, files)
	want := map[string]struct {
		line int
		text string
	}{
		"broken.yaml":      {3, "did not find expected"},
		"utf16.yaml":       {0, "UTF-8"},
		"latin1.yaml":      {0, "UTF-8"},
		"big/values.yaml":  {0, "are not read"},
		"deep/values.yaml": {0, "nested more than"},
		"comment.yaml":     {5, `unknown word "ingore"`},
	}
	for _, problem := range inventory.Problems {
		expected, ok := want[problem.File]
		if !ok || problem.Line != expected.line || !strings.Contains(problem.Message, expected.text) {
			t.Errorf("unexpected: %+v", problem)
		}
		delete(want, problem.File)
	}
	for file := range want {
		t.Errorf("%s: no problem", file)
	}
	if len(inventory.Fields) != 2 {
		t.Errorf("fields: %+v", inventory.Fields)
	}
	for _, field := range inventory.Fields {
		if field.File == "comment.yaml" && field.HoldUntil == "" {
			t.Error("a comment that cannot be read must hold its field")
		}
	}
}

// sized is a tree in which files over a limit have a size and no bytes.
type sized struct {
	fstest.MapFS

	read *sync.Map // the names of those that were
}

type sizedFile struct {
	fs.File

	name string
	read *sync.Map
}

func (s sized) Open(name string) (fs.File, error) {
	file, err := s.MapFS.Open(name)
	return sizedFile{file, name, s.read}, err
}

func (f sizedFile) Read(p []byte) (int, error) {
	f.read.Store(f.name, true)
	if info, err := f.Stat(); err != nil || !scanner.Wanted(f.name, info.Size()) {
		return 0, errors.New("nobody got this file")
	}
	return f.File.Read(p)
}

// What Wanted says of a listing is what is read: no other file, and none that is
// too large, whose problem its size alone tells.
func TestWanted(t *testing.T) {
	t.Parallel()
	files := tree(joinedTrees(problematic(), map[string]string{
		"values.yaml": values, "a/b/c/values.prod.yml": values, ".hidden/values.yaml": values, "a/.argocd-source-web.yaml": values,
		"vendor/values.yaml": values, "a/vendor/b/values.yaml": values, "a/node_modules/x/y/z.yaml": values, ".github/workflows/ci.yaml": values,
		"vendored/values.yaml": values, "vendor.yaml": values, ".git.yaml": values, "a/.terraform/modules/x.yaml": values,
		"README.md": values, "package.json": "{}", "a.json": "{}", "Kustomization": "images: []\n", "docker-compose.yml": values, ".gitlab-ci.yml": values,
		"a/requirements.yaml": values, "a/templates/x.yaml": values, "a/templates/_helpers.tpl": values, "a/tests/x_test.yaml": values, "x.gotmpl": "",
		"values.yaml.gotmpl": values, "big/pod.yaml": strings.Repeat("x", 4<<20), "big/templates/x.yaml": strings.Repeat("x", 4<<20+1),
	}))
	var want []string
	listed := 0
	for name, file := range files {
		if scanner.Wanted(name, 0) {
			listed++
		}
		if scanner.Wanted(name, int64(len(file.Data))) {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	read := &sync.Map{}
	inventory := find(t, sized{files, read})
	var got []string
	read.Range(func(name, _ any) bool {
		got = append(got, name.(string))
		return true
	})
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read -want +got\n%s", diff)
	}
	if inventory.Files != listed {
		t.Errorf("%d files are looked at, %d are wanted", inventory.Files, listed)
	}
	if diff := cmp.Diff(find(t, files), inventory); diff != "" {
		t.Errorf("-with all bytes +without those that are too large\n%s", diff)
	}
	problems := 0
	for _, problem := range inventory.Problems {
		if strings.HasPrefix(problem.File, "big/") && strings.Contains(problem.Message, "are not read") {
			problems++
		}
	}
	if problems != 2 {
		t.Errorf("%d files are too large, want a values file and a template, and no JSON: %+v", problems, inventory.Problems)
	}
}

// What is left out is read for what other files take from it, and no more.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	files := tree(map[string]string{
		"app/values.yaml":        values + "job:\n  image: acme/job:v1 # imageupdater: ignore\n  # imageupdater: nonsense\nempty: {image: {repository: acme/a, tag: ''}}\n",
		"app/values-prod.yaml":   "image: {tag: v2}\n",
		"app/broken.yaml":        "image: [\n",
		"app/big/values.yaml":    "image: a:1\n#" + strings.Repeat("x", 4<<20),
		"app/Chart.yaml":         "appVersion: v3\n",
		"app/templates/web.yaml": "image: acme/web:{{ .Chart.AppVersion }}\n",
		"kustomization.yaml":     "images: [{name: acme/web, newTag: v1}] # imageupdater: nonsense\n",
		"pod.yaml":               "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'acme/a:1'}, {image: acme/b}]}\n",
	})
	inventory, err := scanner.Find(t.Context(), files, scanner.FindOptions{
		LeaveOut: func(file string) string {
			if file != "app/values-prod.yaml" && strings.HasPrefix(file, "app/") {
				return "scan.exclude names it"
			}
			return ""
		},
		LeaveOutFormat: func(f format.Format) string {
			if f == format.Kustomize {
				return "scan.formats does not name it"
			}
			return ""
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"app/Chart.yaml:1 helm acme/web:v3 skip=excluded", "app/values-prod.yaml:1 helm acme/web:v2", "app/values.yaml:3 helm acme/web:v1 skip=excluded",
		"app/values.yaml:5 helm acme/job:v1 skip=excluded", "app/values.yaml:7 helm acme/a skip=excluded hold=9999-12-31",
		"kustomization.yaml:1 kustomize acme/web:v1 skip=excluded hold=9999-12-31", "pod.yaml:3 kubernetes acme/a:1", "pod.yaml:3 kubernetes acme/b skip=no-version",
	}
	if diff := cmp.Diff(want, describeFields(inventory.Fields)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, field := range inventory.Fields {
		detail := map[bool]string{true: "scan.formats does not name it", false: "scan.exclude names it"}[field.Format == format.Kustomize]
		if field.Skip != nil && field.Skip.Code == format.Excluded && (field.Skip.Detail != detail || field.DigestInTag || field.DigestAdvice != "") {
			t.Errorf("%+v", field)
		}
	}
	if len(inventory.Problems) != 1 || inventory.Problems[0].File != "kustomization.yaml" {
		t.Errorf("problems: %+v", inventory.Problems)
	}
}

// Where there is no room for a digest, the field says how to make some.
func TestDigestAdvice(t *testing.T) {
	t.Parallel()
	inventory := find(t, tree(map[string]string{
		"a/values.yaml":         values,
		"b/values.yaml":         "image: {repository: acme/web, tag: v1, digest: '', sha: ''}\n",
		"c/values.yaml":         "image: {repository: acme/web, tag: v1, digest: '', useDigest: false}\n",
		"d/values.yaml":         "image: {repository: acme/web, tag: v1, shasum: ''}\n",
		"e/values.yaml":         "image: {repository: acme/web, tag: v1, digest: &d ''}\nx: *d\n",
		"f/values.yaml":         "image: {repository: acme/web, tag: v1, digest: ''}\n",
		"f/values-prod.yaml":    "image: {tag: v2}\n",
		"g/kustomization.yaml":  "images: [{name: acme/web, newTag: &t v1}]\n",
		"h/web.yaml":            "apiVersion: example.org/v1\nkind: Web\nspec: {image: {repository: quay.io/acme/web, tag: v1}}\n",
		"i/values.yaml":         "image: {repository: acme/web, tag: v1, digest: !!str }\n",
		"j/Chart.yaml":          "appVersion: v1\n",
		"j/values.yaml":         "image: {repository: acme/web}\n",
		"j/templates/web.yaml":  "image: {{ .Values.image.repository }}:{{ .Chart.AppVersion }}\n",
		"k/skipped/values.yaml": "image: {repository: acme/web, tag: v1} # imageupdater: ignore\n",
	}))
	got := map[string]string{}
	for _, field := range inventory.Fields {
		if field.DigestAdvice != "" {
			got[field.File] = field.DigestAdvice
		}
	}
	want := map[string]string{
		"a/values.yaml": "beside the tag, if the chart", "b/values.yaml": "two keys", "c/values.yaml": "useDigest", "d/values.yaml": "sha256:",
		"e/values.yaml": "anchor", "f/values.yaml": "f/values-prod.yaml", "f/values-prod.yaml": "beside the tag, if the chart", "g/kustomization.yaml": "anchor",
		"h/web.yaml": "whole reference", "i/values.yaml": "cannot be written", "j/Chart.yaml": "appVersion",
	}
	for file, text := range want {
		if !strings.Contains(got[file], text) {
			t.Errorf("%s: the advice is %q, want one with %q", file, got[file], text)
		}
		delete(got, file)
	}
	for file, text := range got {
		t.Errorf("%s: unexpected advice %q", file, text)
	}
}

// unreadable is a tree with a folder that cannot be listed.
type unreadable struct{ fstest.MapFS }

func (u unreadable) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "secret" {
		return nil, fs.ErrPermission
	}
	return u.MapFS.ReadDir(name)
}

func TestUnreadableFolderIsAProblem(t *testing.T) {
	t.Parallel()
	inventory := find(t, unreadable{tree(map[string]string{"secret/values.yaml": values, "values.yaml": values})})
	if len(inventory.Fields) != 1 || len(inventory.Problems) != 1 || inventory.Problems[0].File != "secret" {
		t.Errorf("%+v", inventory)
	}
}

func TestFindStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scanner.Find(ctx, tree(map[string]string{"values.yaml": values}), scanner.FindOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := scanner.Find(t.Context(), fstest.MapFS{}, scanner.FindOptions{}); err != nil {
		t.Errorf("an empty tree: %v", err)
	}
}

// Hostile files end quickly and without a crash.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	bomb := "m0: &m0 [x]\n" + chain("%s", 10)
	merges := "m0: &m0 {image: a, tag: '1'}\n" + chain("{<<: %s}", 20)
	files := tree(map[string]string{
		"a/values.yaml": bomb + "image: *m10\n",
		"b/values.yaml": merges + "image: *m20\n",
		"c/values.yaml": "image: " + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		"d/values.yaml": "image: " + strings.Repeat("{a: ", 5_000) + strings.Repeat("}", 5_000),
		"e/values.yaml": strings.Repeat("{{ image", 50_000),
		"f/values.yaml": "image: |\n" + nested(60),
		"g/values.yaml": "image: " + strings.Repeat("a", 1<<20) + ":1\n",
		"h/values.yaml": strings.Repeat("image: acme/a:1\n---\n", 20_000),
		"i/values.yaml": "image: &a\n  tag: *a\n  repository: acme/web\n",
		"k/pods.json":   `{"apiVersion": "v1", "kind": "List", "é": "$imagepolicy", "items": [` + strings.Repeat(`{"apiVersion": "v1", "kind": "Pod", "ü": "x", "spec": {"containers": [{"image": "acme/a:1"}]}},`, 9_000) + "{}]}",
		"j/values.yaml": strings.Repeat("# imageupdater: image=acme/web\n", 20_000) + "tag: v1\n",
	})
	start := time.Now()
	inventory := find(t, files)
	t.Logf("%d fields, %d problems in %s", len(inventory.Fields), len(inventory.Problems), time.Since(start))
}

// chain is anchors of which each names the one before many times.
func chain(form string, links int) string {
	var b strings.Builder
	for i := range links {
		list := "[" + strings.Repeat(fmt.Sprintf("*m%d, ", i), 8) + "]"
		fmt.Fprintf(&b, "m%d: &m%d %s\n", i+1, i+1, fmt.Sprintf(form, list))
	}
	return b.String()
}

// nested is block scalars in block scalars.
func nested(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i+1) + "image: |\n")
	}
	return b.String() + strings.Repeat(" ", depth+1) + "image: acme/a:1\n"
}

// FuzzFind: whatever the file, each field that may be updated has slots that
// hold its tag and digest, and writing another tag either works or is refused.
func FuzzFind(f *testing.F) {
	names := []string{"values.yaml", "kustomization.yaml", "app.yaml", "pod.json", "chart/templates/x.yaml", "Chart.yaml", ".argocd-source-x.yaml"}
	seeds := []string{
		values, "images:\n- {name: a, newTag: '1', digest: ''}\n- newName: b\n  name: c\n  newTag: 1@sha256:" + strings.Repeat("0", 64) + "\n",
		"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, spec: {containers: [{image: 'a:1', args: ['--x-image=a/b:1']}]}}\n",
		`{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "a:1"}]}}`,
		"apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {helm: {parameters: [{name: image.tag, value: '1'}, {name: image.repository, value: a}]}, kustomize: {images: ['a=b:1']}}}\n",
		"apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    helm:\n      values: |\n        image:\n          repository: a\n          tag: 1.9\n",
		"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {values: {image: &i {repository: a/b, tag: &t v1}, x: {image: *i}, y: {image: {<<: *i, tag: *t}}}}\n",
		"{{ if x }}\nimage: a:1\n{{ end }}\n", "- op: replace\n  path: /spec/containers/0/image\n  value: a:1\n",
		"fooImage: a\nfooTag: b # imageupdater: image=x hold until=2020-01-01\n", "x: v1 # {\"$imagepolicy\": \"a:b:tag\"}\n",
		"image: {registry: q, repository: a, image: b, name: c, tag: d, version: e, digest: f, sha: g}\n",
		"image: {repository: a/b, tag: v1, digest: }\nx:\n  repository: a/b\n  tag: v1\n  sha:\n",
	}
	for i, seed := range seeds {
		f.Add(uint8(i), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, which uint8, src []byte) {
		name := names[int(which)%len(names)]
		inventory := find(t, fstest.MapFS{name: &fstest.MapFile{Data: src}})
		for _, field := range inventory.Fields {
			if field.Skip == nil {
				checkField(t, src, field)
			}
		}
	})
}

func checkField(t *testing.T, src []byte, field format.Field) {
	t.Helper()
	for _, slot := range []*edit.Slot{field.Tag, field.Digest, field.EmptyDigest} {
		if slot == nil {
			continue
		}
		at := slot.At
		if at.Offset < 0 || at.Offset+at.Length > len(src) || at.Line < 1 || at.Column < 1 {
			t.Fatalf("%+v is outside of the file", at)
		}
	}
	if field.Tag == nil || field.Tag.Old != field.Ref.Tag {
		t.Fatalf("the slot does not hold the tag: %+v", field)
	}
	checkRoom(t, field)
	if field.EmptyDigest != nil || field.DigestInTag {
		pinned := field
		pinned.Ref.Digest = shapeDigest
		if out, err := edit.Apply(src, pin(pinned)); err == nil && !strings.Contains(string(out), "0badc0de") {
			t.Fatalf("the digest is not in %q", out)
		}
	}
	update := scanner.Update{Tag: "1.10"}
	if field.Digest != nil {
		update.Digest = "sha256:" + strings.Repeat("1", 64)
	}
	out, err := scanner.Rewrite(src, []scanner.Choice{{Field: field, Update: update}})
	if err == nil && len(out) == 0 {
		t.Fatal("nothing is left of the file")
	}
}
