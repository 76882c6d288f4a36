package policy_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// described is a situation in the making.
type described struct {
	t        *testing.T
	facts    policy.Facts
	now      time.Time
	pull     policy.Pull
	runs     []policy.Run
	statuses []policy.Status
	reviews  []policy.Review
	native   policy.Native
	merge    policy.Mergeability
	repo     policy.Repository
	rules    policy.Protection
	classic  policy.Protection
	unknown  []string
}

const (
	head    = "1111111111111111111111111111111111111111"
	oldHead = "2222222222222222222222222222222222222222"
	ownApp  = 7
)

// pushed is a Tuesday.
var pushed = time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)

// good is a situation in which nothing is in the way.
func good() policy.Facts {
	ok := policy.Read(policy.Sign{OK: true})
	return policy.Facts{
		App:        ownApp,
		Pull:       policy.Read(policy.Pull{State: "open", Head: head, Base: "main", Author: "updater[bot]"}),
		Pushed:     policy.Read(pushed),
		Ownership:  policy.Ownership{Head: ok, Commits: ok, Tree: ok, Base: ok, Branch: ok, Record: ok},
		Owner:      policy.Read(""),
		Paused:     policy.Read(false),
		Restricted: policy.Read[[]string](nil),
		RolledBack: policy.Read[[]string](nil),
		Newer:      policy.Read[[]string](nil),
		Order:      policy.Read[*policy.Order](nil),
		Merge:      policy.Read(policy.Mergeability{State: "clean", Behind: policy.Read(false)}),
		Runs:       policy.Read([]policy.Run{{ID: 1, Suite: 1, Name: "build", App: 1, Head: head, Status: "completed", Conclusion: "success"}}),
		Statuses:   policy.Read[[]policy.Status](nil),
		Suites:     policy.Read([]policy.Suite{{ID: 1, App: 1, Name: "ci", Head: head, Status: "completed", Runs: 1}}),
		Rules:      policy.Read(policy.Protection{}),
		Classic:    policy.Read(policy.Protection{}),
		Reviews:    policy.Read[[]policy.Review](nil),
		Decision:   policy.Read(""),
		Unresolved: policy.Read(0),
		Repository: policy.Read(policy.Repository{Methods: []config.Method{"merge", "squash", "rebase"}, AutoMerge: true}),
		Native:     policy.Read(policy.Native{}),
	}
}

// situation reads the first column of a table.
func situation(t *testing.T, text string) *described {
	t.Helper()
	d := &described{t: t, facts: good(), now: pushed.Add(time.Hour)}
	d.pull, _ = d.facts.Pull.Get()
	d.merge, _ = d.facts.Merge.Get()
	d.repo, _ = d.facts.Repository.Get()
	for token := range strings.FieldsSeq(text) {
		d.token(token)
	}
	f := &d.facts
	f.Pull, f.Merge, f.Repository, f.Native = policy.Read(d.pull), policy.Read(d.merge), policy.Read(d.repo), policy.Read(d.native)
	f.Rules, f.Classic, f.Reviews = policy.Read(d.rules), policy.Read(d.classic), policy.Read(d.reviews)
	if d.runs != nil || d.statuses != nil {
		f.Runs, f.Statuses = policy.Read(d.runs), policy.Read(d.statuses)
	}
	for _, name := range d.unknown {
		forget(t, f, name)
	}
	return d
}

func (d *described) token(token string) {
	name, value, _ := strings.Cut(token, ":")
	switch {
	case token[0] == '+':
		since, err := time.ParseDuration(token[1:])
		if err != nil {
			d.t.Fatal(err)
		}
		d.now = pushed.Add(since)
	case token[0] == '?':
		d.unknown = append(d.unknown, token[1:])
	case name == "at":
		d.now = d.time(value)
	case name == "pushed":
		d.facts.Pushed = policy.Read(d.time(value))
	case name == "rule":
		d.protect(&d.rules, value)
	case name == "classic":
		d.protect(&d.classic, value)
	case d.check(name, value), d.person(name, value), d.state(name, value):
	default:
		d.t.Fatalf("what is %q?", token)
	}
}

func (d *described) time(value string) time.Time {
	at, err := time.Parse("2006-01-02T15:04Z", value)
	if err != nil {
		d.t.Fatal(err)
	}
	return at
}

// field finds a fact by its key.
func field[T any](t *testing.T, of any, key string) *policy.Known[T] {
	t.Helper()
	v := reflect.ValueOf(of).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == key {
			if found, ok := reflect.TypeAssert[*policy.Known[T]](v.Field(i).Addr()); ok {
				return found
			}
		}
	}
	t.Fatalf("no fact %q", key)
	return nil
}

// forget makes a fact unknown, which is named by its key.
func forget(t *testing.T, f *policy.Facts, key string) {
	t.Helper()
	for _, of := range []any{f, &f.Ownership} {
		v := reflect.ValueOf(of).Elem()
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") == key {
				v.Field(i).SetZero()
				return
			}
		}
	}
	t.Fatal(fmt.Errorf("no fact %q", key))
}
