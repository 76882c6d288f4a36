package proposal_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// facts is a memory that replicas share.
type facts map[string][]byte

func (f facts) Fact(_ context.Context, name string) ([]byte, bool) {
	value, is := f[name]
	return value, is
}

func (f facts) KeepFact(_ context.Context, name string, value []byte) { f[name] = value }

// noArchive has to be told all anew.
type noArchive struct{}

func (noArchive) Past(context.Context, int64) ([]byte, bool) { return nil, false }
func (noArchive) KeepPast(context.Context, int64, []byte)    {}

// written are the pull requests of accounts, a number and a login each. All have
// the same commit, which is of account 9.
type written []forge.Account

func (w written) Pulls(context.Context) (forge.Pulls, error) {
	var found forge.Pulls
	for n, account := range w {
		found.All = append(found.All, forge.Pull{
			Number: n + 1, Open: true, Author: account, Head: forge.Branch{Name: fmt.Sprintf("imageupdater/%d", n), SHA: strings.Repeat("c", 40), Repository: 7},
		})
	}
	return found, nil
}

func (w written) PullsOf(context.Context, int) (forge.Pulls, error) { return forge.Pulls{}, nil }

func (w written) Commit(_ context.Context, sha string) (forge.Commit, error) {
	record := proposal.Record{Schema: 1, RepositoryID: 7, Group: "web"}
	message, err := record.Sealed("Update web\n")
	by := forge.Signature{Email: "9+before[bot]@users.noreply.github.com", Account: forge.Account{ID: 9}}
	return forge.Commit{SHA: sha, Parents: []string{strings.Repeat("b", 40)}, Message: message, Author: by, Committer: by}, err
}

func (w written) PullsBy(context.Context, string) ([]int, error) { return nil, nil }
func (w written) Pull(_ context.Context, n int) (forge.Pull, error) {
	return forge.Pull{Number: n}, nil
}
func (w written) Blob(context.Context, string, int64) ([]byte, error)    { return nil, nil }
func (w written) Contains(context.Context, string, string) (bool, error) { return false, nil }
func (w written) Tree(context.Context, string) ([]forge.Entry, error)    { return nil, nil }
func (w written) ClosedBy(context.Context, int) (forge.Account, error)   { return forge.Account{}, nil }

// TestRenamedApp shows that the App is known by its number, also to a replica that
// only knows the name of before and has seen nothing of it itself.
func TestRenamedApp(t *testing.T) {
	shared := facts{}
	before, after := forge.Account{ID: 9, Login: "before[bot]"}, forge.Account{ID: 9, Login: "after[bot]"}
	stranger := forge.Account{ID: 10, Login: "before[bot]"} // who took the name that was free
	for _, step := range []struct {
		name string
		by   *proposal.Historian
		all  written
		want int
	}{
		{"nobody knows it", &proposal.Historian{Bot: "before[bot]", Memory: shared, Archive: noArchive{}}, written{after}, 0},
		{"one that sees both names", &proposal.Historian{Bot: "before[bot]", Memory: shared, Archive: noArchive{}}, written{before, after, stranger}, 2},
		{"another one that sees the new name alone", &proposal.Historian{Bot: "before[bot]", Memory: shared, Archive: noArchive{}}, written{after}, 1},
		{"one that started later", &proposal.Historian{Bot: "after[bot]", Memory: facts{}, Archive: noArchive{}}, written{after, stranger}, 1},
	} {
		past, err := step.by.Read(t.Context(), 7, step.all)
		if err != nil || len(past.All) != step.want {
			t.Errorf("%s: %d are the App's, want %d: %v", step.name, len(past.All), step.want, err)
		}
	}
}
