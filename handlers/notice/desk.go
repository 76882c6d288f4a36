// Package notice keeps the issues that are the App's own: one of a kind in a
// repository, with the App's text between two marks and whatever people write
// around it.
//
// It may import the other sub-packages of handlers, scanner and config.
package notice

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// GitHub is what issues are read and written through. Its errors are those of
// package forge.
type GitHub interface {
	Issue(ctx context.Context, number int) (issue forge.Issue, unchanged bool, err error)
	AllIssuesBy(ctx context.Context, login string) ([]forge.Issue, error)
	CreateIssue(ctx context.Context, i forge.NewIssue) (forge.Issue, error)
	UpdateIssue(ctx context.Context, number int, change forge.IssueChange) (forge.Issue, error)
	Comment(ctx context.Context, number int, body string) (int64, error)
	Comments(ctx context.Context, number int, since time.Time) ([]forge.Comment, error)
}

// Memory keeps which issues there are. It may forget: then they are looked for.
type Memory interface {
	Note(ctx context.Context, repository int64, name string) ([]byte, bool)
	KeepNote(ctx context.Context, repository int64, name string, value []byte)
}

// Desk is the App's issues of one repository, during one look.
type Desk struct {
	GitHub     GitHub
	Memory     Memory
	Repository int64
	// Bot is the App's login, Ours tells its account whatever it is called by now.
	Bot  string
	Ours func(context.Context, forge.Account) bool
	Now  func() time.Time
	// Insistent asks again what GitHub denied a short while ago.
	Insistent bool

	listed []forge.Issue
	list   bool     // listed is known
	lost   []string // names of edits
}

// noted is what is kept of a kind of issue.
type noted struct {
	Number int `json:"number"` // 0: there is none
	// Done is set when there is nothing more to do about it.
	Done bool `json:"done,omitempty"`
	// Denied is why GitHub let nothing be done, and Again when it is asked again.
	Denied string    `json:"denied,omitempty"`
	Again  time.Time `json:"again,omitzero"`
	// Over is the sum of the body that our last write replaced, Wrote of the notes
	// that it left, and At when that was.
	Over  string    `json:"over,omitempty"`
	Wrote string    `json:"wrote,omitempty"`
	At    time.Time `json:"at,omitzero"`
}

func noteOf(k Kind) string { return "issue of " + k.Name }

func (d *Desk) recall(ctx context.Context, k Kind) (noted, bool) {
	var n noted
	text, found := d.Memory.Note(ctx, d.Repository, noteOf(k))
	if !found || json.Unmarshal(text, &n) != nil {
		return noted{}, false
	}
	return n, true
}

func (d *Desk) note(ctx context.Context, k Kind, n noted) {
	if was, is := d.recall(ctx, k); is && was == n {
		return
	}
	if text, err := json.Marshal(n); err == nil {
		d.Memory.KeepNote(ctx, d.Repository, noteOf(k), text)
	}
}

// Known says whether it is known that there is an issue about which something may
// be left to do.
func (d *Desk) Known(ctx context.Context, k Kind) bool {
	n, is := d.recall(ctx, k)
	return is && n.Number != 0 && !n.Done
}

// DeniedError is that GitHub lets nothing be done about an issue: the repository
// has none, or the App may not.
type DeniedError struct {
	Why string
	// Again is set where an issue that there is was not even read: then it may be.
	Again time.Time
}

func (e *DeniedError) Error() string { return e.Why }

const (
	// patience is how long GitHub is not asked again whether there are issues.
	patience = 6 * time.Hour
	// pause is how long an issue that there is is left alone that could not be read,
	// or written. It is short, as people may tick boxes in it.
	pause = 10 * time.Minute
)

// Find gives the issue of a kind; nil where there is none, and where it is closed
// and nothing needs to be said. The error is a *DeniedError where a repository has
// no issues, or the App may not see them.
func (d *Desk) Find(ctx context.Context, k Kind, need bool) (*forge.Issue, error) {
	known, is := d.recall(ctx, k)
	switch {
	case is && !need && (known.Number == 0 || known.Done):
		return nil, nil //nolint:nilnil // there is nothing to do
	case known.Denied != "" && d.Now().Before(known.Again) && !d.Insistent:
		return nil, waits(known)
	}
	if known.Number != 0 {
		issue, _, err := d.GitHub.Issue(ctx, known.Number)
		if err == nil && d.ours(ctx, &issue) {
			return &issue, nil
		}
		if err != nil && !errors.Is(err, forge.ErrNotFound) {
			return nil, d.refused(ctx, k, known.Number, err)
		}
	}
	all, err := d.all(ctx)
	if err != nil {
		return nil, d.denied(ctx, k, known, err)
	}
	found := pick(k, all)
	if found == nil {
		d.note(ctx, k, noted{})
		return nil, nil //nolint:nilnil // there is none
	}
	if err := d.alone(ctx, k, found, all); err != nil {
		return nil, err
	}
	d.note(ctx, k, noted{Number: found.Number})
	return found, nil
}

// alone closes the other issues of a kind. Two looks may have opened one each while
// GitHub did not list them yet.
func (d *Desk) alone(ctx context.Context, k Kind, the *forge.Issue, all []forge.Issue) error {
	closed := "closed"
	for i := range all {
		other := &all[i]
		if !other.Open || other.Number == the.Number || !k.marked(other.Body) {
			continue
		}
		err := d.say(ctx, other, Wish{Word: fmt.Sprintf("#%d is the one that is kept up to date.", the.Number), About: k.Name + " twice"})
		if err == nil {
			_, err = d.GitHub.UpdateIssue(ctx, other.Number, forge.IssueChange{State: &closed})
		}
		if err != nil && denial(err) == "" { // a refusal leaves it open: nothing hangs on it
			return fmt.Errorf("closing issue %d, of which there are two: %w", other.Number, err)
		}
	}
	return nil
}

// ours says whether an issue is the App's. The marks may be copied by anybody.
func (d *Desk) ours(ctx context.Context, i *forge.Issue) bool {
	return !i.Pull && d.Ours(ctx, i.Author)
}

// all are the App's issues, open or not.
func (d *Desk) all(ctx context.Context) ([]forge.Issue, error) {
	if d.list {
		return d.listed, nil
	}
	found, err := d.GitHub.AllIssuesBy(ctx, d.Bot)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was read
	}
	d.list = true
	d.listed = slices.DeleteFunc(found, func(i forge.Issue) bool { return !d.ours(ctx, &i) })
	return d.listed, nil
}

// pick is the issue of a kind among the App's: the oldest one that is open, else the
// newest of those that are closed.
func pick(k Kind, all []forge.Issue) *forge.Issue {
	var found *forge.Issue
	for i := range all {
		of := &all[i]
		if !k.marked(of.Body) && of.Title != k.Title {
			continue
		}
		if found == nil || of.Open {
			found = of // they come with the newest first
		}
	}
	return found
}

func waits(n noted) *DeniedError {
	if n.Number == 0 {
		return &DeniedError{Why: n.Denied}
	}
	return &DeniedError{n.Denied, n.Again}
}

// denied makes a *DeniedError of a refusal to list issues or to open one, and notes
// it.
func (d *Desk) denied(ctx context.Context, k Kind, was noted, err error) error {
	why := denial(err)
	if why == "" {
		return err
	}
	was.Denied, was.Again = why, d.Now().Add(patience)
	d.note(ctx, k, was)
	return &DeniedError{Why: why}
}

// refused makes a *DeniedError of a refusal that is about one issue, and notes it. One
// that is gone is forgotten.
func (d *Desk) refused(ctx context.Context, k Kind, number int, err error) error {
	why := denial(err)
	if why == "" {
		return err
	}
	n, _ := d.recall(ctx, k)
	switch {
	case errors.Is(err, forge.ErrNotFound):
		n = noted{}
	case n.Number != number:
		n = noted{Number: number, Denied: why, Again: d.Now().Add(pause)}
	default:
		n.Done, n.Denied, n.Again = false, why, d.Now().Add(pause)
	}
	d.note(ctx, k, n)
	return &DeniedError{Why: why}
}

// denial is why GitHub lets something not be done; "" where an error is no refusal, or
// one of all that a look does.
func denial(err error) string {
	_, lacks := errors.AsType[*forge.PermissionError](err)
	_, tooMuch := errors.AsType[*forge.TooLargeError](err)
	refused, isRefused := errors.AsType[*forge.RefusedError](err)
	switch {
	case lacks, tooMuch:
		return err.Error()
	case !isRefused || whole(err):
		return ""
	case errors.Is(err, forge.ErrNotFound):
		return fmt.Sprintf("the repository has no issues, or the App may not see them: %s", refused.Message)
	default:
		return err.Error()
	}
}

// whole says whether a refusal meets all that a look does.
func whole(err error) bool {
	return slices.ContainsFunc([]error{
		forge.ErrUnauthorized, forge.ErrSuspended, forge.ErrUninstalled, forge.ErrDisabled, forge.ErrArchived,
	}, func(kind error) bool { return errors.Is(err, kind) })
}

// Wish is how an issue should be.
type Wish struct {
	// Text is the App's part of it.
	Text string
	// Same says whether a text that is there says the same; nil compares them.
	Same func(was string) bool
	// Around is a body in which the text is to be laid instead of the one that is
	// there; "" for that one.
	Around string
	// Open is whether there should be one. One that somebody closed is opened again
	// only when the text changes.
	Open bool
	// Word is said in a comment before an issue is closed; "" says nothing. It is
	// said once for each About.
	Word, About string
}

// Keep makes an issue as it should be; issue is what Find gave. What is as it should
// be is not written.
func (d *Desk) Keep(ctx context.Context, k Kind, issue *forge.Issue, w Wish) (number int, err error) {
	if issue == nil && !w.Open {
		return 0, nil
	}
	if issue == nil {
		made, err := d.GitHub.CreateIssue(ctx, forge.NewIssue{Title: k.Title, Body: k.Lay("", w.Text)})
		if err != nil {
			return 0, d.denied(ctx, k, noted{}, err)
		}
		d.note(ctx, k, noted{Number: made.Number})
		return made.Number, nil
	}
	change := k.change(issue, w)
	n := noted{Number: issue.Number, Done: !w.Open}
	if change == (forge.IssueChange{}) {
		if was, _ := d.recall(ctx, k); was.Number == n.Number {
			n.Over, n.Wrote, n.At = was.Over, was.Wrote, was.At
		}
		d.note(ctx, k, n)
		d.restored(ctx)
		return issue.Number, nil
	}
	if !w.Open && issue.Open {
		if err := d.say(ctx, issue, w); err != nil {
			return 0, d.refused(ctx, k, issue.Number, err)
		}
	}
	wrote, err := d.GitHub.UpdateIssue(ctx, issue.Number, change)
	if err != nil {
		return 0, d.refused(ctx, k, issue.Number, err)
	}
	if change.Body != nil {
		n.Over, n.Wrote, n.At = sumOf(issue.Body), sumOf(k.Notes(wrote.Body)), d.Now().UTC()
	}
	d.note(ctx, k, n)
	d.restored(ctx)
	return issue.Number, nil
}

// Changes says whether Keep would write.
func (d *Desk) Changes(k Kind, issue *forge.Issue, w Wish) bool {
	return k.change(issue, w) != (forge.IssueChange{})
}

// change is what differs from how an issue should be.
func (k Kind) change(issue *forge.Issue, w Wish) (c forge.IssueChange) {
	was := k.Text(issue.Body)
	same := was == strings.Trim(w.Text, "\n")
	if w.Same != nil && k.marked(issue.Body) {
		same = w.Same(was)
	}
	if body := k.Lay(cmp.Or(w.Around, issue.Body), w.Text); !same || w.Around != "" && body != issue.Body {
		c.Body = &body
	}
	state := "closed"
	if w.Open {
		state = "open"
	}
	if w.Open != issue.Open && (!w.Open || !same) {
		c.State = &state
	}
	return c
}

// say says why an issue is closed, unless a look that was cut has said it.
func (d *Desk) say(ctx context.Context, issue *forge.Issue, w Wish) error {
	if w.Word == "" {
		return nil
	}
	mark := "<!-- imageupdater:said " + w.About + " -->"
	comments, err := d.GitHub.Comments(ctx, issue.Number, time.Time{})
	if err != nil {
		return fmt.Errorf("reading what was said on issue %d: %w", issue.Number, err)
	}
	said := slices.ContainsFunc(comments, func(c forge.Comment) bool {
		return d.Ours(ctx, c.Author) && strings.HasSuffix(strings.TrimSpace(c.Body), mark)
	})
	if said {
		return nil
	}
	if _, err := d.GitHub.Comment(ctx, issue.Number, w.Word+"\n\n"+mark); err != nil && !errors.Is(err, forge.ErrLocked) {
		return fmt.Errorf("saying why issue %d is closed: %w", issue.Number, err)
	}
	return nil
}
