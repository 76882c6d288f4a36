package registryhook_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/registryhook"
	"github.com/imageupdater/imageupdater/scanner/image"
)

const secret = "pl4nted-0123456789abcdef"

func noon() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// receiver is a hook with all that its kind needs.
func receiver(tb testing.TB, kind, host string) *registryhook.Receiver {
	tb.Helper()
	h := registryhook.Hook{Name: "orchard", Kind: kind, Host: host, Secret: []byte(secret)}
	if kind == "gar" {
		h.Secret, h.Audience, h.Email = nil, "https://updater.example", "push@orchard.iam.gserviceaccount.com"
	}
	r, err := registryhook.New(h, registryhook.Options{Now: noon, Keys: registryhook.NewKeys(nil, "", noon)})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func spelled(images []image.Repository) []string {
	var all []string
	for _, i := range images {
		all = append(all, i.String())
	}
	return all
}

func TestRead(t *testing.T) {
	t.Parallel()
	for i, test := range readings() {
		kind, _, _ := strings.Cut(test.file, "-")
		if test.host == "images.orchard.example" {
			kind = "cloudevents"
		}
		t.Run(fmt.Sprint(i, " ", test.file), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join("testdata", test.file+".json"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := receiver(t, kind, test.host).Read(headers(test.header), body)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, got, test.want)
		})
	}
}

func headers(lines string) http.Header {
	h := http.Header{}
	for line := range strings.SplitSeq(lines, "\n") {
		if name, value, is := strings.Cut(line, ": "); is {
			h.Set(name, value)
		}
	}
	return h
}

func judge(t *testing.T, got registryhook.Hint, want string) {
	t.Helper()
	if got.ID == "" {
		t.Error("the hint has no id")
	}
	if why, none := strings.CutPrefix(want, "!"); none {
		if len(got.Images) > 0 || !strings.Contains(got.Ignored, why) {
			t.Errorf("images %v, ignored because %q; want none, because %q", got.Images, got.Ignored, why)
		}
		return
	}
	if diff := cmp.Diff(strings.Fields(want), spelled(got.Images)); diff != "" || got.Ignored != "" {
		t.Errorf("ignored because %q; images -want +got\n%s", got.Ignored, diff)
	}
}

// Every kind has inputs of its own, and every input is read.
func TestInputs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, r := range readings() {
		used[r.file] = true
	}
	seen := map[string]bool{}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		kind, _, _ := strings.Cut(name, "-")
		seen[kind] = true
		if !used[name] {
			t.Errorf("%s is in no test", f)
		}
	}
	for _, kind := range registryhook.Kinds() {
		if !seen[kind] {
			t.Errorf("%s has no input", kind)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 500)
	tests := map[string]struct {
		kind, header, body string
		want               string // "" for a hash
	}{
		"GitHub's delivery":          {"ghcr", "X-Github-Delivery: 72d3162e-cc78", `{}`, "72d3162e-cc78"},
		"Nexus' delivery":            {"nexus", "X-Nexus-Webhook-Delivery: 7f4a6dde", `{}`, "7f4a6dde"},
		"Azure's id":                 {"acr", "", `{"id":"a1","action":"ping"}`, "a1"},
		"Amazon's id":                {"ecr", "", `{"id":"e1"}`, "e1"},
		"Pub/Sub's id":               {"gar", "", `{"message":{"messageId":"77"}}`, "77"},
		"CloudEvent's source and id": {"zot", "", `{"specversion":"1.0","type":"t","source":"/s","id":"1"}`, "/s 1"},
		"in headers":                 {"cloudevents", "Ce-Specversion: 1.0\nCe-Type: t\nCe-Id: 1\nCe-Source: /s", `{}`, "/s 1"},
		"id without source":          {"zot", "", `{"specversion":"1.0","type":"t","id":"1"}`, ""},
		"none":                       {"dockerhub", "", `{}`, ""},
		"long":                       {"acr", "", `{"id":"` + long + `"}`, ""},
		"no ASCII":                   {"acr", "", `{"id":"a\u0000\n"}`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := receiver(t, test.kind, hosts()[test.kind]).Read(headers(test.header), []byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.want != "" && got.ID != test.want {
				t.Errorf("id %q, want %q", got.ID, test.want)
			}
			if test.want == "" && len(got.ID) != 64 {
				t.Errorf("id %q, want a hash", got.ID)
			}
		})
	}
}

// Some send the same bytes for each push of the same tag: they are one delivery
// within a minute, and two afterwards.
func TestPushedAgain(t *testing.T) {
	t.Parallel()
	for kind, body := range map[string]string{
		"quay":  `{"repository":"a/b","updated_tags":["latest"]}`,
		"jfrog": `{"domain":"docker","event_type":"pushed","data":{"repo_key":"a","image_name":"b","tag":"latest"}}`,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			now := noon()
			h := registryhook.Hook{Name: "q", Kind: kind, Host: "images.orchard.example", Secret: []byte(secret)}
			r, err := registryhook.New(h, registryhook.Options{Now: func() time.Time { return now }})
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for range 3 {
				hint, err := r.Read(nil, []byte(body))
				if err != nil || len(hint.Images) != 1 {
					t.Fatal(hint, err)
				}
				ids = append(ids, hint.ID)
				now = now.Add(40 * time.Second)
			}
			if ids[0] != ids[1] || ids[1] == ids[2] {
				t.Errorf("ids %q: want the first two to be one", ids)
			}
		})
	}
}
