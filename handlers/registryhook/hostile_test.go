package registryhook_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/registryhook"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// What is no JSON, or JSON of other types, is an error and never a panic.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"empty":          "",
		"no JSON":        "image=orchard",
		"a list":         "[]",
		"other types":    `{"repository":7,"events":7,"event_data":7,"specversion":7,"target":7,"detail":7,"message":7,"package":7,"registry_package":7,"data":7,"component":7}`,
		"very deep":      strings.Repeat(`{"data":`, 20000) + "1" + strings.Repeat("}", 20000),
		"too long":       `{"x":"` + strings.Repeat("x", registryhook.MaxBody) + `"}`,
		"list in base64": `{"message":{"data":"WzFd"}}`,
	}
	for _, kind := range registryhook.Kinds() {
		for name, body := range bodies {
			if name == "list in base64" && kind != "gar" {
				continue
			}
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := headers("X-Github-Event: package\nX-Nexus-Webhook-Id: rm:repository:component")
				if got, err := receiver(t, kind, hosts()[kind]).Read(h, []byte(body)); err == nil {
					t.Errorf("it is read as %+v", got)
				}
			})
		}
	}
}

// hosts are hosts that fit the kinds.
func hosts() map[string]string {
	all := map[string]string{}
	for _, kind := range registryhook.Kinds() {
		all[kind] = kind + ".orchard.example"
	}
	all["dockerhub"] = ""
	all["ecr"] = "210987654321.dkr.ecr.eu-north-1.amazonaws.com"
	return all
}

// events is an envelope of the distribution registry.
func events(paths ...string) []byte {
	type m map[string]any
	all := []m{}
	for _, p := range paths {
		all = append(all, m{"action": "push", "target": m{"repository": p, "tag": "1"}, "request": m{"host": "r.example"}})
	}
	body, _ := json.Marshal(m{"events": all})
	return body
}

func TestManyImages(t *testing.T) {
	t.Parallel()
	var paths []string
	for i := range 3000 {
		paths = append(paths, fmt.Sprintf("orchard/fig-%d", i/2))
	}
	got, err := receiver(t, "distribution", "r.example").Read(nil, events(paths...))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Images) != registryhook.MaxImages || got.Images[1].Path != "orchard/fig-1" {
		t.Errorf("%d images, the second is %v; want %d, each once", len(got.Images), got.Images[1], registryhook.MaxImages)
	}
}

// Names that break the grammar are left out, and the others beside them are not.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	bad := []string{
		"", "/", "..", "a/../b", "a//b", "/a", "a/", "A/b", "a b", "a\x00b", "a\nb", "a:1", "a@sha256:1", "%2e%2e/a", "ä", "a?x=1", "a#b",
		"\xff\xfe", "a\u202eb", strings.Repeat("a", 256), "http://evil.example/a",
	}
	got, err := receiver(t, "distribution", "r.example").Read(nil, events(append(bad, "orchard/fig")...))
	if err != nil {
		t.Fatal(err)
	}
	judge(t, got, "r.example/orchard/fig")
}

// FuzzRead holds that no body of any kind brings a panic, or an image that breaks
// the grammar or is of another registry.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, "package", "pushed")
	}
	receivers := map[string]*registryhook.Receiver{}
	for _, kind := range registryhook.Kinds() {
		receivers[kind] = receiver(f, kind, hosts()[kind])
	}
	f.Fuzz(func(t *testing.T, body []byte, event, ceType string) {
		for kind, r := range receivers {
			h := headers("X-Nexus-Webhook-Id: rm:repository:component\nCe-Subject: " + event)
			h.Set("X-Github-Event", event)
			if len(ceType)%2 == 1 {
				h.Set("Ce-Specversion", "1.0")
				h.Set("Ce-Type", ceType)
			}
			hint, err := r.Read(h, body)
			if err == nil {
				sound(t, kind, hint)
			}
		}
	})
}

func sound(t *testing.T, kind string, hint registryhook.Hint) {
	t.Helper()
	if len(hint.ID) == 0 || len(hint.ID) > 200 || (len(hint.Images) == 0) != (hint.Ignored != "") || len(hint.Images) > registryhook.MaxImages {
		t.Fatalf("%s: %+v", kind, hint)
	}
	home := map[string]string{"dockerhub": "docker.io"}[kind] + hosts()[kind]
	seen := map[image.Repository]bool{}
	for _, i := range hint.Images {
		ref, err := image.ParseName(i.String())
		if err != nil || ref.Repository() != i || i.Registry != home || seen[i] {
			t.Fatalf("%s: %v of %v (%v)", kind, i, hint.Images, err)
		}
		seen[i] = true
	}
}
