package proposal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// Writer is what pull requests are written through. Its errors are those of
// package forge.
type Writer interface {
	Commit(ctx context.Context, sha string) (forge.Commit, error)
	CreateTree(ctx context.Context, base string, files []forge.Content) (sha string, err error)
	CreateCommit(ctx context.Context, message, tree, parent string) (sha string, err error)
	MoveRefs(ctx context.Context, moves []forge.RefMove) error
	Head(ctx context.Context, branch string) (sha string, unchanged bool, err error)
	Pull(ctx context.Context, number int) (forge.Pull, error)
	OpenPullOf(ctx context.Context, branch, base string) (forge.Pull, error)
	CreatePull(ctx context.Context, p forge.NewPull) (forge.Pull, error)
	UpdatePull(ctx context.Context, number int, change forge.PullChange) (forge.Pull, error)
	Comment(ctx context.Context, number int, body string) (int64, error)
	Comments(ctx context.Context, number int, since time.Time) ([]forge.Comment, error)
	AddLabels(ctx context.Context, number int, labels []string) error
	RequestReviewers(ctx context.Context, number int, users, teams []string) error
	AddAssignees(ctx context.Context, number int, users []string) error
}

// Done is one thing that Reconcile did, for the log of decisions.
type Done struct {
	What   string `json:"what"` // "opened", "updated", "closed", "merged"
	Number int    `json:"number"`
	Group  string `json:"group,omitempty"`
	Branch string `json:"branch"`
	Head   string `json:"head,omitempty"`
	Why    string `json:"why,omitempty"`
	// Of what a merge policy did: who ordered it, how, the commit that it was merged
	// as, and the verdict with all that it was decided on.
	By      string          `json:"by,omitempty"`
	Method  string          `json:"method,omitempty"`
	SHA     string          `json:"sha,omitempty"`
	Verdict json.RawMessage `json:"verdict,omitempty"`
	// Found is how what the branch requires stood when a merge was found that GitHub made
	// by itself, as it had been told to by that verdict.
	Found json.RawMessage `json:"found,omitempty"`
	// Into is the branch that it was merged into, where that is not the one that it was for.
	Into string `json:"into,omitempty"`
}

// Refusal is something that Reconcile could not do, and that asking again at once
// would not change. It says nothing about the rest.
type Refusal struct {
	Number int // 0 where there is no pull request yet
	Group  string
	Branch string
	Err    error
	// Again is set where a later run may do it.
	Again bool
}

// Reconciler makes things as they should be.
type Reconciler struct {
	// Repository is the one that is written to.
	Repository int64
	// Mode gives the git mode of a file of the base: "100644".
	Mode func(path string) string
	// Memory tells what was done once and need not be done again.
	Memory Memory
	Now    func() time.Time
	// Historian tells whose commits are.
	Historian *Historian
	// Log is told of each thing that was done, as soon as it is.
	Log func(context.Context, Done)
}

// Reconcile writes the difference between what should be and what is. It may be
// cut at any place: what was done is found again by the next run, under the same
// names. Log hears what it did. What was refused of it comes back along with the
// error, which is one that meets all that was not done yet.
func (r *Reconciler) Reconcile(ctx context.Context, to Writer, d Desired) ([]Refusal, error) {
	var refused []Refusal
	for _, one := range r.deeds(ctx, to, d) {
		did, err := one.do()
		for _, d := range did {
			r.Log(ctx, d)
		}
		if Stops(err) {
			return refused, err
		}
		if err != nil {
			one.about.Err, one.about.Again = err, !errors.Is(err, errNotGiven)
			refused = append(refused, one.about)
			zerolog.Ctx(ctx).Warn().Err(err).Str("branch", one.about.Branch).Msg("a pull request could not be written as it should be")
		}
	}
	return refused, nil
}

// deed is one thing to be done, and what it is about.
type deed struct {
	about Refusal
	do    func() ([]Done, error)
}

// deeds are what is to be done, in this order: what is closed makes room.
func (r *Reconciler) deeds(ctx context.Context, to Writer, d Desired) []deed {
	var all []deed
	for _, e := range d.Sweep {
		all = append(all, deed{aboutIt(e), func() ([]Done, error) { return nil, r.sweep(ctx, to, e) }})
	}
	for _, c := range d.Close {
		all = append(all, deed{aboutIt(c.Existing), func() ([]Done, error) { return r.shut(ctx, to, c) }})
	}
	for _, s := range d.Say {
		all = append(all, deed{aboutIt(s.Existing), func() ([]Done, error) { return nil, r.say(ctx, to, s) }})
	}
	for _, p := range slices.Concat(d.Edits, d.Proposals) {
		about := Refusal{Group: p.Group, Branch: p.Branch}
		if p.Existing != nil {
			about.Number = p.Existing.Number
		}
		all = append(all, deed{about, func() ([]Done, error) { return r.put(ctx, to, p) }})
	}
	return all
}

func aboutIt(e *Existing) Refusal {
	about := Refusal{Number: e.Number, Branch: e.Branch}
	if e.Record != nil {
		about.Group = e.Record.Group
	}
	return about
}

// Stops says whether an error will meet all that comes after it, too. That is any
// but GitHub's refusal of this one thing, or of a part of it, and a branch that is
// somebody else's.
func Stops(err error) bool {
	if err == nil || errors.Is(err, ErrTheirs) || errors.Is(err, errNotGiven) {
		return false
	}
	for _, whole := range []error{forge.ErrUnauthorized, forge.ErrSuspended, forge.ErrUninstalled, forge.ErrDisabled, forge.ErrArchived} {
		if errors.Is(err, whole) {
			return true
		}
	}
	_, refused := errors.AsType[*forge.RefusedError](err)
	_, tooLarge := errors.AsType[*forge.TooLargeError](err)
	return !refused && !tooLarge
}

// put makes one pull request as it should be.
func (r *Reconciler) put(ctx context.Context, to Writer, p *Proposal) ([]Done, error) {
	if p.Existing == nil {
		return r.open(ctx, to, p)
	}
	e := p.Existing
	commit, builtOn := e.OwnSHA, e.BuiltOn
	if p.Rewrite {
		var err error
		if commit, err = r.commit(ctx, to, p); err != nil {
			return nil, err
		}
		builtOn = p.BaseSHA
	}
	var done []Done
	// The texts come before the branch: what it holds says whether they are the ones.
	if e.Title != p.Title || e.Base != p.Base || !sameBody(e.Body, p.Body) {
		if err := r.rewrite(ctx, to, p, commit, builtOn); err != nil {
			return nil, err
		}
		done = []Done{{What: "described", Number: e.Number, Group: p.Group, Branch: p.Branch}}
	}
	if p.Rewrite {
		err := moveBranch(ctx, to, p.Branch, e.HeadSHA, commit)
		if errors.Is(err, forge.ErrConflict) {
			zerolog.Ctx(ctx).Info().Str("branch", p.Branch).Msg("somebody pushed to the branch meanwhile")
			return done, nil
		}
		if err != nil {
			return done, err
		}
		done = []Done{{What: "updated", Number: e.Number, Group: p.Group, Branch: p.Branch, Head: commit}}
	}
	return done, r.dress(ctx, to, e.Number, p)
}

// rewrite gives an open pull request its texts.
func (r *Reconciler) rewrite(ctx context.Context, to Writer, p *Proposal, commit, builtOn string) error {
	body, err := r.marked(p, commit, builtOn)
	if err != nil {
		return err
	}
	if _, err := to.UpdatePull(ctx, p.Existing.Number, changed(p, body)); err != nil {
		return fmt.Errorf("updating pull request %d: %w", p.Existing.Number, err)
	}
	return nil
}

// changed is what is written of an open pull request. One that is for another branch
// is so by a person's doing, and only an order takes it back.
func changed(p *Proposal, body string) forge.PullChange {
	change := forge.PullChange{Title: &p.Title, Body: &body}
	if p.Existing.Base != p.Base {
		change.Base = &p.Base
	}
	return change
}

// marked is a proposal's body with the marker of a commit.
func (r *Reconciler) marked(p *Proposal, commit, builtOn string) (string, error) {
	record := p.record(r.Repository)
	seat := Seat{RepositoryID: r.Repository, Base: p.Base, Branch: p.Branch}
	marker, err := Marker(&Marked{Commit: commit, BuiltOn: builtOn, Record: &record}, seat, r.Historian.Keys...)
	if err != nil || marker == "" {
		return p.Body, err
	}
	return p.Body + "\n" + marker + "\n", nil
}

// write makes the commit and lets the branch point at it, if that is still where
// it was.
func (r *Reconciler) write(ctx context.Context, to Writer, p *Proposal, before string) (string, error) {
	commit, err := r.commit(ctx, to, p)
	if err != nil {
		return "", err
	}
	return commit, moveBranch(ctx, to, p.Branch, before, commit)
}

func moveBranch(ctx context.Context, to Writer, branch, before, after string) error {
	if err := to.MoveRefs(ctx, []forge.RefMove{{Name: branch, Before: before, After: after, Force: true}}); err != nil {
		return fmt.Errorf("moving %s: %w", branch, err)
	}
	return nil
}

// commit makes the commit, to which nothing points yet.
func (r *Reconciler) commit(ctx context.Context, to Writer, p *Proposal) (string, error) {
	files := make([]forge.Content, 0, len(p.Files))
	for path, content := range p.Files {
		files = append(files, forge.Content{Path: path, Mode: r.Mode(path), Data: content})
	}
	slices.SortFunc(files, func(a, b forge.Content) int { return strings.Compare(a.Path, b.Path) })
	tree, err := to.CreateTree(ctx, p.BaseSHA, files) // GitHub takes a commit for its tree
	if err != nil {
		return "", fmt.Errorf("writing the files of %s: %w", p.Branch, err)
	}
	commit, err := to.CreateCommit(ctx, p.Message, tree, p.BaseSHA)
	if err != nil {
		return "", fmt.Errorf("writing the commit of %s: %w", p.Branch, err)
	}
	if p.Edit != nil {
		if text, err := json.Marshal(p.record(r.Repository)); err == nil {
			r.Memory.KeepFact(ctx, editName(r.Repository, p.Branch), text)
		}
	}
	return commit, nil
}

// open makes a new pull request. A branch that is there already is one that was
// left by a run that was cut, or by a pull request that is closed: it is taken
// over if nobody else moved it.
func (r *Reconciler) open(ctx context.Context, to Writer, p *Proposal) ([]Done, error) {
	if err := r.InTheWay(ctx, to, p.Branch); err != nil {
		return nil, err
	}
	head, err := r.write(ctx, to, p, "")
	if errors.Is(err, forge.ErrConflict) {
		head, err = r.takeOver(ctx, to, p)
	}
	if err != nil {
		return nil, err
	}
	pull, err := r.create(ctx, to, p, head)
	if err != nil {
		return nil, fmt.Errorf("opening the pull request of %s: %w", p.Branch, err)
	}
	done := []Done{{What: "opened", Number: pull.Number, Group: p.Group, Branch: p.Branch, Head: head}}
	return done, r.dress(ctx, to, pull.Number, p)
}

// create opens the pull request of a branch that is written.
func (r *Reconciler) create(ctx context.Context, to Writer, p *Proposal, head string) (forge.Pull, error) {
	body, err := r.marked(p, head, p.BaseSHA)
	if err != nil {
		return forge.Pull{}, err
	}
	wanted := forge.NewPull{Title: p.Title, Body: body, Head: p.Branch, Base: p.Base, Draft: p.Draft}
	pull, err := to.CreatePull(ctx, wanted)
	if errors.Is(err, forge.ErrNoDrafts) {
		wanted.Draft = false
		pull, err = to.CreatePull(ctx, wanted)
	}
	if errors.Is(err, forge.ErrExists) {
		pull, err = to.OpenPullOf(ctx, p.Branch, p.Base)
		if err == nil && !r.Historian.IsBot(ctx, pull.Author) {
			r.Memory.KeepFact(ctx, r.theirs(p.Branch, ""), []byte(strconv.Itoa(pull.Number)))
			return pull, whose(pull.Number)
		}
	}
	if err == nil { // under whatever name, that is the App
		r.Historian.learn(ctx, pull.Author)
	}
	return pull, err
}

// ErrTheirs is what has our name, and is somebody else's.
var ErrTheirs = errors.New("somebody else's")

func whose(number int) error {
	return fmt.Errorf("pull request %d is %w: close it to have the App open its own", number, ErrTheirs)
}

func inTheWay(branch string) error {
	return fmt.Errorf("a branch %s is there, with commits that are %w, not the App's: delete or rename it", branch, ErrTheirs)
}

// theirs is under what is kept that a branch of our name is somebody else's, by
// its head, or with "" the number of a pull request of it that is, or 0.
func (r *Reconciler) theirs(branch, head string) string {
	return fmt.Sprintf("theirs %d %s %s", r.Repository, branch, head)
}

// InTheWay is ErrTheirs where a branch, or its pull request, was found to be
// somebody else's, and still is: that is seen without a call that writes.
func (r *Reconciler) InTheWay(ctx context.Context, to Writer, branch string) error {
	found, was := r.Memory.Fact(ctx, r.theirs(branch, ""))
	if !was {
		return nil
	}
	if number, err := strconv.Atoi(string(found)); err == nil && number > 0 {
		pull, err := to.Pull(ctx, number)
		switch {
		case err != nil:
			return fmt.Errorf("reading pull request %d: %w", number, err)
		case pull.Open:
			return whose(number)
		}
		r.Memory.KeepFact(ctx, r.theirs(branch, ""), []byte("0"))
	}
	head, _, err := to.Head(ctx, branch)
	if errors.Is(err, forge.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", branch, err)
	}
	if _, still := r.Memory.Fact(ctx, r.theirs(branch, head)); still {
		return inTheWay(branch)
	}
	return nil
}

// takeOver writes onto a branch that is there without an open pull request, if it
// is ours. What a run that was cut wrote is as it should be already.
func (r *Reconciler) takeOver(ctx context.Context, to Writer, p *Proposal) (string, error) {
	before, _, err := to.Head(ctx, p.Branch)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", p.Branch, err)
	}
	c, err := r.Historian.commit(ctx, to, before)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", p.Branch, err)
	}
	if !r.Historian.made(ctx, c) || ReadRecord(c.Message, r.Repository) == nil {
		r.Memory.KeepFact(ctx, r.theirs(p.Branch, ""), []byte("0"))
		r.Memory.KeepFact(ctx, r.theirs(p.Branch, before), []byte("1"))
		return "", inTheWay(p.Branch)
	}
	if c.Message == p.Message && slices.Equal(c.Parents, []string{p.BaseSHA}) {
		return before, nil
	}
	return r.write(ctx, to, p, before)
}

// errNotGiven is what GitHub refused to give to a new pull request.
var errNotGiven = errors.New("GitHub refused some of what it was to be given")

// dress gives a new pull request its labels and people, once. What GitHub refuses
// of it, a person who left for instance, is no reason to stop, nor to try again: it
// is said as long as the pull request is open.
func (r *Reconciler) dress(ctx context.Context, to Writer, number int, p *Proposal) error {
	known := fmt.Sprintf("dressed %d %d", r.Repository, number)
	kept, is := r.Memory.Fact(ctx, known)
	var refused []string
	switch {
	case is:
		_ = json.Unmarshal(kept, &refused) // none, if it is something else
	case p.Existing != nil && !p.Existing.Created.After(r.Now().Add(-lately)):
		return nil
	default:
		var err error
		if refused, err = r.give(ctx, to, number, p); err != nil {
			return err
		}
		if kept, err = json.Marshal(refused); err != nil {
			return fmt.Errorf("keeping what pull request %d was not given: %w", number, err)
		}
		r.Memory.KeepFact(ctx, known, kept)
	}
	if len(refused) > 0 {
		return fmt.Errorf("%w: %s", errNotGiven, strings.Join(refused, "; "))
	}
	return nil
}

// give gives all that can be given, and tells what was refused.
func (r *Reconciler) give(ctx context.Context, to Writer, number int, p *Proposal) (refused []string, err error) {
	for _, put := range r.garments(ctx, to, number, p) {
		err := put.do()
		if Stops(err) {
			return nil, fmt.Errorf("giving pull request %d its %s: %w", number, put.what, err)
		}
		if err != nil {
			refused = append(refused, strings.Split(err.Error(), "\n")...)
		}
	}
	return refused, nil
}

// garment is something that a new pull request is given.
type garment struct {
	what string
	do   func() error
}

func (r *Reconciler) garments(ctx context.Context, to Writer, number int, p *Proposal) []garment {
	var all []garment
	if lacking := without(p.Labels, p.Existing); len(lacking) > 0 {
		all = append(all, garment{"labels", func() error { return to.AddLabels(ctx, number, lacking) }})
	}
	if len(p.Reviewers) > 0 {
		all = append(all, garment{"reviewers", func() error { return r.review(ctx, to, number, p.Reviewers) }})
	}
	if users, _ := people(p.Assignees); len(users) > 0 {
		all = append(all, garment{"assignees", func() error { return to.AddAssignees(ctx, number, users) }})
	}
	return all
}

func without(labels []string, e *Existing) []string {
	if e == nil {
		return labels
	}
	return slices.DeleteFunc(slices.Clone(labels), func(label string) bool { return slices.Contains(e.Labels, label) })
}

// review asks all for a review, and where one of them cannot be asked, each alone.
func (r *Reconciler) review(ctx context.Context, to Writer, number int, names []string) error {
	users, teams := people(names)
	err := to.RequestReviewers(ctx, number, users, teams)
	if !errors.Is(err, forge.ErrReviewers) {
		return err
	}
	if len(names) == 1 {
		return fmt.Errorf("%s cannot be asked for a review: %w", names[0], err)
	}
	var failed error
	for _, name := range names {
		err := r.review(ctx, to, number, []string{name})
		if Stops(err) {
			return err
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// shut closes a pull request, says why, and removes its branch.
func (r *Reconciler) shut(ctx context.Context, to Writer, c Closing) ([]Done, error) {
	e := c.Existing
	now, err := to.Pull(ctx, e.Number)
	if err != nil {
		return nil, fmt.Errorf("reading pull request %d: %w", e.Number, err)
	}
	if !now.Open || now.Head.SHA != e.HeadSHA { // somebody was quicker
		return nil, nil
	}
	if err := r.say(ctx, to, Saying{e, "closed " + e.HeadSHA, c.Why}); err != nil {
		return nil, err
	}
	closed := "closed"
	if _, err := to.UpdatePull(ctx, e.Number, forge.PullChange{State: &closed}); err != nil {
		return nil, fmt.Errorf("closing pull request %d: %w", e.Number, err)
	}
	return []Done{{What: "closed", Number: e.Number, Branch: e.Branch, Why: c.Why}}, r.sweep(ctx, to, e)
}

// sweep removes the branch of a pull request that we closed, unless somebody
// pushed to it.
func (r *Reconciler) sweep(ctx context.Context, to Writer, e *Existing) error {
	known := fmt.Sprintf("swept %d %d %s", r.Repository, e.Number, e.HeadSHA)
	if _, is := r.Memory.Fact(ctx, known); is {
		return nil
	}
	now, _, err := to.Head(ctx, e.Branch)
	if err == nil && now == e.HeadSHA {
		err = to.MoveRefs(ctx, []forge.RefMove{{Name: e.Branch, Before: e.HeadSHA}})
	}
	if errors.Is(err, forge.ErrConflict) {
		return nil // the next run sees what is there
	}
	if err != nil && !errors.Is(err, forge.ErrNotFound) {
		return fmt.Errorf("removing %s: %w", e.Branch, err)
	}
	r.Memory.KeepFact(ctx, known, []byte("1"))
	return nil
}

// say comments on a pull request, once.
func (r *Reconciler) say(ctx context.Context, to Writer, s Saying) error {
	return Tell(ctx, r.Memory, r.Historian, to, Told{r.Repository, s.Existing.Number, s.About, s.Text})
}

// people tells users and teams apart.
func people(all []string) (users, teams []string) {
	for _, name := range all {
		name = strings.TrimPrefix(name, "@")
		if _, team, is := strings.Cut(name, "/"); is {
			teams = append(teams, team)
			continue
		}
		users = append(users, name)
	}
	return users, teams
}
