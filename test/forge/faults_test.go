package forge_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// read is one of the ways to read, and the operation of GitHub's behind it.
type read struct {
	operation string
	do        func(context.Context, *world, *forge.GitHub) error
}

func reads() map[string]read {
	repo := func(w *world, g *forge.GitHub) *forge.Repo { return g.As(w.installation.ID).Repo(w.ref) }
	return map[string]read{
		"App":           {"apps/get-authenticated", func(ctx context.Context, _ *world, g *forge.GitHub) error { return second(g.App(ctx)) }},
		"Installations": {"apps/list-installations", func(ctx context.Context, _ *world, g *forge.GitHub) error { return second(g.Installations(ctx)) }},
		"Installation": {"apps/get-installation", func(ctx context.Context, w *world, g *forge.GitHub) error {
			return second(g.Installation(ctx, w.installation.ID))
		}},
		"InstallationOf": {"apps/get-repo-installation", func(ctx context.Context, _ *world, g *forge.GitHub) error {
			return second(g.InstallationOf(ctx, "acme", "shop"))
		}},
		"Repositories": {"apps/list-repos-accessible-to-installation", func(ctx context.Context, w *world, g *forge.GitHub) error {
			return second(g.As(w.installation.ID).Repositories(ctx))
		}},
		"Repository": {"repos/get", func(ctx context.Context, w *world, g *forge.GitHub) error { return second(repo(w, g).Repository(ctx)) }},
		"Head":       {"git/get-ref", func(ctx context.Context, w *world, g *forge.GitHub) error { return third(repo(w, g).Head(ctx, "main")) }},
		"Pulls":      {"pulls/list", func(ctx context.Context, w *world, g *forge.GitHub) error { return second(repo(w, g).Pulls(ctx)) }},
		"Issue":      {"issues/get", func(ctx context.Context, w *world, g *forge.GitHub) error { return third(repo(w, g).Issue(ctx, 1)) }},
		"Tree": {"git/get-tree", func(ctx context.Context, w *world, g *forge.GitHub) error {
			return second(repo(w, g).Tree(ctx, w.tree))
		}},
		"Blob": {"git/get-blob", func(ctx context.Context, w *world, g *forge.GitHub) error {
			return second(repo(w, g).Blob(ctx, w.blob, 99))
		}},
		"File": {"repos/get-content", func(ctx context.Context, w *world, g *forge.GitHub) error {
			return third(repo(w, g).File(ctx, "see.txt", ""))
		}},
		"Commit": {"repos/list-commits", func(ctx context.Context, w *world, g *forge.GitHub) error {
			return second(repo(w, g).Commit(ctx, w.sha))
		}},
		"FilesOfPull": {"pulls/list-files", func(ctx context.Context, w *world, g *forge.GitHub) error {
			return second(repo(w, g).FilesOfPull(ctx, 2))
		}},
		"CheckRunOf": {"checks/list-for-ref", func(ctx context.Context, w *world, g *forge.GitHub) error {
			w.checked() //nolint:contextcheck // the stand-in has its own
			return second(repo(w, g).CheckRunOf(ctx, w.sha, "config"))
		}},
		"ChecksWanted": {"checks/list-suites-for-ref", func(ctx context.Context, w *world, g *forge.GitHub) error {
			return second(repo(w, g).ChecksWanted(ctx, w.sha))
		}},
		"token": {"apps/create-installation-access-token", func(ctx context.Context, w *world, g *forge.GitHub) error {
			return second(repo(w, g).Commit(ctx, w.sha))
		}},
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

// answer is what GitHub may do to a call, and what the caller makes of it.
type answer struct {
	fault func(operation string) githubtest.Fault
	want  func(t *testing.T, w *world, err error)
	tries int // how many calls it befalls, where it is not one
}

func is(target error) func(*testing.T, *world, error) {
	return func(t *testing.T, _ *world, err error) {
		t.Helper()
		if !errors.Is(err, target) {
			t.Errorf("got %v, want %v", err, target)
		}
	}
}

func isUnavailable(t *testing.T, _ *world, err error) {
	t.Helper()
	if _, is := errors.AsType[*forge.UnavailableError](err); !is {
		t.Errorf("got %v, want it unavailable", err)
	}
}

func isPermission(t *testing.T, _ *world, err error) {
	t.Helper()
	denied, is := errors.AsType[*forge.PermissionError](err)
	if !is || denied.Needs != "contents=read" || denied.What == "" {
		t.Errorf("got %v, want a lacking permission", err)
	}
}

// limited is a limit that ends so much later.
func limited(after time.Duration, why string) func(*testing.T, *world, error) {
	return func(t *testing.T, w *world, err error) {
		t.Helper()
		l, is := errors.AsType[*forge.LimitedError](err)
		if !is || l.Why != why || !l.Until.Equal(w.hub.Now().Add(after)) {
			t.Errorf("got %v, want %s until %s", err, why, w.hub.Now().Add(after).UTC())
		}
	}
}

func isNothing(t *testing.T, _ *world, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("got %v", err)
	}
}

func refusing(status int, message string) func(string) githubtest.Fault {
	return func(operation string) githubtest.Fault {
		return githubtest.Fault{Operation: operation, Status: status, Message: message}
	}
}

func exhausted(w *world, status int, reset time.Duration) func(string) githubtest.Fault {
	return func(operation string) githubtest.Fault {
		f := refusing(status, "API rate limit exceeded for installation ID 1.")(operation)
		f.Header = http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {strconv.FormatInt(w.hub.Now().Add(reset).Unix(), 10)}}
		return f
	}
}

func once(fault func(string) githubtest.Fault) func(string) githubtest.Fault {
	return func(operation string) githubtest.Fault {
		f := fault(operation)
		f.Times = 1
		return f
	}
}

func answers(w *world) map[string]answer {
	before := func(operation string) githubtest.Fault {
		return githubtest.ConnectionReset(operation, githubtest.BeforeWork)
	}
	after := func(operation string) githubtest.Fault {
		return githubtest.ConnectionReset(operation, githubtest.AfterWork)
	}
	gateway := func(operation string) githubtest.Fault {
		return githubtest.BadGateway(operation, githubtest.BeforeWork)
	}
	permission := func(operation string) githubtest.Fault {
		f := githubtest.Forbidden(operation)
		f.Header = http.Header{"X-Accepted-Github-Permissions": {"contents=read"}}
		return f
	}
	tooMany := func(after time.Duration) func(string) githubtest.Fault {
		return func(operation string) githubtest.Fault { return githubtest.TooManyRequests(operation, after) }
	}
	secondary := func(status int, after time.Duration) func(string) githubtest.Fault {
		return func(operation string) githubtest.Fault { return githubtest.SecondaryLimit(operation, status, after) }
	}
	undocumented := func(operation string) githubtest.Fault {
		return githubtest.Undocumented(githubtest.SecondaryLimit(operation, http.StatusForbidden, -1))
	}
	dated := func(operation string) githubtest.Fault {
		f := githubtest.TooManyRequests(operation, -1)
		f.Header = http.Header{"Retry-After": {w.hub.Now().Add(3 * time.Minute).Format(http.TimeFormat)}}
		return f
	}
	truncated := func(operation string) githubtest.Fault { return githubtest.Truncated(operation, 2) }
	broken := func(operation string) githubtest.Fault {
		return githubtest.Fault{Operation: operation, Status: http.StatusOK, Body: `{"id": 1,`, Header: http.Header{"Content-Type": {"application/json"}}}
	}
	page := func(operation string) githubtest.Fault {
		return githubtest.Fault{Operation: operation, Status: http.StatusForbidden, Body: "<html>blocked</html>", Header: http.Header{"Content-Type": {"text/html"}}}
	}
	return map[string]answer{
		"401 once":                  {once(githubtest.BadCredentials), isNothing, 1},
		"401":                       {githubtest.BadCredentials, is(forge.ErrUnauthorized), 2},
		"403 permission":            {permission, isPermission, 1},
		"403 suspended":             {refusing(http.StatusForbidden, "This installation has been suspended"), is(forge.ErrSuspended), 1},
		"403 archived":              {refusing(http.StatusForbidden, "Repository was archived so is read-only."), is(forge.ErrArchived), 1},
		"403 blocked":               {refusing(http.StatusForbidden, "Repository access blocked"), is(forge.ErrDisabled), 1},
		"403 html":                  {page, isUnavailable, 3},
		"404":                       {githubtest.NotFound, is(forge.ErrNotFound), 1},
		"410":                       {refusing(http.StatusGone, "Issues are disabled for this repo"), is(forge.ErrNotFound), 1},
		"409 empty":                 {refusing(http.StatusConflict, "Git Repository is empty."), is(forge.ErrEmpty), 1},
		"409":                       {refusing(http.StatusConflict, "Conflict"), is(forge.ErrConflict), 1},
		"422 conflict":              {refusing(http.StatusUnprocessableEntity, "Reference already exists"), is(forge.ErrConflict), 1},
		"422":                       {refusing(http.StatusUnprocessableEntity, "Validation Failed"), is(forge.ErrInvalid), 1},
		"422 timed out":             {refusing(http.StatusUnprocessableEntity, "Sorry, your request timed out. It's likely that your input was too large to process."), isUnavailable, 3},
		"403 primary":               {exhausted(w, http.StatusForbidden, 20*time.Minute), limited(20*time.Minute, "primary"), 1},
		"429 primary":               {exhausted(w, http.StatusTooManyRequests, 20*time.Minute), limited(20*time.Minute, "primary"), 1},
		"429":                       {tooMany(-1), limited(time.Minute, "secondary"), 1},
		"429 retry-after":           {tooMany(90 * time.Second), limited(90*time.Second, "secondary"), 1},
		"429 retry-after date":      {dated, limited(3*time.Minute, "secondary"), 1},
		"429 retry-after too long":  {tooMany(9000 * time.Hour), limited(2*time.Hour, "secondary"), 1},
		"403 secondary":             {secondary(http.StatusForbidden, -1), limited(time.Minute, "secondary"), 1},
		"403 secondary retry-after": {secondary(http.StatusForbidden, 30*time.Second), limited(30*time.Second, "secondary"), 1},
		"429 secondary":             {secondary(http.StatusTooManyRequests, -1), limited(time.Minute, "secondary"), 1},
		"403 secondary by message":  {undocumented, limited(time.Minute, "secondary"), 1},
		"500 once":                  {once(githubtest.ServerError), isNothing, 1},
		"500":                       {githubtest.ServerError, isUnavailable, 3},
		"502 once":                  {once(gateway), isNothing, 1},
		"502":                       {gateway, isUnavailable, 3},
		"reset before once":         {once(before), isNothing, 1},
		"reset after once":          {once(after), isNothing, 1},
		"truncated once":            {once(truncated), isNothing, 1},
		"truncated":                 {truncated, isUnavailable, 3},
		"200 broken":                {broken, isUnavailable, 3},
	}
}

// TestAnswers gives each read each of GitHub's answers.
func TestAnswers(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	all := reads()
	maps.Copy(all, mergingReads())
	for name, read := range all {
		for said, answer := range answers(w) {
			t.Run(name+"/"+said, func(t *testing.T) { w.answer(t, name, said, read, answer) })
		}
	}
}

func (w *world) answer(t *testing.T, name, said string, read read, answer answer) {
	t.Helper()
	switch {
	case name == "token" && (said == "404" || said == "410"):
		answer.want = is(forge.ErrUninstalled)
	case name == "Blob" && said == "200 broken": // no JSON, so only its hash tells
		answer.tries = 1
	}
	g := w.github(t, forge.Options{})
	fault := w.hub.Fault(answer.fault(read.operation))
	defer fault.Remove()
	err := read.do(t.Context(), w, g)
	answer.want(t, w, err)
	if fired := fault.Fired(); fired != answer.tries && !strings.HasPrefix(said, "reset") {
		t.Errorf("it was asked %d times, want %d", fired, answer.tries)
	}
	fault.Remove()
	if _, isLimited := errors.AsType[*forge.LimitedError](err); isLimited {
		w.restedAfter(t, read, g)
	}
}

// restedAfter shows that nothing is asked while a limit lasts, and everything after.
func (w *world) restedAfter(t *testing.T, read read, g *forge.GitHub) {
	t.Helper()
	mark := w.hub.Mark()
	if _, is := errors.AsType[*forge.LimitedError](read.do(t.Context(), w, g)); !is || len(w.hub.Since(mark)) != 0 {
		t.Errorf("GitHub was asked while the limit lasted:\n%s", w.hub.Dump(3))
	}
	w.hub.Advance(2 * time.Hour)
	if err := read.do(t.Context(), w, g); err != nil {
		t.Errorf("after the limit: %v", err)
	}
}

// TestSlow lets calls hang until they are given up.
func TestSlow(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	for _, name := range []string{"App", "Head", "Tree"} {
		read := reads()[name]
		held := w.hub.Fault(githubtest.Held(read.operation))
		isUnavailable(t, w, read.do(t.Context(), w, w.github(t, forge.Options{Timeout: 200 * time.Millisecond})))
		if held.Fired() != 3 {
			t.Errorf("%s: tried %d times", name, held.Fired())
		}
		held.Remove()
	}
}

// TestGivenUp ends a call, and the wait between tries, when nobody wants them.
func TestGivenUp(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	held := w.hub.Fault(githubtest.Held("git/get-ref"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- reads()["Head"].do(ctx, w, w.github(t, forge.Options{})) }()
	<-held.Reached()
	cancel()
	is(context.Canceled)(t, w, <-ended)
	held.Remove()

	failing := w.hub.Fault(githubtest.ServerError("git/get-ref"))
	ctx, cancel = context.WithCancel(t.Context())
	impatient := forge.Options{Sleep: func(ctx context.Context, _ time.Duration) error {
		cancel()
		return context.Cause(ctx)
	}}
	is(context.Canceled)(t, w, reads()["Head"].do(ctx, w, w.github(t, impatient)))
	if failing.Fired() != 1 {
		t.Errorf("tried %d times", failing.Fired())
	}
}
