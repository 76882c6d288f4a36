package policy_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// protect reads what a branch wants.
func (d *described) protect(p *policy.Protection, token string) {
	name, value, _ := strings.Cut(token, ":")
	switch name {
	case "need":
		name, app, _ := strings.Cut(value, "@")
		p.Checks = append(p.Checks, policy.Required{Name: name, App: int64(number(d.t, app))})
	case "reviews":
		p.Approvals = number(d.t, value)
	case "owners":
		p.CodeOwners = true
	case "lastpush":
		p.LastPush = true
	case "dismissstale":
		p.DismissStale = true
	case "conversations":
		p.Conversations = true
	case "uptodate":
		p.UpToDate = true
	case "linear":
		p.Linear = true
	case "signatures":
		p.Signatures = true
	case "deploy":
		p.Deployments = append(p.Deployments, value)
	case "queue":
		p.Queue = true
	case "methods":
		p.Methods = methods(value)
	default:
		d.t.Fatalf("what is %q?", token)
	}
}

func methods(value string) []config.Method {
	all := []config.Method{}
	for m := range strings.SplitSeq(value, ",") {
		all = append(all, config.Method(m))
	}
	return all
}

func number(t *testing.T, text string) int {
	t.Helper()
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// check reads a check run or a status: NAME=WORD@APP^SUITE, of which the latter may be
// left out; or a suite: NAME=WORD@APP^RUNS.
func (d *described) check(name, value string) bool {
	of := head
	if strings.HasPrefix(name, "old") {
		name, of = name[3:], oldHead
	}
	value, suite, _ := strings.Cut(value, "^")
	value, app, _ := strings.Cut(value, "@")
	check, word, _ := strings.Cut(value, "=")
	id := int64(len(d.runs) + len(d.statuses) + 1)
	switch name {
	case "nochecks":
		d.runs = []policy.Run{}
	case "run":
		r := policy.Run{ID: id, Suite: 1, Name: check, App: 1, Head: of, Status: "completed", Conclusion: word}
		if word == "queued" || word == "in_progress" {
			r.Status, r.Conclusion = word, ""
		}
		if suite != "" {
			r.Suite = int64(number(d.t, suite))
		}
		if app != "" {
			r.App = int64(number(d.t, app))
		}
		d.runs = append(d.runs, r)
	case "suite":
		s := policy.Suite{ID: id, App: int64(number(d.t, app)), Name: check, Head: of, Status: word, Runs: 1}
		if suite != "" {
			s.Runs = number(d.t, suite)
		}
		also(&d.facts.Suites, s)
	case "status":
		d.statuses = append(d.statuses, policy.Status{ID: id, Context: check, State: word, App: int64(number(d.t, app)), Head: of})
	default:
		return false
	}
	return true
}

// person reads what people did.
func (d *described) person(name, value string) bool {
	switch name {
	case "review":
		r := policy.Review{Commit: head, Writer: true, At: pushed.Add(time.Duration(len(d.reviews)) * time.Minute)}
		for i, part := range strings.Split(value, "~") {
			switch {
			case i == 0:
				r.User, r.State, _ = strings.Cut(part, "=")
			case part == "old":
				r.Commit = oldHead
			case part == "bot":
				r.Bot = true
			case part == "reader":
				r.Writer = false
			}
		}
		d.reviews = append(d.reviews, r)
	case "decision":
		d.facts.Decision = policy.Read(value)
	case "unresolved":
		d.facts.Unresolved = policy.Read(number(d.t, value))
	case "order":
		o := &policy.Order{By: "ann", Head: head, Writer: value != "reader"}
		if value == "old" {
			o.Head = oldHead
		}
		d.facts.Order = policy.Read(o)
	case "paused":
		d.facts.Paused = policy.Read(true)
	case "label":
		d.facts.Restricted = policy.Read([]string{value})
	case "rolledback":
		d.facts.RolledBack = policy.Read([]string{"docker.io/library/nginx"})
	case "newer":
		d.facts.Newer = policy.Read([]string{"1.27.1"})
	default:
		return false
	}
	return true
}

// state reads what GitHub says.
func (d *described) state(name, value string) bool {
	switch name {
	case "draft":
		d.pull.Draft = true
	case "pusher":
		d.pull.Pusher = value
	case "closed", "merged":
		d.pull.State = name
	case "foreign":
		*field[policy.Sign](d.t, &d.facts.Ownership, value) = policy.Read(policy.Sign{Why: "somebody pushed"})
	case "state":
		d.merge.State = value
	case "behind":
		d.merge.Behind = policy.Read(true)
		if value != "" {
			d.merge.Behind = policy.Unread[bool](value)
		}
	case "methods":
		d.repo.Methods = methods(value)
	case "noauto":
		d.repo.AutoMerge = false
	case "armed":
		d.native.Armed = &policy.Armed{By: "updater[bot]", App: value != "person", Method: "squash"}
		if value == "rebase" {
			d.native.Armed.Method = "rebase"
		}
	case "queued":
		d.native.Queued = &policy.Queued{By: "updater[bot]", App: value != "person"}
	default:
		return false
	}
	return true
}
