package githubtest_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// recording is an exchange with the real GitHub, as others noted it.
type recording struct {
	operation string
	status    int
	From      string
	Request   struct {
		Method, URL string
		Body        map[string]any
	}
	Response struct {
		Headers map[string]any
		Body    any
	}
}

// keys are those of the scenes: one is of all of its status, or of all of its
// operation.
func (r recording) keys() []string {
	return []string{fmt.Sprintf("%s %d", r.operation, r.status), r.operation}
}

// header is one of the answer's; several of a name are joined.
func (r recording) header(name string) string {
	switch value := r.Response.Headers[name].(type) {
	case string:
		return value
	case []any:
		return fmt.Sprint(value...)
	}
	return ""
}

// repository is the one that the URL names.
func (r recording) repository() string {
	parts := strings.Split(r.Request.URL, "/")
	if len(parts) < 4 || parts[1] != "repos" {
		return "hub4j-test-org/github-api"
	}
	name, _, _ := strings.Cut(parts[3], "?")
	return parts[2] + "/" + name
}

// recordings lie beside the checkout: they are not ours to copy.
func recordings(t *testing.T) []recording {
	t.Helper()
	dir := os.Getenv("IMAGEUPDATER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(dir, "github", "recordings", "hub4j.json"))
	if err != nil {
		t.Skip("shared folder not present: the exchanges with the real GitHub are not part of this repository")
	}
	var byOperation map[string]map[string][]recording
	if err := json.Unmarshal(text, &byOperation); err != nil {
		t.Fatal(err)
	}
	var all []recording
	for _, operation := range slices.Sorted(maps.Keys(byOperation)) {
		for _, status := range slices.Sorted(maps.Keys(byOperation[operation])) {
			for _, r := range byOperation[operation][status] {
				r.operation = operation
				if r.status, err = strconv.Atoi(status); err != nil {
					t.Fatal(err)
				}
				all = append(all, r)
			}
		}
	}
	return all
}

// stage is the stand-in in a state that is comparable with the recording's, and
// the call that is about to be made: the recorded one until a scene changes it.
type stage struct {
	*testing.T

	recording

	hub     *githubtest.Server
	repo    *githubtest.Repository
	install *githubtest.Installation
	// person is who made the call, who may do all.
	person, auth, path string
	body               map[string]any
	header             []string
}

func newStage(t *testing.T, r recording) *stage {
	t.Helper()
	hub := githubtest.New(t, githubtest.Options{InMemory: true})
	owner, _, _ := strings.Cut(r.repository(), "/")
	hub.Organization(owner)
	repo := hub.AddRepository(r.repository(), map[string]string{"README.md": "Hello\n", "doc/readme.txt": "Thanks for using our application!\n"})
	repo.Collaborate("bitwiseman", "admin")
	s := &stage{
		T: t, recording: r, hub: hub, repo: repo, person: "bitwiseman", path: r.Request.URL, body: r.Request.Body,
		install: hub.Install(owner, everything(), repo), auth: hub.Token("bitwiseman"),
	}
	if r.header("X-RateLimit-Limit") == "60" { // nobody's
		s.auth = ""
	}
	return s
}

// under makes the call one of the repository's, with the query as recorded.
func (s *stage) under(format string, args ...any) {
	_, query, asked := strings.Cut(s.Request.URL, "?")
	s.path = "/repos/" + s.repo.FullName() + fmt.Sprintf(format, args...)
	if asked {
		s.path += "?" + query
	}
}

// asApp makes it a call of the App, asInstallation one by a token of it.
func (s *stage) asApp()          { s.auth = jwt(s.T, s.hub, nil) }
func (s *stage) asInstallation() { s.auth = tokenOf(s.T, s.hub, s.install, "") }

// pull opens a pull request.
func (s *stage) pull(head string) int {
	s.repo.Commit(head, "topic", map[string]string{"topic.txt": "t\n"})
	return s.repo.OpenPull(s.person, "T", head, "main")
}

// make sends a call that has to work before the one that is compared.
func (s *stage) make(method, path, body string) answer {
	s.Helper()
	a := call(s.T, s.hub, s.auth, method, "/repos/"+s.repo.FullName()+path, body)
	if a.status >= http.StatusBadRequest {
		s.Fatalf("%s %s: %d %s", method, path, a.status, a.message())
	}
	return a
}

func (s *stage) play() answer {
	s.Helper()
	body := ""
	if len(s.body) > 0 {
		text, err := json.Marshal(s.body)
		if err != nil {
			s.Fatal(err)
		}
		body = string(text)
	}
	return call(s.T, s.hub, s.auth, s.Request.Method, s.path, body, s.header...)
}

// TestRecordings makes the calls that others made to the real GitHub, and
// compares the answers. What differs and is not in the table of differences is
// a fault of the stand-in's; what is in the table and does not differ any more
// has to leave it.
func TestRecordings(t *testing.T) {
	all, scenes, description := recordings(t), scenes(), described(t)
	seen, played := map[string]int{}, 0
	for _, r := range all {
		if why := unplayed()[fmt.Sprintf("%s %d", r.operation, r.status)]; why != "" || !githubtest.Implements(r.operation) {
			seen["not played: "+cmp.Or(why, r.operation+" is not implemented")]++
			played++
			continue
		}
		t.Run(fmt.Sprintf("%s %d %s", r.operation, r.status, r.From), func(t *testing.T) {
			s := newStage(t, r)
			r.scene(t, scenes)(s)
			played++
			for _, found := range compare(r, s.play(), description) {
				reason := reasonOf(r, found)
				if reason == "" {
					t.Error(found)
				}
				seen[reason]++
			}
		})
	}
	for _, d := range differences() {
		if seen[d.reason] == 0 && played == len(all) && !t.Failed() {
			t.Errorf("nothing differs because %s", d.reason)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%3d %s", seen[reason], reason)
	}
}

// unplayed is the recordings that the stand-in cannot be made to repeat.
func unplayed() map[string]string {
	return map[string]string{"rate-limit/get 404": "an Enterprise server whose limits are switched off"}
}

// scene is the one that fits the recording best.
func (r recording) scene(t *testing.T, scenes map[string]func(*stage)) func(*stage) {
	t.Helper()
	for _, key := range r.keys() {
		if scenes[key] != nil {
			return scenes[key]
		}
	}
	t.Fatal("there is no scene for it")
	return nil
}
