package githubtest_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// app is the real client, as the App itself.
func app(t *testing.T, hub *githubtest.Server) *github.Client {
	t.Helper()
	gh, err := github.NewClient(nil).WithAuthToken(jwt(t, hub, nil)).WithEnterpriseURLs(hub.APIURL(), hub.APIURL())
	if err != nil {
		t.Fatal(err)
	}
	return gh
}

// failed is what the App finds in the log that no attempt brought over, by GUID.
func failed(t *testing.T, gh *github.Client) map[string]int64 {
	t.Helper()
	lost, over := map[string]int64{}, map[string]bool{}
	options := &github.ListCursorOptions{PerPage: 2}
	for {
		page, res, err := gh.Apps.ListHookDeliveries(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page {
			if d.GetStatus() == "OK" {
				over[d.GetGUID()] = true
			} else {
				lost[d.GetGUID()] = d.GetID()
			}
		}
		if options.Cursor = res.Cursor; options.Cursor == "" {
			maps.DeleteFunc(lost, func(guid string, _ int64) bool { return over[guid] })
			return lost
		}
	}
}

// TestLostDeliveries is the way that the App gets back what it missed.
func TestLostDeliveries(t *testing.T) {
	hub, repo, i, r := hooked(t, githubtest.Options{})
	gh := app(t, hub)
	hub.Disorder(githubtest.Disorder{Fates: func(d githubtest.Delivery) []githubtest.Fate {
		return []githubtest.Fate{{Lost: d.Event == "create" && !d.Redelivery}}
	}})
	r.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	repo.Commit("topic", "t", map[string]string{"c.txt": "t\n"})
	repo.Commit("topic", "t", map[string]string{"c.txt": "u\n"})
	if got := keys(r.take(hub)); got != "push check_suite.requested push check_suite.requested" {
		t.Fatalf("arrived: %s", got)
	}
	lost := failed(t, gh)
	if len(lost) != 5 {
		t.Fatalf("lost: %v", lost)
	}
	r.answers(nil)
	for _, id := range slices.Sorted(maps.Values(lost)) {
		if _, res, err := gh.Apps.RedeliverHookDelivery(t.Context(), id); res.StatusCode != http.StatusAccepted {
			t.Fatalf("redelivering: %v", err)
		}
	}
	again := r.take(hub)
	if keys(again) != "push create check_suite.requested push check_suite.requested" {
		t.Errorf("redelivered: %s", keys(again))
	}
	for _, one := range again {
		if lost[one.guid()] == 0 {
			t.Errorf("%s came under another GUID", one.key())
		}
	}
	if left := failed(t, gh); len(left) != 0 {
		t.Errorf("still lost: %v", left)
	}
	newest := call(t, hub, jwt(t, hub, nil), "GET", "/app/hook/deliveries?per_page=1", "")
	shown, _ := newest.list[0].(map[string]any)
	if shown["redelivery"] != true || shown["installation_id"] != float64(i.ID) || shown["repository_id"] != float64(repo.ID) || shown["action"] != "requested" {
		t.Errorf("newest: %v", shown)
	}
	if !strings.Contains(newest.header.Get("Link"), "cursor=v1_") {
		t.Errorf("Link: %s", newest.header.Get("Link"))
	}
}

func TestDeliveryLog(t *testing.T) {
	hub, repo, _, r := hooked(t, onlyPushes())
	bearer := jwt(t, hub, nil)
	r.answers(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) })
	repo.Commit("main", "m", map[string]string{"c.txt": "t\n"})
	hub.Settle()
	list := call(t, hub, bearer, "GET", "/app/hook/deliveries?status=failure", "").list
	if len(list) != 1 {
		t.Fatalf("failures: %v", list)
	}
	shown, _ := list[0].(map[string]any)
	if shown["status"] != "Invalid HTTP Response: 500" || shown["status_code"] != 500.0 || shown["event"] != "push" {
		t.Errorf("failure: %v", shown)
	}
	path := fmt.Sprintf("/app/hook/deliveries/%.0f", shown["id"])
	whole := call(t, hub, bearer, "GET", path, "").body
	request, _ := whole["request"].(map[string]any)
	response, _ := whole["response"].(map[string]any)
	payload, _ := request["payload"].(map[string]any)
	if payload["ref"] != "refs/heads/main" || response["payload"] != "no\n" || whole["url"] != r.url {
		t.Errorf("delivery: %v", whole)
	}
	want(t, call(t, hub, bearer, "GET", "/app/hook/deliveries/9999", ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, bearer, "POST", "/app/hook/deliveries/9999/attempts", ""), http.StatusNotFound, "Not Found")
	config := call(t, hub, bearer, "GET", "/app/hook/config", "").body
	if config["url"] != r.url || config["secret"] != "********" || config["content_type"] != "json" {
		t.Errorf("config: %v", config)
	}
	hub.Advance(3*24*time.Hour + time.Minute)
	bearer = jwt(t, hub, nil)
	if list := call(t, hub, bearer, "GET", "/app/hook/deliveries", "").list; len(list) != 0 {
		t.Errorf("kept too long: %v", list)
	}
	want(t, call(t, hub, bearer, "POST", path+"/attempts", ""), http.StatusNotFound, "Not Found")
}

func TestTimeOut(t *testing.T) {
	tests := map[string]struct {
		within time.Duration
		end    func(*githubtest.Server)
	}{
		"as set":      {time.Millisecond, func(*githubtest.Server) {}},
		"by the test": {time.Hour, (*githubtest.Server).TimeOut},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			hub := githubtest.New(t, githubtest.Options{AnswerWithin: tt.within})
			r := receive(t)
			arrived := make(chan bool, 1)
			r.answers(func(_ http.ResponseWriter, req *http.Request) {
				arrived <- true
				<-req.Context().Done() // GitHub hangs up
			})
			hub.Webhook(r.url, secret)
			if tt.within > time.Second {
				<-arrived
			}
			tt.end(hub)
			hub.Settle()
			if d := hub.Deliveries()[0]; d.Status != "timed out" || d.Code != http.StatusGatewayTimeout || d.OK() {
				t.Errorf("delivery: %s %d", d.Status, d.Code)
			}
		})
	}
}

// What is slow to be answered keeps nobody from calling.
func TestDeliveriesDoNotBlockCalls(t *testing.T) {
	hub, repo, i, r := hooked(t, githubtest.Options{})
	token := tokenOf(t, hub, i, "")
	arrived, called := make(chan bool, 2), make(chan bool) // a push, and its check suite
	r.answers(func(http.ResponseWriter, *http.Request) {
		arrived <- true
		<-called
	})
	repo.Commit("main", "m", map[string]string{"c.txt": "t\n"})
	<-arrived
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusOK, "")
	close(called)
	hub.Settle()
}

func TestTooLargeIsNeverSent(t *testing.T) {
	hub, repo, _, r := hooked(t, githubtest.Options{})
	repo.Tell("issues", "opened", "ann", map[string]any{"issue": strings.Repeat("x", 25<<20)})
	if got := r.take(hub); len(got) != 0 || len(hub.Deliveries()) != 2 {
		t.Errorf("sent: %s", keys(got))
	}
}

func refsOf(all []received) []string {
	var refs []string
	for _, one := range all {
		refs = append(refs, fmt.Sprint(one.body["after"]))
	}
	return refs
}

// onlyPushes is of an App that subscribed to nothing else, so that one commit is
// one delivery.
func onlyPushes() githubtest.Options { return githubtest.Options{Events: []string{"push"}} }

func TestHoldAndRelease(t *testing.T) {
	hub, repo, _, r := hooked(t, onlyPushes())
	hub.Hold()
	var made []string
	for n := range 10 {
		made = append(made, repo.Commit("main", "m", map[string]string{"c.txt": strconv.Itoa(n)}))
	}
	if got := r.take(hub); len(got) != 0 {
		t.Fatalf("not held: %s", keys(got))
	}
	hub.Release(githubtest.Shuffled(1, 100))
	got := r.take(hub)
	guids := map[string]int{}
	for _, one := range got {
		guids[one.guid()]++
	}
	if len(got) != 1000 || len(guids) != 10 || slices.Equal(refsOf(got)[:10], made) {
		t.Errorf("%d deliveries of %d events", len(got), len(guids))
	}
	hub.Hold()
	first := repo.Commit("main", "m", map[string]string{"c.txt": "first"})
	second := repo.Commit("main", "m", map[string]string{"c.txt": "second"})
	hub.Release(func(held []githubtest.Delivery) []githubtest.Delivery { slices.Reverse(held); return held })
	if got := refsOf(r.take(hub)); !slices.Equal(got, []string{second, first}) {
		t.Errorf("released in the order %v", got)
	}
}

func TestDisorder(t *testing.T) {
	tests := map[string]struct {
		rules   githubtest.Disorder
		arrived func(made, got []string) bool
		log     int // attempts
	}{
		"none":       {githubtest.Disorder{}, slices.Equal[[]string], 6},
		"duplicates": {githubtest.Disorder{Duplicate: 1}, func(_, got []string) bool { return len(got) == 12 && got[0] == got[1] }, 12},
		"lost":       {githubtest.Disorder{Lose: 1}, func(_, got []string) bool { return len(got) == 0 }, 6},
		"vanished":   {githubtest.Disorder{Vanish: 1}, func(_, got []string) bool { return len(got) == 0 }, 0},
		"half lost":  {githubtest.Disorder{Lose: 0.5, Seed: 7}, func(_, got []string) bool { return len(got) > 0 && len(got) < 6 }, 6},
		"shuffled": {githubtest.Disorder{Shuffle: 4, Seed: 7}, func(made, got []string) bool {
			return !slices.Equal(made, got) && slices.Equal(sorted(made[:4]), sorted(got[:4])) && slices.Equal(sorted(made), sorted(got))
		}, 6},
		"delayed": {githubtest.Disorder{Delay: 1, DelayBy: time.Hour}, func(_, got []string) bool { return len(got) == 0 }, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			hub, repo, _, r := hooked(t, onlyPushes())
			hub.Disorder(tt.rules)
			before := len(hub.Deliveries())
			var made []string
			for n := range 6 {
				made = append(made, repo.Commit("main", "m", map[string]string{"c.txt": strconv.Itoa(n)}))
			}
			got := refsOf(r.take(hub))
			if !tt.arrived(made, got) || len(hub.Deliveries())-before != tt.log {
				t.Errorf("made %v, arrived %v, %d in the log", made, got, len(hub.Deliveries())-before)
			}
			hub.Advance(time.Hour)
			if late := refsOf(r.take(hub)); tt.rules.Delay > 0 && !slices.Equal(late, made) {
				t.Errorf("late: %v", late)
			}
		})
	}
}

func sorted(all []string) []string { return slices.Sorted(slices.Values(all)) }
