package store_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/server/store"
	"github.com/imageupdater/imageupdater/server/store/storetest"
)

func now() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }

func opened(t *testing.T, place string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func in(t *testing.T, db *store.DB, do func(context.Context, *store.Tx) error) {
	t.Helper()
	if err := db.InTx(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

// got is for reads that have to work.
func got[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestInstallationsAndRepositories(t *testing.T) {
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			db, ctx := opened(t, at(t)), t.Context()
			acme := store.Installation{ID: 1, Account: "acme", AccountID: 10, Permissions: map[string]string{"contents": "write"}}
			other := store.Installation{ID: 2, Account: "other", AccountID: 20, Suspended: true}
			in(t, db, func(ctx context.Context, tx *store.Tx) error {
				errs := []error{tx.PutInstallation(ctx, acme), tx.PutInstallation(ctx, other)}
				for id := range int64(5) {
					r := store.Repository{ID: id + 1, InstallationID: 1 + id%2, Owner: "acme", Name: fmt.Sprint("Repo", id+1)}
					errs = append(errs, tx.PutRepository(ctx, r, now().Add(time.Duration(id)*time.Hour)))
				}
				return errors.Join(append(errs, tx.ListedInstallation(ctx, 1, now()))...)
			})
			acme.ListedAt = now()
			read := db.Reading()
			same(t, "installations", got[[]store.Installation](t)(read.Installations(ctx)), []store.Installation{acme, other})
			same(t, "installation", got[store.Installation](t)(read.Installation(ctx, 2)), other)
			third := store.Repository{ID: 3, InstallationID: 1, Owner: "acme", Name: "Repo3", NextAt: now().Add(2 * time.Hour)}
			same(t, "by id", got[store.Repository](t)(read.Repository(ctx, 3)), third)
			same(t, "by name", got[store.Repository](t)(read.RepositoryNamed(ctx, "ACME", "repo3")), third)
			if all := got[[]store.Repository](t)(read.Repositories(ctx, 1, 2)); len(all) != 2 || all[0].ID != 2 || all[1].ID != 3 {
				t.Errorf("a page of repositories: %+v", all)
			}
			// 2 and 4 are of an installation that is suspended.
			same(t, "due", got[[]int64](t)(read.Due(ctx, now().Add(2*time.Hour), 10)), []int64{1, 3})
			same(t, "due, at most one", got[[]int64](t)(read.Due(ctx, now().Add(2*time.Hour), 1)), []int64{1})
			in(t, db, func(ctx context.Context, tx *store.Tx) error {
				renamed := store.Repository{ID: 3, InstallationID: 1, Owner: "acme", Name: "new-name", DefaultBranch: "trunk", Archived: true}
				again := store.Repository{ID: 3, InstallationID: 1, Owner: "acme", Name: "new-name"}
				return errors.Join(tx.PutRepository(ctx, renamed, now()), tx.PutRepository(ctx, again, now()), tx.DoubtRepository(ctx, 5), tx.RemoveRepository(ctx, 1), tx.RemoveInstallation(ctx, 2))
			})
			third.Name, third.DefaultBranch, third.Archived = "new-name", "trunk", true
			same(t, "renamed", got[store.Repository](t)(read.Repository(ctx, 3)), third)
			for _, id := range []int64{1, 2, 4} {
				if _, err := read.Repository(ctx, id); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("repository %d is still there: %v", id, err)
				}
			}
			if _, err := read.Installation(ctx, 2); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the installation is still there: %v", err)
			}
		})
	}
}

func TestLooks(t *testing.T) {
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			db, ctx := opened(t, at(t)), t.Context()
			want := func(forced time.Time) (idle bool) {
				in(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
					idle, err = tx.Want(ctx, 1, forced)
					return err
				})
				return idle
			}
			in(t, db, func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.Want(ctx, 1, now()); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("a look at nothing: %v", err)
				}
				return tx.PutRepository(ctx, store.Repository{ID: 1, InstallationID: 1, Owner: "acme", Name: "shop"}, now())
			})
			if !want(now()) || want(time.Time{}) || want(now().Add(-time.Hour)) {
				t.Error("only the first request finds nothing to do")
			}
			end := func(l store.Looked) (again bool) {
				in(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
					again, err = tx.EndLook(ctx, l)
					return err
				})
				return again
			}
			looked := store.Looked{RepositoryID: 1, Requested: 2, At: now().Add(time.Minute), Next: now().Add(time.Hour), Result: "{}", Watch: []string{"release", "bot/*"}}
			if !end(looked) {
				t.Error("a request since the look began was overlooked")
			}
			looked.Requested, looked.Result, looked.Parked, looked.Watch = 3, "", "it fails", nil
			if end(looked) {
				t.Error("a request is seen that nobody made")
			}
			same(t, "afterwards", got[store.Repository](t)(db.Reading().Repository(ctx, 1)), store.Repository{
				ID: 1, InstallationID: 1, Owner: "acme", Name: "shop", Requested: 3, Done: 3, ForcedAt: now(), Parked: "it fails",
				EndedAt: looked.At, NextAt: looked.Next, Result: "{}", Watch: []string{"release", "bot/*"},
			})
			overtaken := store.Looked{RepositoryID: 1, Requested: 2, At: now(), Next: now(), Result: "old"}
			if end(overtaken) {
				t.Error("a look that another one overtook wants one more")
			}
			if r := got[store.Repository](t)(db.Reading().Repository(ctx, 1)); r.Done != 3 || r.Result != "{}" || !r.NextAt.Equal(looked.Next) {
				t.Errorf("a look that another one overtook is noted: %+v", r)
			}
			for branch, matters := range map[string]bool{"release": true, "release2": false, "bot/x": true, "bot": false, "main": false} {
				if r := got[store.Repository](t)(db.Reading().Repository(ctx, 1)); r.Watches(branch) != matters {
					t.Errorf("branch %s matters: %v", branch, !matters)
				}
			}
			if !want(time.Time{}) {
				t.Error("after all is done there is something to do")
			}
			claim := func(at time.Time) (mine bool) {
				in(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
					mine, err = tx.Claim(ctx, 1, at, at.Add(time.Hour))
					return err
				})
				return mine
			}
			if claim(now()) || !claim(looked.Next) || claim(looked.Next) {
				t.Error("a repository is taken once when it is due")
			}
			if r := got[store.Repository](t)(db.Reading().Repository(ctx, 1)); r.Requested != 4 {
				t.Errorf("claimed though asked for: %+v", r)
			}
		})
	}
}

func TestImages(t *testing.T) {
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			db, ctx := opened(t, at(t)), t.Context()
			web, api := store.Image{Registry: "docker.io", Path: "library/nginx"}, store.Image{Registry: "ghcr.io", Path: "acme/api"}
			use := func(repository int64, images ...store.Image) {
				in(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.UseImages(ctx, repository, images) })
			}
			use(1, web, api, web)
			use(2, api)
			same(t, "who uses api", got[[]int64](t)(db.Reading().UsersOf(ctx, api)), []int64{1, 2})
			use(1, web)
			use(1, web)
			same(t, "who uses api then", got[[]int64](t)(db.Reading().UsersOf(ctx, api)), []int64{2})
			same(t, "who uses web", got[[]int64](t)(db.Reading().UsersOf(ctx, web)), []int64{1})

			in(t, db, func(ctx context.Context, tx *store.Tx) error {
				return errors.Join(tx.MarkStale(ctx, store.Stale{Image: web, At: now()}), tx.MarkStale(ctx, store.Stale{Image: web, At: now().Add(-time.Hour)}),
					tx.MarkStale(ctx, store.Stale{Image: api, At: now().Add(time.Hour)}), tx.ForgetStale(ctx, now().Add(-time.Minute)))
			})
			same(t, "stale", got[[]store.Stale](t)(db.Reading().StaleSince(ctx, now())), []store.Stale{{Image: web, At: now()}, {Image: api, At: now().Add(time.Hour)}})
			same(t, "stale since", len(got[[]store.Stale](t)(db.Reading().StaleSince(ctx, now().Add(time.Second)))), 1)

			seen := func(at time.Time, names ...string) (all map[string]time.Time) {
				in(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
					all, err = tx.FirstSeen(ctx, "ghcr.io/acme/api", names, at)
					return err
				})
				return all
			}
			later := now().Add(time.Hour)
			same(t, "first", seen(now(), "1.0", "1.1"), map[string]time.Time{"1.0": now(), "1.1": now()})
			same(t, "then", seen(later, "1.1", "1.2"), map[string]time.Time{"1.1": now(), "1.2": later})
		})
	}
}

func TestMemory(t *testing.T) {
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			db, ctx := opened(t, at(t)), t.Context()
			read := db.Reading()
			if _, err := read.Fact(ctx, "a"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a fact that is not there: %v", err)
			}
			in(t, db, func(ctx context.Context, tx *store.Tx) error {
				errs := []error{
					tx.Cool(ctx, "installation 1", now().Add(time.Hour)), tx.Cool(ctx, "installation 1", now()),
					tx.PutNote(ctx, "n", "one"), tx.PutNote(ctx, "n", "two"),
					tx.Remember(ctx, 1, "tree", store.Remembered{ETag: `"a"`, Value: []byte("x")}, now()),
					tx.Remember(ctx, 1, "tree", store.Remembered{ETag: `"b"`, Value: []byte{0, 255}}, now()),
				}
				for n := range 10 {
					errs = append(errs, tx.PutFact(ctx, strconv.Itoa(n), make([]byte, 99), now().Add(time.Duration(n)*time.Minute)))
				}
				errs = append(errs, tx.PutFact(ctx, "empty file", nil, now().Add(time.Hour)))
				return errors.Join(append(errs, tx.UseFacts(ctx, []string{"0"}, now().Add(time.Hour)))...)
			})
			same(t, "nothing", len(got[[]byte](t)(read.Fact(ctx, "empty file"))), 0)
			same(t, "cooldown", got[time.Time](t)(read.Cooldown(ctx, "installation 1")), now().Add(time.Hour))
			in(t, db, func(ctx context.Context, tx *store.Tx) error {
				return errors.Join(tx.ForgetCooldowns(ctx, "registry ", now().Add(2*time.Hour)), tx.ForgetCooldowns(ctx, "installation ", now()))
			})
			same(t, "cooldown that lasts", got[time.Time](t)(read.Cooldown(ctx, "installation 1")), now().Add(time.Hour))
			in(t, db, func(ctx context.Context, tx *store.Tx) error {
				return tx.ForgetCooldowns(ctx, "installation ", now().Add(2*time.Hour))
			})
			same(t, "forgotten", got[time.Time](t)(read.Cooldown(ctx, "installation 1")), time.Time{})
			same(t, "no cooldown", got[time.Time](t)(read.Cooldown(ctx, "installation 2")), time.Time{})
			same(t, "note", got[string](t)(read.Note(ctx, "n")), "two")
			same(t, "no note", got[string](t)(read.Note(ctx, "m")), "")
			same(t, "remembered", got[store.Remembered](t)(read.Remembered(ctx, 1, "tree")), store.Remembered{ETag: `"b"`, Value: []byte{0, 255}})
			if _, err := read.Remembered(ctx, 1, "head"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("what nobody answered: %v", err)
			}
			leases(t, db)
			var forgotten int64
			in(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				forgotten, err = tx.ForgetFacts(ctx, 350)
				return err
			})
			same(t, "forgotten", forgotten, int64(7))
			for n := range 10 {
				_, err := read.Fact(ctx, strconv.Itoa(n))
				if kept := n == 0 || n > 7; kept != (err == nil) {
					t.Errorf("fact %d: %v", n, err)
				}
			}
		})
	}
}

func TestDecisions(t *testing.T) {
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			db, ctx := opened(t, at(t)), t.Context()
			in(t, db, func(ctx context.Context, tx *store.Tx) error {
				errs := []error{tx.PutRepository(ctx, store.Repository{ID: 1, Owner: "acme", Name: "renamed"}, now())}
				for n := range 6 {
					// Two of each hour, at the same moment.
					d := store.Decision{At: now().Add(time.Duration(n/2) * time.Hour), RepositoryID: int64(1 + n%2), Kind: []string{"opened", "merged", "closed"}[n%3], What: strconv.Itoa(n)}
					if n > 1 {
						d.Repository = "acme/shop"
					}
					errs = append(errs, tx.Log(ctx, d))
				}
				return errors.Join(errs...)
			})
			read := func(s store.Sought) []store.Decision {
				return got[[]store.Decision](t)(db.Reading().Decisions(ctx, s))
			}
			what := func(s store.Sought) string {
				var all []string
				for _, d := range read(s) {
					all = append(all, d.What)
				}
				return strings.Join(all, " ")
			}
			same(t, "newest first", what(store.Sought{Limit: 10}), "5 4 3 2 1 0")
			same(t, "of one repository", what(store.Sought{RepositoryID: 1, Limit: 10}), "4 2 0")
			same(t, "of one kind", what(store.Sought{Kind: "merged", Limit: 10}), "4 1")
			same(t, "since", what(store.Sought{Since: now().Add(time.Hour), Limit: 10}), "5 4 3 2")
			same(t, "all of it", what(store.Sought{RepositoryID: 2, Kind: "closed", Since: now().Add(time.Hour), Limit: 10}), "5")
			var pages []string
			for s := (store.Sought{Limit: 1}); ; {
				page := read(s)
				if len(page) == 0 {
					break
				}
				pages = append(pages, page[0].What)
				s.BeforeAt, s.BeforeID = page[0].At, page[0].ID
			}
			same(t, "page by page", strings.Join(pages, " "), "5 4 3 2 1 0")
			all := read(store.Sought{Limit: 10})
			same(t, "the names of one that was renamed", all[1].Repository+" "+all[1].Now, "acme/shop acme/renamed")
			same(t, "the names of one that is gone", all[0].Repository+" "+all[0].Now, "acme/shop ")
			same(t, "where nobody wrote it down", all[5].Repository+" "+all[5].Now, "acme/renamed acme/renamed")
			in(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.ForgetDecisions(ctx, now().Add(2*time.Hour)) })
			same(t, "what is kept", what(store.Sought{Limit: 10}), "5 4")
		})
	}
}

func TestDatabase(t *testing.T) {
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			db, ctx := opened(t, at(t)), t.Context()
			if err := db.Ping(ctx); err != nil {
				t.Error(err)
			}
			if size := got[int64](t)(db.Size(ctx)); size < 1000 {
				t.Errorf("the database takes %d bytes", size)
			}
			failure := errors.New("no")
			err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				return errors.Join(tx.PutNote(ctx, "n", "x"), failure)
			})
			if !errors.Is(err, failure) || got[string](t)(db.Reading().Note(ctx, "n")) != "" {
				t.Errorf("what failed was kept: %v", err)
			}
			if err := db.Migrate(ctx); err != nil {
				t.Errorf("migrating what is migrated: %v", err)
			}
		})
	}
}

func TestOneProcessForAFile(t *testing.T) {
	place := storetest.SQLite(t)
	opened(t, place)
	if _, err := store.Open(t.Context(), place); !errors.Is(err, store.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
}

func TestNoPasswordInErrors(t *testing.T) {
	for _, place := range []string{"postgres://u:planted-secret@127.0.0.1:1/x", "postgres://u:planted-secret@:::/x?%zz"} {
		_, err := store.Open(t.Context(), place)
		if err == nil || strings.Contains(err.Error(), "planted-secret") {
			t.Errorf("%s: %v", place, err)
		}
	}
}

// leases tries when something may be taken that one replica shall do.
func leases(t *testing.T, db *store.DB) {
	t.Helper()
	lease := func(replica string, at time.Time) (mine bool) {
		in(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			mine, err = tx.Lease(ctx, "sweep", replica, at, at.Add(time.Hour))
			return err
		})
		return mine
	}
	in(t, db, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.Beat(ctx, "one", now()), tx.Beat(ctx, "two", now()))
	})
	if !lease("one", now()) || lease("two", now().Add(time.Minute)) || !lease("two", now().Add(time.Hour)) {
		t.Error("a lease is one's own until it ends")
	}
	in(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.Leave(ctx, "two") })
	if !lease("one", now().Add(time.Hour)) {
		t.Error("the lease of a replica that is gone is not free")
	}
	in(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.Release(ctx, "sweep", now().Add(2*time.Hour)) })
	if lease("two", now().Add(90*time.Minute)) || !lease("two", now().Add(2*time.Hour)) {
		t.Error("what was given back may be taken from its time on")
	}
}

// TestLookAtARepositoryThatComesBack ends a look that began before its repository
// left and came back: what was asked for since then is still to be done.
func TestLookAtARepositoryThatComesBack(t *testing.T) {
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			db, ctx := opened(t, at(t)), t.Context()
			shop := store.Repository{ID: 1, InstallationID: 1, Owner: "acme", Name: "shop"}
			in(t, db, func(ctx context.Context, tx *store.Tx) error {
				errs := []error{tx.PutRepository(ctx, shop, now())}
				for range 5 {
					_, err := tx.Want(ctx, 1, time.Time{})
					errs = append(errs, err)
				}
				return errors.Join(errs...)
			})
			began := got[store.Repository](t)(db.Reading().Repository(ctx, 1)).Requested
			var idle, again bool
			in(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				err = errors.Join(tx.RemoveRepository(ctx, 1), tx.PutRepository(ctx, shop, now()))
				idle, err = or(err)(tx.Want(ctx, 1, time.Time{}))
				return err
			})
			in(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				again, err = tx.EndLook(ctx, store.Looked{RepositoryID: 1, Requested: began, At: now(), Next: now()})
				return err
			})
			if !idle || !again {
				t.Errorf("idle before it was asked for: %v; another look after the old one: %v", idle, again)
			}
		})
	}
}

// or joins an error to what a call gives.
func or(first error) func(bool, error) (bool, error) {
	return func(got bool, err error) (bool, error) { return got, errors.Join(first, err) }
}

// TestForgetting removes what is of no use any more, and nothing else.
func TestForgetting(t *testing.T) {
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			db, ctx := opened(t, at(t)), t.Context()
			const used, unused = "registry.example/acme/used", "registry.example/acme/unused"
			seen := func(image string, when time.Time) (first time.Time) {
				in(t, db, func(ctx context.Context, tx *store.Tx) error {
					all, err := tx.FirstSeen(ctx, image, []string{"1.0.0"}, when)
					first = all["1.0.0"]
					return err
				})
				return first
			}
			seen(used, now())
			seen(unused, now())
			later := now().Add(time.Hour)
			in(t, db, func(ctx context.Context, tx *store.Tx) error {
				return errors.Join(
					tx.UseImages(ctx, 1, []store.Image{{Registry: "registry.example", Path: "acme/used"}}),
					tx.Remember(ctx, 1, "old", store.Remembered{Value: []byte{}}, now()), tx.Remember(ctx, 1, "new", store.Remembered{Value: []byte{}}, later),
					tx.PutNote(ctx, "none of a", "1"), tx.PutNote(ctx, "none of b", "3"), tx.PutNote(ctx, "other", "1"),
					tx.ForgetFirstSeen(ctx, later), tx.ForgetRemembered(ctx, later), tx.ForgetNotes(ctx, "none of ", "2"),
				)
			})
			same(t, "of an image that is used", seen(used, later), now())
			same(t, "of an image that is not", seen(unused, later), later)
			read := db.Reading()
			if _, err := read.Remembered(ctx, 1, "old"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("an old answer: %v", err)
			}
			got[store.Remembered](t)(read.Remembered(ctx, 1, "new"))
			for note, want := range map[string]string{"none of a": "", "none of b": "3", "other": "1"} {
				same(t, note, got[string](t)(read.Note(ctx, note)), want)
			}
		})
	}
}
