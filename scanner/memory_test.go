package scanner_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// remembering keeps answers by path, hash and question, as one who knows the
// files' hashes from a listing does. It counts which files are opened.
type remembering struct {
	fs.FS

	mu      sync.Mutex
	answers map[string][]byte
	hashes  map[string]string
	opened  []string
}

// remember gives a tree with a memory; answers may be those of another tree.
func remember(t *testing.T, tree fs.FS, answers map[string][]byte) *remembering {
	t.Helper()
	r := &remembering{FS: tree, answers: answers, hashes: map[string]string{}}
	err := fs.WalkDir(tree, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := fs.ReadFile(tree, file)
		hash := sha256.Sum256(data)
		r.hashes[file] = hex.EncodeToString(hash[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *remembering) key(file string, about scanner.Question) string {
	return string(about) + " " + r.hashes[file] + " " + file
}

func (r *remembering) Recall(file string, about scanner.Question) ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stored, found := r.answers[r.key(file, about)]
	return stored, found
}

func (r *remembering) Keep(file string, about scanner.Question, stored []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[r.key(file, about)] = stored
}

func (r *remembering) Open(name string) (fs.File, error) {
	if r.hashes[name] != "" { // and no folder
		r.mu.Lock()
		defer r.mu.Unlock()
		r.opened = append(r.opened, name)
	}
	return r.FS.Open(name)
}

// find scans with a memory and tells which files were opened.
func (r *remembering) find(t *testing.T, options scanner.FindOptions) (inventory *scanner.Inventory, opened []string) {
	t.Helper()
	r.opened = nil
	options.Memory = r
	inventory, err := scanner.Find(t.Context(), r, options)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(r.opened)
	return inventory, r.opened
}

// chart is one whose appVersion is a tag, with a template that holds no YAML.
func chart() map[string]string {
	return map[string]string{
		"web/Chart.yaml":             "name: web\nappVersion: v1.2.0\ndependencies: [{name: db, alias: store, repository: file://charts/db}]\n",
		"web/values.yaml":            "image: {repository: acme/web}\nglobal: {imageRegistry: ghcr.io}\n",
		"web/templates/web.yaml":     "image: {{ .Values.image.repository }}:{{ .Chart.AppVersion }}\n",
		"web/templates/_helpers.tpl": "{{ define \"web\" }}app.kubernetes.io/version: {{ .Chart.AppVersion }}{{ end }}\n",
		"web/charts/db/Chart.yaml":   "name: db\n",
		"web/charts/db/values.yaml":  "image: {repository: acme/db, tag: v1, digest: ''}\n",
	}
}

// listing is an Application that uses a file as values whose name does not say so.
func listing() map[string]string {
	return map[string]string{
		"apps/web.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    repoURL: https://example.org/x.git\n    path: web\n" +
			"    helm: {valueFiles: [../envs/prod.yaml, ../envs/broken.yaml, ../envs/none.yaml]}\n",
		"envs/prod.yaml":   "image: {tag: v1.3.0}\nstore: {image: {tag: v2}}\n",
		"envs/broken.yaml": "image: [\n",
	}
}

func problematic() map[string]string {
	return map[string]string{
		"broken.yaml":      "image: a:1\nb: [1\nc: 2\n",
		"utf16.yaml":       "\xff\xfei\x00m\x00a\x00g\x00e\x00",
		"latin1.yaml":      "image: caf\xe9\n",
		"big/values.yaml":  "image: a:1\n#" + strings.Repeat("x", 4<<20),
		"big/data.json":    `{"apiVersion": "v1", "image": "a:1", "x": "` + strings.Repeat("x", 4<<20) + `"}`,
		"deep/values.yaml": "image: " + strings.Repeat("{a: ", 300) + strings.Repeat("}", 300),
		"comment.yaml":     "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: acme/a:1 # imageupdater: ingore\n",
		"none.yaml":        "replicas: 1\n",
		"image.yaml":       "image: [unclear\n",
	}
}

func joinedTrees(trees ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, files := range trees {
		maps.Copy(all, files)
	}
	return all
}

// knownTrees are the trees whose findings FinderVersion stands for.
func knownTrees(t *testing.T) map[string]fs.FS {
	t.Helper()
	trees := map[string]fs.FS{
		"sample":  tree(sampleRepository()),
		"charts":  tree(joinedTrees(chart(), listing())),
		"trouble": tree(problematic()),
	}
	for _, file := range shapeArchives(t) {
		trees["shape "+filepath.Base(file)] = readShape(t, file).tree
	}
	return trees
}

// realTrees are those of other tests and, where it is there, of the folder of
// real files beside the checkout.
func realTrees() map[string]fs.FS {
	trees := map[string]fs.FS{}
	shared := os.Getenv("IMAGEUPDATER_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	for name, dir := range map[string]string{
		"helm": "../test/e2e/testdata/helm", "kustomize": "../test/e2e/testdata/kustomize", "config": "../config/testdata",
		"corpus": filepath.Join(shared, "corpus", "files"),
	} {
		if _, err := os.Stat(dir); err == nil {
			trees[name] = os.DirFS(dir)
		}
	}
	return trees
}

// rewritten is what becomes of the files when every field moves to another tag.
func rewritten(t *testing.T, tree fs.FS, inventory *scanner.Inventory) map[string]string {
	t.Helper()
	choices := map[string][]scanner.Choice{}
	for _, field := range inventory.Fields {
		if field.Skip != nil {
			continue
		}
		update := scanner.Update{Tag: "9.9.9-new"}
		if takes := field.Digest != nil || field.EmptyDigest != nil || field.DigestInTag; takes {
			update.Digest = shapeDigest
		}
		choices[field.File] = append(choices[field.File], scanner.Choice{Field: field, Update: update})
	}
	files := map[string]string{}
	for file, chosen := range choices {
		src, err := fs.ReadFile(tree, file)
		if err != nil {
			t.Fatal(err)
		}
		out, err := scanner.Rewrite(src, chosen)
		files[file] = fmt.Sprintf("%s %v", out, err)
	}
	return files
}

// A tree that is remembered gives what it gave without, byte for byte, and not one
// of its files is opened.
func TestRememberedTrees(t *testing.T) {
	t.Parallel()
	trees := knownTrees(t)
	maps.Copy(trees, realTrees())
	for name, files := range trees {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := find(t, files)
			written := rewritten(t, files, want)
			memory := remember(t, files, map[string][]byte{})
			for _, state := range []string{"cold", "warm", "warm again"} {
				got, opened := memory.find(t, scanner.FindOptions{})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: -without +with memory\n%s", state, diff)
				}
				if diff := cmp.Diff(written, rewritten(t, files, got)); diff != "" {
					t.Errorf("%s: rewritten -without +with memory\n%s", state, diff)
				}
				if state != "cold" && len(opened) > 0 {
					t.Errorf("%s: opened %v", state, opened)
				}
				for i := range got.Fields { // what one scan gave is its own
					got.Fields[i] = format.Field{}
				}
			}
		})
	}
}

// Only what changed is read again, and what other files say of it holds at once.
func TestOnlyChangesAreRead(t *testing.T) {
	t.Parallel()
	files := joinedTrees(chart(), listing(), map[string]string{"none.yaml": "replicas: 1\n", "README.md": "image"})
	answers := map[string][]byte{}
	for _, step := range []struct{ file, text, opened string }{
		{"web/values.yaml", "image: {repository: acme/other}\n", "web/values.yaml"},
		{"envs/prod.yaml", "image: {tag: v1.4.0}\n", "envs/prod.yaml envs/prod.yaml"}, // by itself, and as values
		{"web/templates/_helpers.tpl", "x: {{ .Chart.AppVersion }}\n", "web/templates/_helpers.tpl"},
		{"apps/web.yaml", "replicas: 2\n", "apps/web.yaml"},
		{"none.yaml", "replicas: 2\n", "none.yaml"},
		{"README.md", "tag", ""},
		{"new/values.yaml", values, "new/values.yaml"},
	} {
		remember(t, tree(files), answers).find(t, scanner.FindOptions{})
		files[step.file] = step.text
		got, opened := remember(t, tree(files), answers).find(t, scanner.FindOptions{})
		if diff := cmp.Diff(step.opened, strings.Join(opened, " ")); diff != "" {
			t.Errorf("%s changed: opened -want +got\n%s", step.file, diff)
		}
		if diff := cmp.Diff(find(t, tree(files)), got); diff != "" {
			t.Errorf("%s changed: -without +with memory\n%s", step.file, diff)
		}
	}
}

// What a configuration says of places is no part of what a file says by itself.
func TestPlacesAreNotRemembered(t *testing.T) {
	t.Parallel()
	c := loaded(t, "scan:\n  fields: [{files: ['kafka.yaml'], path: spec.version, kind: tag, image: acme/kafka}]\n")
	memory := remember(t, tree(map[string]string{"kafka.yaml": "spec: {version: v1}\n", "values.yaml": values}), map[string][]byte{})
	for _, opened := range []string{"kafka.yaml values.yaml", "kafka.yaml"} {
		got, read := memory.find(t, scanner.Selected(c, ""))
		if len(got.Fields) != 2 || strings.Join(read, " ") != opened {
			t.Errorf("opened %v, found %v", read, describeFields(got.Fields))
		}
	}
	if got, read := memory.find(t, scanner.FindOptions{}); len(got.Fields) != 1 || strings.Join(read, " ") != "kafka.yaml" {
		t.Errorf("without places: opened %v, found %v", read, describeFields(got.Fields))
	}
}

// failing is a tree of which some files cannot be opened, and some end too early.
type failing struct {
	fstest.MapFS

	closed, short string
}

type endingFile struct {
	fs.File

	left int
}

func (f *endingFile) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, errors.New("connection reset")
	}
	f.left--
	return f.File.Read(p[:min(len(p), 1)])
}

func (f failing) Open(name string) (fs.File, error) {
	file, err := f.MapFS.Open(name)
	switch {
	case name == f.closed:
		return nil, fs.ErrPermission
	case name == f.short && err == nil:
		return &endingFile{file, 10}, nil
	}
	return file, err
}

// What could not be read is asked for again.
func TestReadingErrorsAreNotRemembered(t *testing.T) {
	t.Parallel()
	files := tree(joinedTrees(chart(), listing(), map[string]string{"values.yaml": values, "pod.yaml": "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'a:1'}]}\n"}))
	answers := map[string][]byte{}
	for _, lost := range [][2]string{{"values.yaml", "pod.yaml"}, {"envs/prod.yaml", "web/templates/_helpers.tpl"}, {"web/templates/_helpers.tpl", "envs/prod.yaml"}, {"web/Chart.yaml", "apps/web.yaml"}} {
		got, _ := remember(t, files, answers).find(t, scanner.FindOptions{})
		if diff := cmp.Diff(find(t, files), got); diff != "" {
			t.Errorf("before: -without +with memory\n%s", diff)
		}
		for _, file := range lost {
			for _, about := range []scanner.Question{scanner.AboutFile, scanner.AboutValues, scanner.AboutTemplate} {
				delete(answers, remember(t, files, nil).key(file, about))
			}
		}
		memory := remember(t, files, answers)
		memory.FS = failing{files, lost[0], lost[1]}
		broken, _ := memory.find(t, scanner.FindOptions{})
		for _, file := range lost {
			if !slices.ContainsFunc(broken.Problems, func(p format.Problem) bool { return p.File == file }) {
				t.Errorf("%s: no problem of it among %v", file, broken.Problems)
			}
		}
		again, _ := remember(t, files, answers).find(t, scanner.FindOptions{})
		if diff := cmp.Diff(find(t, files), again); diff != "" {
			t.Errorf("%v came back: -without +with memory\n%s", lost, diff)
		}
	}
}

// Answers of another version, or damaged ones, count as not found.
func TestForeignAnswersAreNotTaken(t *testing.T) {
	t.Parallel()
	files := tree(joinedTrees(chart(), listing(), problematic()))
	want := find(t, files)
	good := map[string][]byte{}
	remember(t, files, good).find(t, scanner.FindOptions{})
	for name, damage := range map[string]func([]byte) []byte{
		"nothing":         func([]byte) []byte { return nil },
		"another version": func(stored []byte) []byte { return slices.Concat([]byte("0"), stored) },
		"the end missing": func(stored []byte) []byte { return stored[:len(stored)-1] },
		"more behind it":  func(stored []byte) []byte { return slices.Concat(stored, []byte{0}) },
	} {
		damaged := map[string][]byte{}
		for key, stored := range good {
			damaged[key] = damage(bytes.Clone(stored))
		}
		got, _ := remember(t, files, damaged).find(t, scanner.FindOptions{})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		if diff := cmp.Diff(good, damaged); diff != "" {
			t.Errorf("%s: the answers are not replaced -want +got\n%s", name, diff)
		}
	}
}

// finderVersions has a line for each version of the finder, with the hash of
// what is remembered of the known trees.
const finderVersions = "testdata/finder-versions"

// TestFinderVersion fails when the same files give something else than they did
// under the same version: answers from before would stay in use.
func TestFinderVersion(t *testing.T) {
	t.Parallel()
	hash := sha256.New()
	trees := knownTrees(t)
	for _, name := range sortedNames(trees) {
		answers := map[string][]byte{}
		remember(t, trees[name], answers).find(t, scanner.FindOptions{})
		for _, key := range sortedNames(answers) {
			_, answer, _ := bytes.Cut(answers[key], []byte("\n"))
			fmt.Fprintf(hash, "%s %s %x\n", name, key, answer)
		}
	}
	line := scanner.FinderVersion + " " + hex.EncodeToString(hash.Sum(nil))
	known, err := os.ReadFile(finderVersions)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(known)), "\n")
	if lines[len(lines)-1] != line {
		t.Errorf("finding changed: raise FinderVersion and commit the new hash: a line in %s\n%s", finderVersions, line)
	}
	versions := map[string]bool{}
	for _, line := range lines {
		version, _, _ := strings.Cut(line, " ")
		if versions[version] {
			t.Errorf("%s has version %s twice", finderVersions, version)
		}
		versions[version] = true
	}
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// FuzzRememberedEdits: however files are edited, moved and removed, a scan that
// remembers gives what one gives that does not.
func FuzzRememberedEdits(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5})
	random := rand.NewChaCha8([32]byte{})
	for range 20 {
		script := make([]byte, 36)
		_, _ = random.Read(script) // never fails
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		files := joinedTrees(chart(), listing(), sampleRepository())
		answers := map[string][]byte{}
		for step := 0; len(script) >= 3 && step < 12; step++ {
			editAny(files, script[0], script[1], script[2])
			script = script[3:]
			got, _ := remember(t, tree(files), answers).find(t, scanner.FindOptions{})
			if diff := cmp.Diff(find(t, tree(files)), got); diff != "" {
				t.Fatalf("step %d: -without +with memory\n%s", step, diff)
			}
		}
	})
}

// editAny does something to one of the files.
func editAny(files map[string]string, which, what, with byte) {
	names := sortedNames(files)
	if len(names) == 0 {
		return
	}
	name := names[int(which)%len(names)]
	text := files[name]
	at := 0
	if len(text) > 0 {
		at = int(with) % len(text)
	}
	switch what % 8 {
	case 0:
		files[name] = text[:at]
	case 1:
		files[name] = text[:at] + "\n" + text[at:]
	case 2:
		files[name] = text[:at] + string(rune(with)) + text[at:]
	case 3:
		files[name] = strings.ReplaceAll(text, "v1", "v2")
	case 4:
		files[name] = files[names[int(with)%len(names)]]
	case 5:
		delete(files, name)
	case 6: // the same bytes under another name
		files[path.Join(path.Dir(names[int(with)%len(names)]), path.Base(name))] = text
	case 7:
		files[name] = text + "\n# imageupdater: ignore\nimage: {tag: v1, repository: acme/more}\n"
	}
}
