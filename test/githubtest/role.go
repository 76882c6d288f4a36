package githubtest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// rank orders the roles, the weakest first; 0 is none.
func rank(role string) int {
	return slices.Index([]string{"", "read", "triage", "write", "maintain", "admin"}, role)
}

// Collaborate gives a person a role: admin, maintain, write, triage or read;
// "" takes it.
func (r *Repository) Collaborate(login, role string) {
	r.server.t.Helper()
	if rank(role) < 0 {
		r.server.t.Fatalf("%s is no role", role)
	}
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.roles[r.server.person(login)] = role
	r.advance(r.server.t.Context())
}

// role is what somebody may do, "" for nothing. Who owns the account is admin,
// members of an organisation read all, and anybody reads what is public.
func (r *Repository) role(u *user) string {
	role := r.roles[u]
	org := r.server.orgs[strings.ToLower(r.Owner)]
	switch {
	case u == r.owner, org != nil && org.owners[u]:
		return "admin"
	case role != "":
		return role
	case !r.Private:
		return "read"
	case org != nil:
		if _, member := org.members[u]; member {
			return "read"
		}
	}
	return ""
}

// rule is what an operation asks of a person: a role, or to be the author of
// what it changes.
type rule struct {
	role   string
	author bool
}

// ruleFor is what an operation asks of a person. Where GitHub asks no more than
// to read, or an author may more than others, it is listed; all other writing
// needs the role write.
func ruleFor(operation, needs string) rule {
	listed := map[string]rule{
		"pulls/create":                       {"read", false}, // the head needs more: refusePull
		"pulls/create-review":                {"read", false},
		"pulls/update":                       {"write", true},
		"pulls/update-branch":                {"write", true},
		"issues/create":                      {"read", false},
		"issues/create-comment":              {"read", false},
		"issues/update":                      {"triage", true},
		"issues/update-comment":              {"write", true},
		"issues/delete-comment":              {"write", true},
		"issues/add-labels":                  {"triage", false},
		"issues/set-labels":                  {"triage", false},
		"issues/remove-label":                {"triage", false},
		"issues/add-assignees":               {"triage", false},
		"pulls/request-reviewers":            {"triage", true},
		"reactions/create-for-issue":         {"read", false},
		"reactions/create-for-issue-comment": {"read", false},
	}
	if found, special := listed[operation]; special {
		return found
	}
	name, level, _ := strings.Cut(needs, ":")
	switch {
	case name == "administration":
		return rule{role: "admin"}
	case level == "read":
		return rule{role: "read"}
	}
	return rule{role: "write"}
}

// permitPerson refuses a person whose role is too weak.
func (c *call) permitPerson(needs string) *reply {
	asked, have := ruleFor(c.operation, needs), c.repo.role(c.by.user)
	if c.operation == "issues/update" && c.rewrites() {
		asked.role = "write"
	}
	switch {
	case have == "":
		return refuse(http.StatusNotFound, "Not Found")
	case needs == "checks:write":
		return refuse(http.StatusForbidden, "You must authenticate via a GitHub App.")
	case rank(have) >= rank(asked.role), asked.author && c.isAuthor():
		return nil
	case needs == "administration:read": // it is not told that there is anything
		return refuse(http.StatusNotFound, "Not Found")
	case asked.role == "admin", asked.author: // GitHub says so of editing what others wrote
		return refuse(http.StatusForbidden, "Must have admin rights to Repository.")
	}
	return refuse(http.StatusForbidden, "Must have push access to repository")
}

// rewrites says whether a call changes what an issue says. Triagers may label and
// close, and not that.
func (c *call) rewrites() bool {
	var in struct{ Title, Body *string }
	return json.Unmarshal(c.body, &in) == nil && (in.Title != nil || in.Body != nil)
}

// isAuthor says whether the caller wrote what the path names.
func (c *call) isAuthor() bool {
	if c.params["comment_id"] != "" {
		m := c.comment()
		return m != nil && m.by == c.by.user
	}
	i := c.repo.issues[int(max(c.number("issue_number"), c.number("pull_number")))]
	return i != nil && i.by == c.by.user
}

// getPermission tells a person's role. GitHub knows five, and writes them as
// the three that it had at first beside the exact one.
func getPermission(c *call) reply {
	u := c.users[strings.ToLower(c.params["username"])]
	switch {
	case c.by.user == nil && c.by.token == nil:
		return failure(http.StatusUnauthorized, "Requires authentication")
	case c.by.user != nil && rank(c.repo.role(c.by.user)) < rank("write"):
		return failure(http.StatusForbidden, "Must have push access to view collaborator permission.")
	case c.by.token != nil && !c.by.token.covers(c.repo):
		return failure(http.StatusForbidden, "Resource not accessible by integration")
	case u == nil || u.kind != "User":
		return failure(http.StatusNotFound, "%s is not a user", c.params["username"])
	}
	exact := c.repo.role(u)
	shown := c.showUser(u)
	shown["permissions"] = permissions(exact)
	if exact == "" {
		exact = "none"
	}
	shown["role_name"] = exact
	legacy := map[string]string{"maintain": "write", "triage": "read"}[exact]
	if legacy == "" {
		legacy = exact
	}
	return ok(object{"permission": legacy, "role_name": exact, "user": shown})
}

// permissions is a role as GitHub spells it out.
func permissions(role string) object {
	return object{
		"pull": role != "", "triage": rank(role) >= rank("triage"), "push": rank(role) >= rank("write"),
		"maintain": rank(role) >= rank("maintain"), "admin": role == "admin",
	}
}

// association is author_association, which is made without the caller's eyes:
// a private membership does not show.
func (c *call) association(u *user) string {
	org := c.orgs[strings.ToLower(c.repo.Owner)]
	switch {
	case u == c.repo.owner:
		return "OWNER"
	case org != nil && org.members[u].public:
		return "MEMBER"
	case c.repo.roles[u] != "":
		return "COLLABORATOR"
	case c.repo.contributed(c.ctx, u):
		return "CONTRIBUTOR"
	}
	return "NONE"
}

// authors is who has commits on the default branch, remembered for its head.
type authors struct {
	head   string
	emails map[string]bool
}

func (r *Repository) contributed(ctx context.Context, u *user) bool {
	head := r.branch(r.defaultBranch)
	if head == "" {
		return false
	}
	if r.authors.head != head {
		emails, err := r.git.lines(ctx, "log", "--format=%ae", head)
		if err != nil {
			return false
		}
		r.authors = authors{head: head, emails: map[string]bool{}}
		for _, email := range emails {
			r.authors.emails[email] = true
		}
	}
	return r.authors.emails[u.email()]
}
