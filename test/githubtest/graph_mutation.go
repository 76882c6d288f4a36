package githubtest

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
)

// mutations is those that there are; any other fails the test.
func mutations() map[string]resolver {
	return map[string]resolver{
		"Mutation.updateRefs":                  updateRefs,
		"Mutation.createCommitOnBranch":        createCommitOnBranch,
		"Mutation.enablePullRequestAutoMerge":  enableAutoMerge,
		"Mutation.disablePullRequestAutoMerge": disableAutoMerge,
		"Mutation.enqueuePullRequest":          enqueuePull,
		"Mutation.dequeuePullRequest":          dequeuePull,
	}
}

// input reads a mutation's only argument.
func input(in map[string]any, into any) error {
	text, err := json.Marshal(in["input"])
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return graphFailure("", "Something went wrong while reading the input: %v", err)
	}
	return nil
}

// payload is a mutation's answer.
func payload(kind string, mutation *string, shown object) thing {
	shown["client_mutation_id"] = mutation
	return thing{kind: kind, shown: shown}
}

// refUpdate is one of updateRefs. BeforeOid is what the ref has to be at: null
// for anything, zeros for a ref that must not be there.
type refUpdate struct {
	Name      string
	AfterOid  string
	BeforeOid *string
	Force     bool
}

// updateRefs moves all refs or none.
func updateRefs(g *graph, _ thing, arguments map[string]any) (any, error) {
	var in struct {
		RepositoryID     string
		ClientMutationID *string
		RefUpdates       []refUpdate
	}
	if err := input(arguments, &in); err != nil {
		return nil, err
	}
	r, err := g.writable(in.RepositoryID)
	if err != nil {
		return nil, err
	}
	var moves []refMove
	seen := map[string]bool{}
	for _, u := range in.RefUpdates {
		if err := g.refuseUpdate(r, u, seen[u.Name]); err != nil {
			return nil, err
		}
		seen[u.Name] = true
		moves = append(moves, refMove{u.Name, orNothing(u.AfterOid)})
	}
	if err := r.moveAll(g.ctx, g.caller(), moves); err != nil {
		return nil, graphFailure("UNPROCESSABLE", "Reference cannot be updated")
	}
	return payload("UpdateRefsPayload", in.ClientMutationID, object{}), nil
}

// writable is the repository of a global id, if the caller may write to it.
func (g *graph) writable(id string) (*Repository, error) {
	found, err := g.node(id)
	if err != nil {
		return nil, err
	}
	t, _ := found.(thing)
	r, isRepository := t.of.(*Repository)
	if !isRepository {
		return nil, graphFailure("NOT_FOUND", "Could not resolve to Repository node with the global id of '%s'.", id)
	}
	return r, g.may(r, "contents:write")
}

// orNothing is "" for the zeros that stand for no commit.
func orNothing(id string) string {
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}

// oid is the id of an object.
var oid = regexp.MustCompile(`^[0-9a-f]{40}$`)

func (g *graph) refuseUpdate(r *Repository, u refUpdate, twice bool) error {
	now, err := r.git.read(u.Name)
	if err != nil {
		now.id = ""
	}
	after := orNothing(u.AfterOid)
	switch {
	case !oid.MatchString(u.AfterOid) || (u.BeforeOid != nil && !oid.MatchString(*u.BeforeOid)):
		return graphFailure("UNPROCESSABLE", "%s: a Git object ID has 40 characters", u.Name)
	case !r.validRef(g.ctx, u.Name):
		return graphFailure("UNPROCESSABLE", "%s is not a valid ref name.", u.Name)
	case twice:
		return graphFailure("UNPROCESSABLE", "Reference %s is updated more than once", u.Name)
	case u.BeforeOid != nil && orNothing(*u.BeforeOid) != now.id:
		return graphFailure("UNPROCESSABLE", "Reference %s is at %s but expected %s", u.Name, orZeros(now.id), *u.BeforeOid)
	case after == "" && now.id == "" && u.BeforeOid == nil:
		return graphFailure("UNPROCESSABLE", "Reference does not exist")
	}
	if err := r.refuseTarget(g, u, now.id, after); err != nil {
		return err
	}
	return g.bound(r, u.Name, now.id, after)
}

// bound refuses what the rules of a branch do not let the caller do directly.
func (g *graph) bound(r *Repository, ref, before, after string) error {
	branch, isBranch := strings.CutPrefix(ref, "refs/heads/")
	if !isBranch {
		return nil
	}
	if message := g.in(r).violated(branch, before, after); message != "" {
		return graphFailure("UNPROCESSABLE", "%s", message)
	}
	return nil
}

// refuseTarget refuses a place that the ref may not go to. A branch holds
// commits only.
func (r *Repository) refuseTarget(g *graph, u refUpdate, now, after string) error {
	if after == "" {
		return nil
	}
	o, err := r.git.read(after)
	branch := strings.HasPrefix(u.Name, "refs/heads/")
	switch {
	case err != nil || (branch && o.kind != "commit"):
		return graphFailure("UNPROCESSABLE", "Object does not exist")
	case now != "" && !u.Force && !r.git.isAncestor(g.ctx, now, after):
		return graphFailure("UNPROCESSABLE", "Update is not a fast forward")
	}
	return nil
}

// commitOnBranch is the input of createCommitOnBranch.
type commitOnBranch struct {
	ClientMutationID *string
	Branch           struct {
		ID, RepositoryNameWithOwner, BranchName string
	}
	ExpectedHeadOid string
	Message         struct{ Headline, Body string }
	FileChanges     struct {
		Additions []struct{ Path, Contents string }
		Deletions []struct{ Path string }
	}
}

// createCommitOnBranch puts a commit onto a branch that is where the caller
// thinks it is.
func createCommitOnBranch(g *graph, _ thing, arguments map[string]any) (any, error) {
	var in commitOnBranch
	if err := input(arguments, &in); err != nil {
		return nil, err
	}
	r := g.find(in.Branch.RepositoryNameWithOwner)
	switch {
	case in.Branch.ID != "":
		g.t.Errorf("githubtest: graphql: a branch by its id is not implemented")
		return nil, graphFailure("", "a branch by its id is not implemented")
	case r == nil:
		return nil, graphFailure("NOT_FOUND", "Could not resolve to a Repository with the name '%s'.", in.Branch.RepositoryNameWithOwner)
	}
	if err := g.may(r, "contents:write"); err != nil {
		return nil, err
	}
	branch := strings.TrimPrefix(in.Branch.BranchName, "refs/heads/")
	head := r.branch(branch)
	switch {
	case head == "":
		return nil, graphFailure("NOT_FOUND", "Could not resolve to a branch with the name '%s'.", branch)
	case head != in.ExpectedHeadOid:
		return nil, graphFailure("STALE_DATA", "Expected branch to point to %q but it did not. Pull and try again.", in.ExpectedHeadOid)
	}
	return g.commitTo(r, branch, head, in)
}

func (g *graph) commitTo(r *Repository, branch, head string, in commitOnBranch) (any, error) {
	tree, err := g.changed(r, head, in)
	if err != nil {
		return nil, err
	}
	t := commitText{
		tree: tree, parents: []string{head}, message: in.Message.Headline,
		author: r.person(g.caller()), committer: g.webFlow(),
	}
	if in.Message.Body != "" {
		t.message += "\n\n" + in.Message.Body
	}
	id, err := r.git.commit(g.ctx, t)
	if err != nil {
		return nil, graphFailure("", "%v", err)
	}
	if err := g.bound(r, "refs/heads/"+branch, head, id); err != nil {
		return nil, err
	}
	if err := r.move(g.ctx, g.caller(), "refs/heads/"+branch, id); err != nil {
		return nil, graphFailure("", "%v", err)
	}
	return payload("CreateCommitOnBranchPayload", in.ClientMutationID, object{
		"commit": g.commitOrNull(r, id), "ref": g.ref(r, "refs/heads/"+branch),
	}), nil
}

// changed is the tree of a commit with the changes laid over it.
func (g *graph) changed(r *Repository, head string, in commitOnBranch) (string, error) {
	var changes []entry
	for _, add := range in.FileChanges.Additions {
		data, err := base64.StdEncoding.DecodeString(add.Contents)
		if err != nil {
			return "", graphFailure("UNPROCESSABLE", "The contents of %s are not valid Base64", add.Path)
		}
		id, err := r.git.write(g.ctx, "blob", data)
		if err != nil {
			return "", graphFailure("", "%v", err)
		}
		changes = append(changes, entry{g.modeOf(r, head, add.Path), add.Path, id})
	}
	for _, removed := range in.FileChanges.Deletions {
		if _, err := r.git.read(head + ":" + removed.Path); err != nil {
			return "", graphFailure("UNPROCESSABLE", "A path was requested for deletion which does not exist as of commit oid `%s`", head)
		}
		changes = append(changes, entry{"100644", removed.Path, ""})
	}
	tree, err := r.git.edit(g.ctx, head, changes)
	if err != nil {
		return "", graphFailure("UNPROCESSABLE", "%v", err)
	}
	return tree, nil
}

// modeOf keeps the mode of a file that is there.
func (g *graph) modeOf(r *Repository, head, path string) string {
	dir, name := "", path
	if at := strings.LastIndex(path, "/"); at >= 0 {
		dir, name = path[:at], path[at+1:]
	}
	siblings, err := r.git.entries(head + ":" + dir)
	if err != nil {
		return "100644"
	}
	for _, e := range siblings {
		if e.name == name && e.kind() == "blob" {
			return e.mode
		}
	}
	return "100644"
}
