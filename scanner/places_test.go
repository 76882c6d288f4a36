package scanner_test

import (
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// steps reads "a.b[*].c[0]".
func steps(path string) []format.PathStep {
	var steps []format.PathStep
	for word := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' || r == '[' }) {
		index, isIndex := strings.CutSuffix(word, "]")
		switch number, err := strconv.Atoi(index); {
		case !isIndex:
			steps = append(steps, format.PathStep{Key: word})
		case err == nil:
			steps = append(steps, format.PathStep{Index: number})
		default:
			steps = append(steps, format.PathStep{Index: format.AllElements})
		}
	}
	return steps
}

func tagOf(name, path string) format.Place {
	ref, err := image.ParseName(name)
	if err != nil {
		panic(err)
	}
	return format.Place{Path: steps(path), Image: ref, Origin: "scan.fields[0]"}
}

func with(place format.Place, kind format.PlaceKind, imagePath, digestPath string) format.Place {
	place.Kind, place.ImagePath, place.DigestPath = kind, steps(imagePath), steps(digestPath)
	if imagePath != "" || kind == format.PlaceReference {
		place.Image = image.Reference{}
	}
	return place
}

func findPlaces(t *testing.T, files fstest.MapFS, places ...format.Place) *scanner.Inventory {
	t.Helper()
	inventory, err := scanner.Find(t.Context(), files, scanner.FindOptions{Places: func(string) []format.Place { return places }})
	if err != nil {
		t.Fatal(err)
	}
	return inventory
}

const (
	full = "sha256:3be941053b894d32e38b382a85504d627315e1c2901a81513302ed4fe34310b9"
	bare = "3be941053b894d32e38b382a85504d627315e1c2901a81513302ed4fe34310b9"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	tag := func(path string) format.Place { return tagOf("quay.io/acme/db", path) }
	tests := map[string]struct {
		file, text string
		places     []format.Place
		want       []string
	}{
		"a tag": {
			"kafka.yaml", "apiVersion: example.org/v1\nkind: Kafka\nspec: {kafka: {version: 3.9.0}}\n",
			[]format.Place{tag("spec.kafka.version")},
			[]string{"kafka.yaml:3 kubernetes quay.io/acme/db:3.9.0"},
		},
		"no word that a convention goes by": {
			"x.yaml", "a: 1\n", []format.Place{tag("a")}, []string{"x.yaml:1 kubernetes quay.io/acme/db:1"},
		},
		"a number, as it is written": {
			"x.yaml", "a: 3.10\nb: [1, 0o17, 1_0]\n",
			[]format.Place{tag("a"), tag("b[0]"), tag("b[1]"), tag("b[2]")},
			[]string{"x.yaml:1 kubernetes quay.io/acme/db:3.10", "x.yaml:2 kubernetes quay.io/acme/db:1", "x.yaml:2 kubernetes quay.io/acme/db:0o17", "x.yaml:2 kubernetes quay.io/acme/db:1_0"},
		},
		"in every document": {
			"x.yaml", "a: v1\n---\nb: v2\n---\na: v3\n",
			[]format.Place{tag("a")},
			[]string{"x.yaml:1 kubernetes quay.io/acme/db:v1", "x.yaml:5 kubernetes quay.io/acme/db:v3"},
		},
		"what leads nowhere": {
			"x.yaml", "a: v1\nb: [v1]\nc: {d: v1}\n", []format.Place{tag("b.a"), tag("a.b"), tag("b[1]"), tag("c[0]"), tag("c[*]"), tag("a[*]"), tag("x")}, []string{},
		},
		"each element of a list": {
			"x.yaml", "l:\n- {n: acme/a, v: v1}\n- {n: acme/b, v: v2}\n- {n: acme/c}\n- {v: v4}\n",
			[]format.Place{with(tag("l[*].v"), format.PlaceTag, "l[*].n", "")},
			[]string{"x.yaml:2 kubernetes acme/a:v1", "x.yaml:3 kubernetes acme/b:v2", "x.yaml:5 kubernetes ?:v4 skip=name-unknown"},
		},
		"lists in lists": {
			"x.yaml", "l:\n- n: acme/a\n  m: [{v: v1}, {v: v2, d: " + full + "}]\n- n: acme/b\n  m: [{v: v3}]\n",
			[]format.Place{with(tag("l[*].m[*].v"), format.PlaceTag, "l[*].n", "l[*].m[*].d")},
			[]string{"x.yaml:3 kubernetes acme/a:v1", "x.yaml:3 kubernetes acme/a:v2@3be941053b89", "x.yaml:5 kubernetes acme/b:v3"},
		},
		"an element beside, of several": {
			"x.yaml", "v: v1\nl: [{n: acme/a}, {n: acme/b}]\nm: [{n: acme/a}]\n",
			[]format.Place{with(tag("v"), format.PlaceTag, "l[*].n", "")},
			[]string{"x.yaml:1 kubernetes ?:v1 skip=name-unknown"},
		},
		"an element beside, of one": {
			"x.yaml", "v: v1\nl: [{n: acme/a}]\n",
			[]format.Place{with(tag("v"), format.PlaceTag, "l[*].n", "")},
			[]string{"x.yaml:1 kubernetes acme/a:v1"},
		},
		"references": {
			"x.yaml", "a: acme/a:v1\nb: acme/b:v1@" + full + "\nc: acme/c\nd: '!!'\ne: acme/$X:1\nf:\ng: acme/g@" + full + "\nh: {x: y}\ni: {{ x }}\n",
			[]format.Place{
				with(tag("a"), format.PlaceReference, "", ""), with(tag("b"), format.PlaceReference, "", ""), with(tag("c"), format.PlaceReference, "", ""),
				with(tag("d"), format.PlaceReference, "", ""), with(tag("e"), format.PlaceReference, "", ""), with(tag("f"), format.PlaceReference, "", ""),
				with(tag("g"), format.PlaceReference, "", ""), with(tag("h"), format.PlaceReference, "", ""), with(tag("i"), format.PlaceReference, "", ""),
			},
			[]string{
				"x.yaml:1 kubernetes acme/a:v1", "x.yaml:2 kubernetes acme/b:v1@3be941053b89", "x.yaml:3 kubernetes acme/c skip=no-version",
				"x.yaml:4 kubernetes ? skip=invalid", "x.yaml:5 kubernetes ? skip=templated", "x.yaml:6 kubernetes ? skip=no-version",
				"x.yaml:7 kubernetes acme/g@3be941053b89 skip=digest-only", "x.yaml:8 kubernetes ? skip=invalid", "x.yaml:9 kubernetes ? skip=templated",
			},
		},
		"tags that cannot be": {
			"x.yaml", "a: not a tag\nb: ''\nc: ${X}\nd: [v1]\ne: null\nf: quay.io/acme/db:v1\ng: quay.io/acme/other:v1\nh: v1@" + full + "\ni: " + full + "\n",
			[]format.Place{tag("a"), tag("b"), tag("c"), tag("d"), tag("e"), tag("f"), tag("g"), tag("h"), tag("i")},
			[]string{
				"x.yaml:1 kubernetes quay.io/acme/db skip=invalid", "x.yaml:2 kubernetes quay.io/acme/db skip=no-version", "x.yaml:3 kubernetes quay.io/acme/db skip=templated",
				"x.yaml:4 kubernetes quay.io/acme/db skip=invalid", "x.yaml:5 kubernetes quay.io/acme/db skip=no-version", "x.yaml:6 kubernetes quay.io/acme/db:v1",
				"x.yaml:7 kubernetes quay.io/acme/db skip=invalid", "x.yaml:8 kubernetes quay.io/acme/db:v1@3be941053b89", "x.yaml:9 kubernetes quay.io/acme/db@3be941053b89 skip=digest-only",
			},
		},
		"names from paths": {
			"x.yaml", "t: [v1, v2, v3, v4]\nn: ['', $X/y, 'acme/a:1', acme/d]\n",
			[]format.Place{
				with(tag("t[0]"), format.PlaceTag, "n[0]", ""), with(tag("t[1]"), format.PlaceTag, "n[1]", ""),
				with(tag("t[2]"), format.PlaceTag, "n[2]", ""), with(tag("t[3]"), format.PlaceTag, "n[3]", ""),
			},
			[]string{
				"x.yaml:1 kubernetes ?:v1 skip=name-unknown", "x.yaml:1 kubernetes ?:v2 skip=templated", "x.yaml:1 kubernetes ?:v3 skip=name-unknown", "x.yaml:1 kubernetes acme/d:v4",
			},
		},
		"digests": {
			"x.yaml", "a: " + full + "\nb: " + bare + "\nc: ''\nd: x\n",
			[]format.Place{with(tag("a"), format.PlaceDigest, "", ""), with(tag("b"), format.PlaceDigest, "", ""), with(tag("c"), format.PlaceDigest, "", ""), with(tag("d"), format.PlaceDigest, "", "")},
			[]string{
				"x.yaml:1 kubernetes quay.io/acme/db@3be941053b89 skip=digest-only", "x.yaml:2 kubernetes quay.io/acme/db@3be941053b89 skip=digest-only",
				"x.yaml:3 kubernetes quay.io/acme/db skip=no-version", "x.yaml:4 kubernetes quay.io/acme/db skip=invalid",
			},
		},
		"digests of tags": {
			"x.yaml", "t: [v1, v2, v3, 'quay.io/acme/db:v4']\nd: [" + full + ", '', x, " + full + "]\n",
			[]format.Place{
				with(tag("t[0]"), format.PlaceTag, "", "d[0]"), with(tag("t[1]"), format.PlaceTag, "", "d[1]"),
				with(tag("t[2]"), format.PlaceTag, "", "d[2]"), with(tag("t[3]"), format.PlaceTag, "", "d[3]"),
			},
			[]string{
				"x.yaml:1 kubernetes quay.io/acme/db:v1@3be941053b89", "x.yaml:1 kubernetes quay.io/acme/db:v2",
				"x.yaml:1 kubernetes quay.io/acme/db:v3 skip=invalid", "x.yaml:1 kubernetes quay.io/acme/db:v4@3be941053b89",
			},
		},
		"a digest beside an empty tag": {
			"x.yaml", "t: ''\nd: " + full + "\nu: ~\n",
			[]format.Place{with(tag("t"), format.PlaceTag, "", "d"), tagOf("null", "u")},
			[]string{"x.yaml:2 kubernetes quay.io/acme/db@3be941053b89 skip=digest-only", "x.yaml:3 kubernetes null skip=no-version"},
		},
		"a reference that has two digests": {
			"x.yaml", "r: acme/a:v1@" + full + "\nd: " + full + "\n",
			[]format.Place{with(tag("r"), format.PlaceReference, "", "d")},
			[]string{"x.yaml:1 kubernetes acme/a:v1@3be941053b89 skip=ambiguous"},
		},
		"a field that a convention finds too": {
			"values.yaml", "image: {repository: acme/web, tag: v1, digest: " + full + "}\n",
			[]format.Place{tag("image.tag")},
			[]string{"values.yaml:1 helm quay.io/acme/db:v1@3be941053b89"},
		},
		"the digest of such a field": {
			"values.yaml", "image: {repository: acme/web, tag: v1, digest: " + full + "}\n",
			[]format.Place{with(tag("image.digest"), format.PlaceDigest, "", "")},
			[]string{"values.yaml:1 helm quay.io/acme/db:v1@3be941053b89"},
		},
		"a name that a convention leaves unknown": {
			"values.yaml", "image: {tag: v1}\nwebImageTag: v2\nimages: {repository: acme/web, tag: v3}\nx: {image: {repository: $X, tag: v4}}\n",
			[]format.Place{tag("image.tag"), tag("webImageTag"), tag("images.tag"), tag("x.image.tag")},
			[]string{"values.yaml:1 helm quay.io/acme/db:v1", "values.yaml:2 helm quay.io/acme/db:v2", "values.yaml:3 helm quay.io/acme/db:v3", "values.yaml:4 helm quay.io/acme/db:v4"},
		},
		"a second digest still is in doubt": {
			"values.yaml", "image: {repository: acme/web, tag: v1, digestChroot: " + full + "}\nother: {repository: acme/web, tag: v1, digest: x}\n",
			[]format.Place{tag("image.tag"), tag("other.tag")},
			[]string{"values.yaml:1 helm quay.io/acme/db:v1 skip=ambiguous", "values.yaml:2 helm quay.io/acme/db:v1 skip=invalid"},
		},
		"unless its place is named": {
			"values.yaml", "image: {repository: acme/web, tag: v1, digestChroot: " + full + "}\n",
			[]format.Place{with(tag("image.tag"), format.PlaceTag, "", "image.digestChroot")},
			[]string{"values.yaml:1 helm quay.io/acme/db:v1@3be941053b89"},
		},
		"a reference that a convention finds too": {
			"pod.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'acme/a:1'}, {image: acme/b}]}\n",
			[]format.Place{with(tag("spec.containers[*].image"), format.PlaceReference, "", "")},
			[]string{"pod.yaml:3 kubernetes acme/a:1", "pod.yaml:3 kubernetes acme/b skip=no-version"},
		},
		"the name of a version is no field of its own": {
			"db.yaml", "apiVersion: example.org/v1\nkind: Db\nspec: {containers: [{image: acme/db}], version: v1}\n",
			[]format.Place{with(tag("spec.version"), format.PlaceTag, "spec.containers[0].image", "")},
			[]string{"db.yaml:3 kubernetes acme/db:v1"},
		},
		"anchors": {
			"x.yaml", "a: &v v1\nb: *v\nc: &m {t: v2}\nd: *m\ne: {<<: *m, x: 1}\n",
			[]format.Place{tag("a"), tag("b"), tag("d.t"), tag("e.t")},
			[]string{"x.yaml:1 kubernetes quay.io/acme/db:v1", "x.yaml:3 kubernetes quay.io/acme/db:v2"},
		},
		"an anchor with another use": {
			"x.yaml", "a: &v v1\nb: *v\n", []format.Place{tag("a")}, []string{"x.yaml:1 kubernetes quay.io/acme/db:v1 skip=shared"},
		},
		"two places that disagree": {
			"x.yaml", "a: v1\n",
			[]format.Place{tag("a"), tagOf("acme/other", "a")},
			[]string{"x.yaml:1 kubernetes quay.io/acme/db:v1 skip=shared", "x.yaml:1 kubernetes acme/other:v1 skip=shared"},
		},
		"comments": {
			"x.yaml", "a: v1 # imageupdater: ignore\n# imageupdater: hold until=2027-01-01\nb: v1\nc: v1 # imageupdater: image=acme/web\n",
			[]format.Place{tag("a"), tag("b"), tag("c")},
			[]string{"x.yaml:1 kubernetes quay.io/acme/db:v1 skip=ignored", "x.yaml:3 kubernetes quay.io/acme/db:v1 hold=2027-01-01", "x.yaml:4 kubernetes quay.io/acme/db:v1"},
		},
		"text in a block scalar is not entered": {
			"x.yaml", "a: |\n  b: v1\n", []format.Place{tag("a.b")}, []string{},
		},
		"the format is the file's":      {"kustomization.yaml", "x: v1\n", []format.Place{tag("x")}, []string{"kustomization.yaml:1 kustomize quay.io/acme/db:v1"}},
		"values":                        {"values/prod.yaml", "x: v1\n", []format.Place{tag("x")}, []string{"values/prod.yaml:1 helm quay.io/acme/db:v1"}},
		"an Application":                {"a.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Application\nx: v1\n", []format.Place{tag("x")}, []string{"a.yaml:3 argocd quay.io/acme/db:v1"}},
		"a HelmRelease":                 {"a.yaml", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nx: v1\n", []format.Place{tag("x")}, []string{"a.yaml:3 flux quay.io/acme/db:v1"}},
		"JSON":                          {"a.json", `{"x": "v1"}`, []format.Place{tag("x")}, []string{"a.json:1 kubernetes quay.io/acme/db:v1"}},
		"a file that is not looked at":  {"compose.txt", "x: v1\n", []format.Place{tag("x")}, []string{}},
		"a type that must stay is told": {"x.yaml", "a: !!float 1.9\n", []format.Place{tag("a")}, []string{"x.yaml:1 kubernetes quay.io/acme/db:1.9 skip=not-editable"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inventory := findPlaces(t, tree(map[string]string{test.file: test.text}), test.places...)
			if diff := cmp.Diff(test.want, describeFields(inventory.Fields)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			for _, field := range inventory.Fields {
				checkRoom(t, field)
				if field.Skip == nil {
					checkField(t, []byte(test.text), field)
				}
			}
			for _, problem := range inventory.Problems {
				t.Errorf("%+v", problem)
			}
		})
	}
}

// What a place says is written like anything else, digests included.
func TestPlacesCanBeWritten(t *testing.T) {
	t.Parallel()
	files := tree(map[string]string{"x.yaml": "a: 3.9 # why\nr: acme/r:1\ne: {t: v1, d: }\ns: {t: v1, sha256: ''}\nn: v1\nm: {t: v1}\n"})
	inventory := findPlaces(t, files, tagOf("acme/a", "a"), with(tagOf("acme/a", "r"), format.PlaceReference, "", ""),
		with(tagOf("acme/a", "e.t"), format.PlaceTag, "", "e.d"), with(tagOf("acme/a", "s.t"), format.PlaceTag, "", "s.sha256"),
		tagOf("acme/a", "n"), with(tagOf("acme/a", "m.t"), format.PlaceTag, "", "m.d"))
	var edits []edit.Edit
	for _, field := range inventory.Fields {
		field.Ref.Tag, field.Ref.Digest = shapeTag, shapeDigest
		if field.EmptyDigest == nil && !field.DigestInTag {
			if !strings.Contains(field.DigestAdvice, "digestPath") {
				t.Errorf("line %d: the advice is %q", field.Line, field.DigestAdvice)
			}
			edits = append(edits, edit.Edit{Slot: *field.Tag, New: shapeTag})
			continue
		}
		edits = append(edits, pin(field)...)
	}
	out, err := edit.Apply(files["x.yaml"].Data, edits)
	want := "a: \"1.10\" # why\nr: acme/r:1.10@" + shapeDigest + "\ne: {t: \"1.10\", d: " + shapeDigest + " }\n" +
		"s: {t: \"1.10\", sha256: '" + strings.TrimPrefix(shapeDigest, "sha256:") + "'}\nn: \"1.10\"\nm: {t: \"1.10\"}\n"
	if err != nil || string(out) != want {
		t.Errorf("got  %q, %v\nwant %q", out, err, want)
	}
}

// Where a convention knows room for a digest, a place at the same value has it.
func TestPlacesHaveTheRoomOfConventions(t *testing.T) {
	t.Parallel()
	inventory := findPlaces(t, tree(map[string]string{
		"kustomization.yaml": "images: [{name: acme/web, newTag: v1}]\n",
		"values.yaml":        "images: [{repository: acme/web, newTag: x, tag: v1, digest: ''}]\n",
	}), tagOf("acme/a", "images[0].newTag"), tagOf("acme/a", "images[*].tag"))
	var got []string
	for _, field := range inventory.Fields {
		switch {
		case field.DigestInTag:
			got = append(got, field.File+" "+field.Ref.String()+" in the tag")
		case field.EmptyDigest != nil:
			got = append(got, field.File+" "+field.Ref.String()+" empty")
		}
	}
	if diff := cmp.Diff([]string{"kustomization.yaml acme/a:v1 in the tag", "values.yaml acme/a:v1 empty"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A file with a place in it is worth a word where it cannot be read.
func TestPlacesInFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	files := tree(map[string]string{"a.json": "{\"x\": [}", "b.json": "[" + strings.Repeat(" ", 4<<20) + "]", "chart/templates/c.yaml": "x: [\n", "d.yaml": "y: [\n"})
	var got []string
	for _, problem := range findPlaces(t, files, tagOf("acme/a", "x")).Problems {
		got = append(got, problem.File)
	}
	if diff := cmp.Diff([]string{"a.json", "b.json", "chart/templates/c.yaml", "d.yaml"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if inventory := find(t, files); len(inventory.Problems) != 0 {
		t.Errorf("without places: %+v", inventory.Problems)
	}
}

// A values file that a release lists is read again, with its places.
func TestPlacesInListedValues(t *testing.T) {
	t.Parallel()
	inventory := findPlaces(t, tree(map[string]string{
		"app.yaml":        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {path: chart, helm: {valueFiles: [prod.yaml]}}}\n",
		"chart/prod.yaml": "image: {repository: acme/web, tag: v1}\nx: v1\n",
	}), tagOf("acme/a", "x"))
	want := []string{"chart/prod.yaml:1 helm acme/web:v1", "chart/prod.yaml:2 helm acme/a:v1"}
	if diff := cmp.Diff(want, describeFields(inventory.Fields)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A path into lists of lists of aliases ends.
func TestHostilePlaces(t *testing.T) {
	t.Parallel()
	files := tree(map[string]string{"x.yaml": "m0: &m0 [v1]\n" + chain("%s", 12)})
	place := tagOf("acme/a", "m12"+strings.Repeat("[*]", 13))
	inventory := findPlaces(t, files, place, with(tagOf("acme/a", "m0[0]"), format.PlaceTag, "m12"+strings.Repeat("[*]", 13), "m12"+strings.Repeat("[*]", 13)))
	if len(inventory.Problems) == 0 {
		t.Error("what was not looked at is no problem")
	}
}

// FuzzPlaces: as FuzzFind, with places.
func FuzzPlaces(f *testing.F) {
	places := []format.Place{
		tagOf("acme/a", "a"), with(tagOf("acme/a", "b[*].t"), format.PlaceTag, "b[*].n", "b[*].d"), with(tagOf("acme/a", "r"), format.PlaceReference, "", "d"),
		with(tagOf("acme/a", "d"), format.PlaceDigest, "", ""), with(tagOf("acme/a", "image.tag"), format.PlaceTag, "image.name", "image.digest"),
	}
	names := []string{"values.yaml", "kustomization.yaml", "app.yaml", "pod.json", "chart/templates/x.yaml"}
	for i, seed := range []string{
		"a: v1\nb: [{t: v1, n: x, d: }, {t: *x, n: y}]\nr: a/b:1\nd: ''\n", "image: {tag: &t v1, name: x, digest: ~}\na: *t\nb: [{<<: *t, t: 1.9}]\n",
		`{"a": 1, "r": "a/b:1@` + full + `", "d": "` + full + `"}`, "{{ if x }}\na: {{ x }}\nr: a:{{ y }}\n{{ end }}\n", "a: &a [*a]\nb: *a\nimage: {tag: |\n  v1\n}",
	} {
		f.Add(uint8(i), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, which uint8, src []byte) {
		name := names[int(which)%len(names)]
		for _, field := range findPlaces(t, fstest.MapFS{name: &fstest.MapFile{Data: src}}, places...).Fields {
			if field.Skip == nil {
				checkField(t, src, field)
			}
		}
	})
}
