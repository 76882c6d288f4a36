package merging

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// branch is what a base, and its repository, want of all pull requests.
type branch struct {
	rules, classic policy.Known[policy.Protection]
	settings       policy.Known[policy.Repository]
	// bodies are the methods whose commits get the whole text of the pull request.
	bodies []string
	// told are the checks that are known to be required, whatever else of rulesets and
	// classic protection is not understood, or may not be read; heard is how many of the
	// two were read.
	told  []forge.RequiredCheck
	heard int
	// native says that there may be a merge queue, that GitHub may be told to merge by
	// itself, or that its own sum of the reviews matters.
	native bool
	again  bool
}

// reviewed says whether the base may want reviews, whose sum is told along with what GitHub
// is about to do.
func (b *branch) reviewed() bool {
	for _, known := range []policy.Known[policy.Protection]{b.rules, b.classic} {
		p, is := known.Get()
		if !is || p.Approvals > 0 || p.CodeOwners || p.LastPush {
			return true
		}
	}
	return false
}

// wanted reads what the base wants.
func (m *Merger) wanted(ctx context.Context) (*branch, error) {
	b := &branch{}
	var err error
	if b.rules, err = fact(&b.again, func() (policy.Protection, error) {
		rules, err := m.rules(ctx, b, m.Base)
		if err != nil {
			return policy.Protection{}, err
		}
		return protectionOf(&rules)
	}); err != nil {
		return nil, err
	}
	if b.classic, err = fact(&b.again, func() (policy.Protection, error) { return m.classic(ctx, b) }); err != nil {
		return nil, err
	}
	rules, known := b.rules.Get()
	b.native = b.native || !known || rules.Queue || len(rules.Checks) > 0 || rules.Approvals > 0 || rules.CodeOwners
	return b, nil
}

// rules reads what rulesets want of a base.
func (m *Merger) rules(ctx context.Context, b *branch, base string) (forge.Protection, error) {
	rules, _, err := m.GitHub.Rules(ctx, base)
	if err == nil {
		b.told, b.heard = append(b.told, rules.Checks...), b.heard+1
	}
	return rules, err //nolint:wrapcheck // it says what was read
}

// shown reads what everybody is told of a base's classic protection.
func (m *Merger) shown(ctx context.Context, b *branch, base string) (forge.Classic, error) {
	classic, _, err := m.GitHub.Classic(ctx, base)
	if err == nil {
		b.told, b.heard = append(b.told, classic.Checks...), b.heard+1
	}
	return classic, err //nolint:wrapcheck // it says what was read
}

// classic reads the base's classic protection, where there is one.
func (m *Merger) classic(ctx context.Context, b *branch) (policy.Protection, error) {
	b.native = true
	shown, err := m.shown(ctx, b, m.Base)
	if err != nil {
		return policy.Protection{}, err
	}
	if b.native = shown.On; !shown.On {
		return policy.Protection{}, nil
	}
	all, told, err := m.GitHub.ClassicProtection(ctx, m.Base)
	switch {
	case err != nil:
		return policy.Protection{}, err
	case !told:
		return policy.Protection{}, errNoAdministration
	}
	all.Checks = append(all.Checks, shown.Checks...)
	return protectionOf(&all)
}

// unread is an error that is told as the reason why a fact is not known.
type unread string

func (u unread) Error() string { return string(u) }

const errNoAdministration = unread("the App may not read the branch's protection: grant it Administration: read")

// protectionOf is a branch's protection as policies see it.
func protectionOf(p *forge.Protection) (policy.Protection, error) {
	if foreign := slices.DeleteFunc(slices.Clone(p.Others), onPushes); len(foreign) > 0 {
		return policy.Protection{}, unread("it has rules that are not understood: " + strings.Join(foreign, ", "))
	}
	out := policy.Protection{
		UpToDate: p.UpToDate, Approvals: p.Approvals, CodeOwners: p.CodeOwners, LastPush: p.LastPush, DismissStale: p.DismissStale,
		Conversations: p.Conversations, Signatures: p.Signatures, Linear: p.Linear, Deployments: p.Deployments, Queue: p.Queue,
		Methods: methodsOf(p.Methods),
	}
	for _, c := range p.Checks {
		out.Checks = append(out.Checks, policy.Required{Name: c.Name, App: c.App})
	}
	return out, nil
}

// onPushes says whether a kind of rule is about what commits are like, which GitHub
// sees to when they are pushed, or asks for a machine's opinion alone.
func onPushes(kind string) bool {
	return strings.HasSuffix(kind, "_pattern") || slices.Contains([]string{
		"file_path_restriction", "max_file_path_length", "file_extension_restriction", "max_file_size", "copilot_code_review",
	}, kind)
}

func methodsOf(names []string) []config.Method {
	var all []config.Method
	for _, n := range names {
		all = append(all, config.Method(n))
	}
	return all
}

// Required is whether a base requires the App's verdict of whatever is merged. It is not
// Known where GitHub did not tell of all that may; Again says that it may soon.
type Required struct{ Is, Known, Again bool }

// Required asks whether a base does.
func (m *Merger) Required(ctx context.Context, base string) (Required, error) {
	b, err := m.asked(ctx, base)
	if err != nil {
		return Required{}, fmt.Errorf("reading what %s requires of pull requests: %w", base, err)
	}
	is := slices.ContainsFunc(b.told, func(r forge.RequiredCheck) bool {
		return r.Name == policy.OwnCheck && (r.App == 0 || r.App == m.App)
	})
	return Required{Is: is, Known: is || b.heard == 2, Again: b.again}, nil
}

// asked reads which checks a base requires, which costs nothing where that is as it was.
func (m *Merger) asked(ctx context.Context, base string) (*branch, error) {
	if base == m.Base {
		err := m.prepare(ctx)
		return m.branch, err
	}
	b := &branch{}
	if _, err := fact(&b.again, func() (forge.Protection, error) { return m.rules(ctx, b, base) }); err != nil {
		return nil, err
	}
	_, err := fact(&b.again, func() (forge.Classic, error) { return m.shown(ctx, b, base) })
	return b, err
}

// permitted reads what the repository lets be done with pull requests, once a look.
func (m *Merger) permitted(ctx context.Context) (policy.Known[policy.Repository], error) {
	b := m.branch
	if _, known := b.settings.Get(); known {
		return b.settings, nil
	}
	var err error
	b.settings, err = fact(&b.again, func() (policy.Repository, error) {
		s, _, err := m.GitHub.Settings(ctx)
		b.bodies = s.Bodies
		return policy.Repository{Methods: methodsOf(s.Methods), AutoMerge: s.AutoMerge}, err
	})
	return b.settings, err
}

// message is what the commit of a merge says below its title: what the App's own commit
// says, where GitHub would take the whole text of the pull request; "" leaves it to GitHub.
func (m *Merger) message(ctx context.Context, v *policy.Verdict) (string, error) {
	if v.Action != policy.Merge && v.Action != policy.Arm || !slices.Contains(m.branch.bodies, string(v.Method)) {
		return "", nil
	}
	c, err := m.GitHub.Commit(ctx, v.Head)
	if err != nil {
		return "", fmt.Errorf("reading what the commit says: %w", err)
	}
	_, text, _ := strings.Cut(c.Message, "\n")
	return strings.TrimSpace(text), nil
}

// prepare reads what is the same for all pull requests of a look, once.
func (m *Merger) prepare(ctx context.Context) error {
	if m.branch != nil {
		return nil
	}
	b, err := m.wanted(ctx)
	if err != nil {
		return fmt.Errorf("reading what %s wants of pull requests: %w", m.Base, err)
	}
	m.branch = b
	return nil
}
