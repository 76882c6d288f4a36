package policy

import (
	"cmp"
	"slices"
)

// The App's own checks, which are never waited for.
const (
	OwnCheck       = "imageupdater/merge-policy"
	OwnConfigCheck = "imageupdater/config"
)

// result is a check run or a status of the head, the newest of its kind.
type result struct {
	name  string
	app   int64
	isRun bool
	own   bool
	state State // Met, Waiting or Failed
	word  string
}

// results are those that count of the head, in the order of their names.
func (f *Facts) results(head string) []result {
	runs, _ := f.Runs.Get()
	statuses, _ := f.Statuses.Get()
	var all []result
	for _, r := range newestRuns(runs, head) {
		state, word := ofRun(r)
		all = append(all, result{name: r.Name, app: r.App, isRun: true, own: f.own(r.Name, r.App), state: state, word: word})
	}
	for _, s := range newestStatuses(statuses, head) {
		all = append(all, result{name: s.Context, app: s.App, own: f.own(s.Context, s.App), state: ofStatus(s.State), word: s.State})
	}
	slices.SortFunc(all, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.app, b.app), cmp.Compare(a.word, b.word))
	})
	return all
}

// own says whether a check is one of the App's own.
func (f *Facts) own(name string, app int64) bool {
	return (name == OwnCheck || name == OwnConfigCheck) && (f.App == 0 || app == 0 || app == f.App)
}

// newestRuns leaves out what was superseded: of one suite all but the newest run of a
// name, and of one app runs that were cancelled or went stale where it has a newer one
// of that name that did something. Two workflows of one name are in two suites, and both count. Where
// nobody says which run is newer, all count.
func newestRuns(runs []Run, head string) []*Run {
	type place struct {
		name       string
		app, suite int64
	}
	newest, last := map[place]*Run{}, map[place]*Run{}
	for i := range runs {
		r := &runs[i]
		if r.Head != head || head == "" {
			continue
		}
		suite := r.Suite
		if suite == 0 || r.ID == 0 {
			suite = -int64(i) - 1 // of its own
		}
		keepNewer(newest, place{r.Name, r.App, suite}, r)
		if r.Conclusion != "skipped" && r.Conclusion != "neutral" {
			keepNewer(last, place{r.Name, r.App, 0}, r)
		}
	}
	var all []*Run
	for at, r := range newest {
		gone := r.Conclusion == "cancelled" || r.Conclusion == "stale"
		if gone && last[place{at.name, at.app, 0}].ID > r.ID {
			continue
		}
		all = append(all, r)
	}
	return all
}

// keepNewer keeps the newer of two runs, and of two readings of one run the worse.
func keepNewer[K comparable](newest map[K]*Run, key K, r *Run) {
	there := newest[key]
	if there == nil || there.ID < r.ID {
		newest[key] = r
		return
	}
	if state, _ := ofRun(r); there.ID == r.ID && state != Met {
		newest[key] = r
	}
}

// newestStatuses leaves out all but the newest of a context. Where nobody says which is
// newer, all count.
func newestStatuses(statuses []Status, head string) []*Status {
	type place struct {
		context string
		index   int
	}
	newest := map[place]*Status{}
	for i := range statuses {
		s := &statuses[i]
		if s.Head != head || head == "" {
			continue
		}
		at := place{s.Context, -1}
		if s.ID == 0 {
			at.index = i
		}
		if there := newest[at]; there == nil || there.ID < s.ID || there.ID == s.ID && ofStatus(s.State) != Met {
			newest[at] = s
		}
	}
	all := make([]*Status, 0, len(newest))
	for _, s := range newest {
		all = append(all, s)
	}
	return all
}

// ofRun says how a check run counts. Success, neutral and skipped are success, as they
// are for GitHub; whatever is not known here is none.
func ofRun(r *Run) (State, string) {
	if r.Status != "completed" {
		return Waiting, r.Status
	}
	switch r.Conclusion {
	case "success", "neutral", "skipped":
		return Met, r.Conclusion
	}
	return Failed, r.Conclusion
}

func ofStatus(state string) State {
	switch state {
	case "success":
		return Met
	case "pending", "expected":
		return Waiting
	}
	return Failed
}

// fits says whether a name is meant by a pattern, in which a star stands for any
// characters, none and slashes too.
func fits(pattern, name string) bool {
	p, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark, p = p, n, p+1
		case p < len(pattern) && pattern[p] == name[n]:
			p, n = p+1, n+1
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
