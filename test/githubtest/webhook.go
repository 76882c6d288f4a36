package githubtest

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // GitHub still sends the old signature beside the new one
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxPayload is how many bytes a payload may have; a larger one is never sent.
const maxPayload = 25 << 20

// subscribed is the events that the App uses, and the permission without which
// an installation does not get them.
func subscribed() map[string]string {
	return map[string]string{
		"branch_protection_rule": "administration:read",
		"check_run":              "checks:read",
		"check_suite":            "checks:read",
		"create":                 "contents:read",
		"delete":                 "contents:read",
		"issue_comment":          "issues|pull_requests:read",
		"issues":                 "issues:read",
		"member":                 "members:read",
		"merge_group":            "merge_queues:read",
		"pull_request":           "pull_requests:read",
		"pull_request_review":    "pull_requests:read",
		"push":                   "contents:read",
		"registry_package":       "packages:read",
		"release":                "contents:read",
		"repository":             "metadata:read",
		"repository_ruleset":     "administration:read",
		"status":                 "statuses:read",
	}
}

// always says whether every App gets an event, whatever it subscribed to.
func always(name string) bool {
	return slices.Contains([]string{"installation", "installation_repositories", "installation_target"}, name)
}

// neededFor is the permission that an event wants, which is more for what asks
// something of the App.
func neededFor(e event) string {
	switch e.key() {
	case "check_run.rerequested", "check_run.requested_action", "check_suite.requested", "check_suite.rerequested":
		return "checks:write"
	}
	return subscribed()[e.name]
}

// Webhook sets where the App's webhooks are sent from now on, and the secret
// that they are signed with. As GitHub does, it sends a ping there.
func (s *Server) Webhook(url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.aim(url, secret)
	s.notify(event{name: "ping", payload: s.ping()}, nil)
}

func (s *Server) ping() object {
	config := s.hook.config()
	return object{
		"zen": "Keep it logically awesome.", "hook_id": s.hook.id, "hook": object{
			"type": "App", "id": s.hook.id, "name": "web", "active": true, "events": s.hears(), "config": config,
			"created_at": stamp(s.App.since), "updated_at": stamp(s.App.since), "app_id": s.App.ID,
			"deliveries_url": s.api("/app/hook/deliveries"),
		},
	}
}

// hears is the names of the events that the App subscribed to.
func (s *Server) hears() []string {
	if s.subscriptions != nil {
		return s.subscriptions
	}
	all := subscribed()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sign is the headers of a delivery.
func (h *hook) sign(d Delivery) http.Header {
	header := http.Header{}
	// The names are set as GitHub writes them, which is not how Go would.
	for name, value := range map[string]string{
		"Accept": "*/*", "Content-Type": "application/json", "User-Agent": "GitHub-Hookshot/0123abc",
		"X-GitHub-Event": d.Event, "X-GitHub-Delivery": d.GUID, "X-GitHub-Hook-ID": strconv.FormatInt(h.id, 10),
		"X-GitHub-Hook-Installation-Target-ID": strconv.FormatInt(h.app, 10), "X-GitHub-Hook-Installation-Target-Type": "integration",
	} {
		header[name] = []string{value}
	}
	if h.secret != "" {
		header["X-Hub-Signature"] = []string{"sha1=" + h.mac(sha1.New, d.Payload)}
		header["X-Hub-Signature-256"] = []string{"sha256=" + h.mac(sha256.New, d.Payload)}
	}
	return header
}

func (h *hook) mac(of func() hash.Hash, payload []byte) string {
	sum := hmac.New(of, []byte(h.secret))
	_, _ = sum.Write(payload) // a hash never fails
	return hex.EncodeToString(sum.Sum(nil))
}

// key is the event's name in GitHub's description: "pull_request.opened".
func (e event) key() string { return strings.TrimSuffix(e.name+"."+e.action, ".") }
