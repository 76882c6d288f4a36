package run

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/dashboard"
	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/handlers/notice"
)

// The issues that are the App's own.
//
//nolint:gochecknoglobals // never written
var (
	dashboardIssue = notice.Kind{Name: "dashboard", Title: dashboard.Title}
	brokenIssue    = notice.Kind{Name: "broken", Title: "Image updates are stopped: " + config.FileName + " has errors"}
)

// desk is where the issues of a look's repository are kept; nil where they are left
// alone.
func (r *Runner) desk(l Look) *notice.Desk {
	if l.Issues == nil || r.DryRun {
		return nil
	}
	return &notice.Desk{
		GitHub: l.Issues, Memory: r.Memory, Repository: l.Repository.ID, Bot: r.Historian.Bot, Ours: r.Historian.IsBot, Now: r.Now,
		Insistent: !l.Forced.IsZero(),
	}
}

// unsaid notes why an issue could not be written, where that is no reason to look
// again.
func (o *Outcome) unsaid(err error) error {
	denied, is := errors.AsType[*notice.DeniedError](err)
	if !is {
		return err
	}
	o.unread = denied.Again
	if text := denied.Error(); len(o.Unsaid) == 0 || o.Unsaid[len(o.Unsaid)-1] != text {
		o.Unsaid = append(o.Unsaid, text)
	}
	return nil
}

// tell keeps the issues as they should be after a look.
func (r *Runner) tell(ctx context.Context, l Look, out *Outcome) error {
	if out.State == Planned {
		return r.show(ctx, l, out)
	}
	return r.stopped(ctx, l, out)
}

// stopped tells people why their repository is not updated.
func (r *Runner) stopped(ctx context.Context, l Look, out *Outcome) error {
	desk := r.desk(l)
	switch {
	case desk == nil:
		return nil
	case out.State == Broken:
		return out.unsaid(r.quote(ctx, desk, l, out))
	case out.State == Unconfigured:
		const gone = "There is no " + "`" + config.FileName + "`" + " any more, so nothing is updated."
		return errors.Join(r.shut(ctx, desk, brokenIssue, out, gone), r.shut(ctx, desk, dashboardIssue, out, gone))
	}
	return nil
}

// quote keeps the issue that tells of errors.
func (r *Runner) quote(ctx context.Context, desk *notice.Desk, l Look, out *Outcome) error {
	issue, err := desk.Find(ctx, brokenIssue, true)
	if err != nil {
		return err //nolint:wrapcheck // it says what was asked
	}
	room := dashboard.Longest
	if issue != nil {
		room = brokenIssue.Room(issue.Body, room)
	}
	text := r.brokenText(l, out, room)
	_, err = desk.Keep(ctx, brokenIssue, issue, notice.Wish{Open: true, Text: text, Same: sameErrors(text)})
	return err //nolint:wrapcheck // it says what was asked
}

// shut closes an issue that is known, with the reason.
func (r *Runner) shut(ctx context.Context, desk *notice.Desk, kind notice.Kind, out *Outcome, why string) error {
	if !desk.Known(ctx, kind) {
		return nil
	}
	return r.finish(ctx, desk, kind, out, why)
}

// finish closes an issue if there is one that is open, with the reason.
func (r *Runner) finish(ctx context.Context, desk *notice.Desk, kind notice.Kind, out *Outcome, why string) error {
	issue, err := desk.Find(ctx, kind, false)
	if err == nil && issue != nil {
		wish := notice.Wish{Text: why, Word: why, About: kind.Name + " " + out.Head}
		if !issue.Open { // somebody was quicker: what it says is for them to read
			wish.Same = func(string) bool { return true }
		}
		_, err = desk.Keep(ctx, kind, issue, wish)
	}
	if isA[*notice.DeniedError](err) {
		return nil // nobody waits for it
	}
	return err
}

// mended closes the issue about errors.
func (r *Runner) mended(ctx context.Context, desk *notice.Desk, out *Outcome) error {
	why := fmt.Sprintf("What was wrong is mended, as of %s: updates go on.", out.source.commit)
	return r.finish(ctx, desk, brokenIssue, out, why)
}

// commits are names of commits, in links.
var commits = regexp.MustCompile(`\b[0-9a-f]{40}\b`)

// sameErrors says whether a text quotes the same errors as another one, of whatever
// commit.
func sameErrors(now string) func(was string) bool {
	plain := func(text string) string { return strings.TrimSpace(commits.ReplaceAllString(text, "")) }
	return func(was string) bool { return plain(was) == plain(now) }
}

// brokenText quotes the errors of the configuration, as many as there is room for.
func (r *Runner) brokenText(l Look, out *Outcome, room int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Nothing is updated here until this is mended. Pull requests that are open stay as they are.\n\n")
	for i, e := range out.Errors {
		line := "- " + r.errorPlace(l, out, e) + worded(e)
		if b.Len()+len(line) > room-500 {
			fmt.Fprintf(&b, "- and %d more, for which there is no room here: `imageupdater check` shows all\n", len(out.Errors)-i)
			break
		}
		b.WriteString(line + "\n")
	}
	b.WriteString("\nThis issue is closed when that is done. What you write above or below these lines stays.")
	return b.String()
}

// worded is what is wrong, in Markdown. Of another repository's file, which not all who
// read this may read, nothing is quoted.
func worded(e *config.Error) string {
	if e.File != config.FileName {
		return " has an error: `imageupdater check` tells it to whoever may read that file"
	}
	line := ""
	if e.Field != "" {
		line += " " + foreign.Code(e.Field) + ":"
	}
	line += " " + foreign.Code(e.Message)
	if e.Hint != "" {
		line += " (" + foreign.Code(e.Hint) + ")"
	}
	return line
}

// errorPlace names the line of an error, with a link to it where it is in this
// repository.
func (r *Runner) errorPlace(l Look, out *Outcome, e *config.Error) string {
	name := fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)
	if e.File != config.FileName || out.source.commit == "" {
		return foreign.Code(name)
	}
	link := r.Web + "/" + url.PathEscape(l.Repository.Owner) + "/" + url.PathEscape(l.Repository.Name) + "/blob/" + out.source.commit +
		"/" + config.FileName + "#L" + strconv.Itoa(e.Line)
	return "[" + foreign.Code(name) + "](" + link + ")"
}
