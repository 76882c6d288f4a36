package githubtest

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// maxPushed is how many commits the webhook of a push lists, maxTags of how
// many tags moved at once it is told at all.
const (
	maxPushed = 2048
	maxTags   = 3
)

// refChange is what a push does to one ref. An empty id is of a ref that is not
// there: before it was made, or after it was removed.
type refChange struct{ ref, before, after string }

func (m refChange) tag() bool { return strings.HasPrefix(m.ref, "refs/tags/") }

// PushRefs moves several refs at once, as one push by the repository's owner. The
// refs are whole names, "refs/tags/v1"; an empty id removes one.
func (r *Repository) PushRefs(refs map[string]string) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	var moves []refMove
	for _, ref := range slices.Sorted(maps.Keys(refs)) {
		moves = append(moves, refMove{ref, refs[ref]})
	}
	if err := r.moveAll(r.server.t.Context(), r.owner, moves); err != nil {
		r.server.t.Fatalf("pushing to %s: %v", r.FullName(), err)
	}
}

// manyTags says whether a push moves so many tags that GitHub tells of none.
func manyTags(all []refChange) bool {
	tags := 0
	for _, m := range all {
		if m.tag() {
			tags++
		}
	}
	return tags > maxTags
}

// tellPush tells what a push did to one ref.
func (r *Repository) tellPush(ctx context.Context, by *user, m refChange) {
	if m.before == m.after {
		return
	}
	r.server.happen(event{name: "push", repo: r, by: by, payload: object{"ref": m.ref}, more: func() object { return r.showPush(ctx, by, m) }})
	if m.before == "" || m.after == "" {
		r.tellOfRef(by, m.ref, m.after != "")
	}
}

// showPush is the move of one ref: GitHub tells of each by itself.
func (r *Repository) showPush(ctx context.Context, by *user, m refChange) object {
	shown := object{
		"ref": m.ref, "before": orZeros(m.before), "after": orZeros(m.after), "created": m.before == "", "deleted": m.after == "",
		"forced": m.before != "" && m.after != "" && !r.git.isAncestor(ctx, m.before, m.after), "base_ref": nil,
		"pusher": object{"name": by.login, "email": by.email()}, "commits": []object{}, "head_commit": nil,
		"compare": r.html("/compare/" + orZeros(m.before)[:12] + "..." + orZeros(m.after)[:12]),
	}
	if m.after == "" {
		return shown
	}
	if m.before == "" {
		shown["compare"] = r.html("/compare/" + strings.SplitN(m.ref, "/", 3)[2])
		shown["base_ref"] = orNull(r.sameElsewhere(ctx, m))
	}
	fresh := r.fresh(ctx, m)
	var listed []string
	if !m.tag() {
		listed = r.between(ctx, m)
	}
	head := r.resolve(m.ref)
	commits := r.showPushed(ctx, append([]string{head}, listed...), fresh)
	shown["head_commit"], shown["commits"] = commits[0], commits[1:]
	return shown
}

// sameElsewhere is another branch at the commit that a new ref begins at.
func (r *Repository) sameElsewhere(ctx context.Context, m refChange) string {
	branches, err := r.git.lines(ctx, "for-each-ref", "--format=%(refname)", "--points-at", r.resolve(m.ref), "refs/heads/")
	if err != nil {
		return ""
	}
	for _, name := range branches {
		if name != m.ref {
			return name
		}
	}
	return ""
}

// fresh is the commits that no other branch has.
func (r *Repository) fresh(ctx context.Context, m refChange) []string {
	args := []string{"rev-list", m.after}
	if m.before != "" {
		args = append(args, "^"+m.before)
	}
	ids, err := r.git.lines(ctx, append(args, "--not", "--exclude="+m.ref, "--glob=refs/heads/*")...)
	if err != nil {
		return nil
	}
	return ids
}

// between is the commits that a push brought to a branch, oldest first; to a
// new branch it brought those that no other has.
func (r *Repository) between(ctx context.Context, m refChange) []string {
	ids := r.fresh(ctx, m)
	if m.before != "" {
		var err error
		if ids, err = r.git.lines(ctx, "rev-list", m.after, "^"+m.before); err != nil {
			return nil
		}
	}
	ids = ids[:min(len(ids), maxPushed)]
	slices.Reverse(ids)
	return ids
}

func (r *Repository) showPushed(ctx context.Context, ids, fresh []string) []object {
	touched := r.touched(ctx, ids)
	shown := make([]object, 0, len(ids))
	for _, id := range ids {
		t, err := r.git.readCommit(id)
		if err != nil {
			continue
		}
		files := touched[id]
		shown = append(shown, object{
			"id": id, "tree_id": t.tree, "distinct": slices.Contains(fresh, id), "message": t.message,
			"timestamp": stamp(t.committer.at), "url": r.html("/commit/" + id), "author": r.pusher(t.author),
			"committer": r.pusher(t.committer), "added": files["A"], "modified": files["M"], "removed": files["D"],
		})
	}
	return shown
}

// pusher is a signature as a push has it, with the login of an account.
func (r *Repository) pusher(s signature) object {
	shown := object{"name": s.name, "email": s.email, "date": stamp(s.at)}
	if account, known := r.account(s).(object); known {
		shown["username"] = account["login"]
	}
	return shown
}

// touched is the paths of each commit by A, M and D; a renamed file is added
// and removed, and a merge is what it did to its first parent.
func (r *Repository) touched(ctx context.Context, ids []string) map[string]map[string][]string {
	found := map[string]map[string][]string{}
	out, err := r.git.run(ctx, []byte(strings.Join(ids, "\n")+"\n"), "-c", "core.quotePath=false", "log", "--stdin", "--no-walk=unsorted",
		"--diff-merges=first-parent", "--name-status", "--no-renames", "--format=%H")
	if err != nil {
		return found
	}
	at := ""
	for line := range strings.SplitSeq(out, "\n") {
		kind, path, isFile := strings.Cut(line, "\t")
		switch {
		case isFile && kind == "T": // a file that became a link
			found[at]["M"] = append(found[at]["M"], path)
		case isFile:
			found[at][kind] = append(found[at][kind], path)
		case line != "":
			at = line
			found[at] = map[string][]string{"A": {}, "M": {}, "D": {}}
		}
	}
	return found
}
