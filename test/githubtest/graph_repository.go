package githubtest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// may refuses, in the words of the graph, who may not.
func (g *graph) may(r *Repository, needs string) error {
	c := g.in(r)
	refusal := c.permitRepo(needs)
	if refusal == nil {
		return nil
	}
	body, _ := refusal.body.(object)
	if refusal.status == http.StatusNotFound {
		return graphFailure("NOT_FOUND", "%v", body["message"])
	}
	return graphFailure("FORBIDDEN", "%v", body["message"])
}

func rootFields() map[string]resolver {
	return map[string]resolver{
		"Query.viewer": func(g *graph, _ thing, _ map[string]any) (any, error) {
			shown := g.showUser(g.caller())
			return thing{kind: "User", shown: shown, of: g.caller()}, nil
		},
		"Query.repository": func(g *graph, _ thing, in map[string]any) (any, error) {
			name := fmt.Sprintf("%s/%s", in["owner"], in["name"])
			r := g.find(name)
			if r == nil || g.may(r, "metadata:read") != nil {
				return nil, graphFailure("NOT_FOUND", "Could not resolve to a Repository with the name '%s'.", name)
			}
			return g.repository(r), nil
		},
		"Query.node":      func(g *graph, _ thing, in map[string]any) (any, error) { return g.node(fmt.Sprint(in["id"])) },
		"Query.id":        func(*graph, thing, map[string]any) (any, error) { return node("Q", 1), nil },
		"Query.rateLimit": rateLimitThing,
	}
}

func rateLimitThing(g *graph, _ thing, _ map[string]any) (any, error) {
	shown := g.meter.show(g.by.key(), "graphql")
	used, _ := shown["used"].(int) // this call is taken when it has been answered
	limit, _ := shown["limit"].(int)
	reset, _ := shown["reset"].(int64)
	return thing{kind: "RateLimit", shown: object{
		"cost": 1, "node_count": 0, "limit": limit, "used": used + 1, "remaining": max(limit-used-1, 0),
		"reset_at": stamp(time.Unix(reset, 0)),
	}}, nil
}

// node is the thing of a global id.
func (g *graph) node(id string) (any, error) {
	kind, coded, _ := strings.Cut(id, "_")
	plain, err := base64.RawURLEncoding.DecodeString(coded)
	missing := graphFailure("NOT_FOUND", "Could not resolve to a node with the global id of '%s'", id)
	if err != nil {
		return nil, missing
	}
	if kind == "U" {
		for _, u := range g.users {
			if strconv.FormatInt(u.id, 10) == string(plain) {
				return g.actor(u), nil
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(g.repos)) {
		r := g.repos[key]
		if found := g.nodeIn(r, id); found != nil && g.may(r, "metadata:read") == nil {
			return *found, nil
		}
	}
	return nil, missing
}

// nodeIn is the thing if it is of that repository: itself, or a pull request.
func (g *graph) nodeIn(r *Repository, id string) *thing {
	if id == node("R", r.ID) {
		return new(g.repository(r))
	}
	for _, i := range r.issues {
		if i.pull != nil && id == node("PR", i.id) {
			return new(g.pullRequest(r, i))
		}
	}
	return nil
}

func (g *graph) repository(r *Repository) thing { return thing{"Repository", g.showRepo(r), r} }

func repositoryFields() map[string]resolver {
	of := func(needs string, field func(*graph, *Repository, map[string]any) (any, error)) resolver {
		return func(g *graph, t thing, in map[string]any) (any, error) {
			r, _ := t.of.(*Repository)
			if err := g.may(r, needs); err != nil {
				return nil, err
			}
			return field(g, r, in)
		}
	}
	return map[string]resolver{
		"Repository.owner": of("metadata:read", func(g *graph, r *Repository, _ map[string]any) (any, error) { return g.actor(r.owner), nil }),
		"Repository.defaultBranchRef": of("contents:read", func(g *graph, r *Repository, _ map[string]any) (any, error) {
			branch, _ := g.showRepo(r)["default_branch"].(string)
			return g.ref(r, "refs/heads/"+branch), nil
		}),
		"Repository.ref": of("contents:read", func(g *graph, r *Repository, in map[string]any) (any, error) {
			return g.ref(r, qualified(r, fmt.Sprint(in["qualifiedName"]))), nil
		}),
		"Repository.refs":         of("contents:read", refsOf),
		"Repository.object":       of("contents:read", objectOf),
		"Repository.pullRequest":  of("pull_requests:read", pullRequestOf),
		"Repository.pullRequests": of("pull_requests:read", pullRequestsOf),
		"Repository.mergeQueue":   of("metadata:read", mergeQueueOf),
	}
}

// qualified is the whole name of a ref that may be given shortened.
func qualified(r *Repository, name string) string {
	for _, candidate := range []string{name, "refs/heads/" + name, "refs/tags/" + name} {
		if strings.HasPrefix(candidate, "refs/") && r.hasRef(candidate) {
			return candidate
		}
	}
	return name
}

func refsOf(g *graph, r *Repository, in map[string]any) (any, error) {
	names, err := r.refs(g.ctx, fmt.Sprint(in["refPrefix"]))
	if err != nil {
		return nil, graphFailure("", "%v", err)
	}
	if in["direction"] == "DESC" {
		slices.Reverse(names)
	}
	var all []thing
	for _, name := range names {
		query, _ := in["query"].(string)
		if found := g.ref(r, name); found != nil && strings.Contains(name, query) {
			all = append(all, *found)
		}
	}
	return connection("RefConnection", "refs", all, in)
}

func objectOf(g *graph, r *Repository, in map[string]any) (any, error) {
	name, _ := in["oid"].(string)
	if expression, has := in["expression"].(string); has {
		at, path, isPath := strings.Cut(expression, ":")
		if at = r.commitish(at); at == "" {
			return nil, nil
		}
		name = at
		if isPath {
			name += ":" + path
		}
	}
	return g.gitObject(r, name), nil
}

func pullRequestOf(g *graph, r *Repository, in map[string]any) (any, error) {
	number, _ := count(in["number"])
	i := r.issues[number]
	if i == nil || i.pull == nil {
		return nil, graphFailure("NOT_FOUND", "Could not resolve to a PullRequest with the number of %d.", number)
	}
	return g.pullRequest(r, i), nil
}

func pullRequestsOf(g *graph, r *Repository, in map[string]any) (any, error) {
	fits := func(name, value string) bool {
		want, has := in[name].(string)
		return !has || want == value
	}
	states, _ := in["states"].([]any)
	found := r.numbered(func(i *issue) bool {
		return i.pull != nil && fits("headRefName", i.pull.head) && fits("baseRefName", i.pull.base) &&
			(len(states) == 0 || slices.Contains(states, any(pullState(i))))
	})
	slices.Reverse(found) // the oldest first, as GitHub has it unless told otherwise
	if order, has := in["orderBy"].(map[string]any); has && order["direction"] == "DESC" {
		slices.Reverse(found)
	}
	var all []thing
	for _, i := range found {
		all = append(all, g.pullRequest(r, i))
	}
	return connection("PullRequestConnection", "pullRequests", all, in)
}

// actor is a user in the graph. A bot has there no [bot] at its end.
func (g *graph) actor(u *user) thing {
	shown := g.showUser(u)
	shown["login"] = strings.TrimSuffix(u.login, "[bot]")
	return thing{u.kind, shown, u}
}

func actorFields() map[string]resolver {
	all := map[string]resolver{}
	for _, kind := range []string{"User", "Bot", "Organization"} {
		all[kind+".resourcePath"] = func(_ *graph, t thing, _ map[string]any) (any, error) {
			return fmt.Sprintf("/%s", t.shown["login"]), nil
		}
	}
	return all
}
