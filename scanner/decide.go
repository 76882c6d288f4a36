package scanner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// decide ends one field.
func (l *lookup) decide(ctx context.Context, w *wish) {
	choice, err := l.choose(ctx, w)
	if err != nil {
		w.result.fail(err)
		return
	}
	if l.Explain {
		w.result.Choice = &choice
	}
	if !choice.Comparable && !w.wantsDigest() {
		w.result.skip(format.Reason{Code: Incomparable, Detail: incomparable(w, choice.Reason)})
		return
	}
	updates, err := l.updates(ctx, w, &choice)
	if err != nil {
		w.result.fail(err)
		return
	}
	w.result.Updates, w.result.Status = updates, StatusCurrent
	if young := choice.Waiting; young != nil {
		w.result.Waiting = &Waiting{Tag: young.Tag, Kind: young.Kind, Until: young.Ripe}
	}
	w.result.Young, w.result.Passed = choice.Young, choice.Passed
	switch field := &w.result.Field; {
	case len(updates) > 0:
		w.result.Status = StatusUpdate
	case w.policy.Pin == version.PinDigest && !takesDigest(field):
		w.result.skip(*noPlace(field, "pin: digest wants a digest"))
	}
}

// incomparable says what to do about a tag that has no place in the order.
func incomparable(w *wish, reason version.Reason) string {
	return fmt.Sprintf("under strategy: %s nothing is newer than the tag %s: %s; set it by hand to one that can be compared, or change strategy or tags.allow",
		w.policy.Strategy, w.result.Field.Ref.Tag, reason)
}

// updates are what the field can move to: the targets, and new content of the
// tag that is there.
func (l *lookup) updates(ctx context.Context, w *wish, choice *version.Choice) ([]Update, error) {
	var updates []Update
	var taken []version.Target
	targets := choice.Targets
	if content, wanted := w.content(targets); wanted {
		update, rejection, err := l.refresh(ctx, w, content)
		switch {
		case err != nil:
			return nil, err
		case rejection != nil:
			choice.Rejected = append(slices.Clip(choice.Rejected), *rejection)
			if choice.Waiting == nil && rejection.Reason == version.TooYoung && rejection.Alone {
				choice.Waiting = rejection
			}
		case update != nil:
			taken = append(taken, content)
			updates = append(updates, *update)
		}
	}
	for _, target := range targets {
		update := l.update(w, target)
		if w.wantsDigest() {
			digest, rejection, err := l.digestFor(ctx, w, target)
			if err != nil {
				return nil, err
			}
			if rejection != nil {
				choice.Rejected = append(slices.Clip(choice.Rejected), *rejection)
				continue
			}
			update.Digest = digest
		}
		taken = append(taken, target)
		updates = append(updates, update)
	}
	if len(updates) == 2 && updates[0].Group == updates[1].Group {
		// One pull request cannot hold both.
		passed := version.Rejection{Tag: taken[0].Tag, Reason: version.OlderThanTarget, Kind: taken[0].Kind}
		choice.Rejected = append(slices.Clip(choice.Rejected), passed)
		taken, updates = taken[1:], updates[1:]
	}
	choice.Targets = taken
	return updates, nil
}

func (w *wish) group(kind version.Kind) string { return w.result.Settings.For(kind).Group }

// content is the step to new content of a tag, if that is wanted beside the
// targets: nothing else moves, or only a major step does.
func (w *wish) content(targets []version.Target) (version.Target, bool) {
	field := &w.result.Field
	if w.policy.Strategy == version.StrategyDigest {
		return w.followed(), true
	}
	alone := len(targets) == 0 || targets[0].Kind == version.Major && w.policy.SeparateMajor
	kind := version.Digest
	if field.Ref.Digest == "" {
		kind = version.Pin
	}
	return version.Target{Tag: field.Ref.Tag, Kind: kind}, alone && w.wantsDigest()
}

// followed is the step under StrategyDigest.
func (w *wish) followed() version.Target {
	field := &w.result.Field
	target := version.Target{Tag: w.policy.Track, Kind: version.Digest}
	if target.Tag == "" {
		target.Tag = field.Ref.Tag
	}
	switch {
	case field.Ref.Digest == "" && target.Tag == field.Ref.Tag:
		target.Kind = version.Pin
	case field.Ref.Tag != "" && target.Tag != field.Ref.Tag:
		target.Kind = version.Tag
	}
	return target
}

// refresh takes the step to what a tag stands for now, unless nothing changed
// or the policy has something against it.
func (l *lookup) refresh(ctx context.Context, w *wish, target version.Target) (*Update, *version.Rejection, error) {
	ref := w.result.Field.Ref
	if rejection := version.NewCandidates(nil).RefuseEarly(l.question(w), target); rejection != nil {
		return nil, rejection, nil
	}
	digest, err := l.digest(ctx, target.Tag)
	if err != nil {
		return nil, gone(target, err), ifFinal(err)
	}
	if digest != ref.Digest && ref.Digest != "" {
		var rejection *version.Rejection
		if digest, rejection, err = l.ofOneImage(ctx, ref.Digest, digest, target); rejection != nil {
			return nil, rejection, nil
		}
		if err != nil {
			return nil, gone(target, err), ifFinal(err)
		}
	}
	if digest == ref.Digest && target.Kind == version.Digest {
		return nil, nil, nil
	}
	rejection, err := l.refuse(ctx, w, target, digest)
	switch {
	case err != nil:
		return nil, gone(target, err), ifFinal(err)
	case rejection != nil:
		return nil, rejection, nil
	}
	update := l.update(w, target)
	update.Digest = digest
	if w.result.Field.Tag == nil {
		update.Tag = ref.Tag
	}
	return &update, nil, nil
}

// update is a step to a target, with the times that the registry told. What a tag
// held before it was given something else nobody tells.
func (l *lookup) update(w *wish, target version.Target) Update {
	update := Update{
		Kind: target.Kind, Tag: target.Tag, Group: w.group(target.Kind), Since: l.since(target.Tag), Pushed: l.facts[target.Tag].Pushed,
	}
	if now := w.result.Field.Ref.Tag; now != target.Tag {
		update.Was = l.facts[now].Pushed
	}
	return update
}

// gone is what is said of a tag that cannot be pulled any more: an answer, and
// none that takes anything else away.
func gone(target version.Target, err error) *version.Rejection {
	if !absent(err) {
		return nil
	}
	return &version.Rejection{Tag: target.Tag, Reason: version.NotPullable, Detail: unpullable(err), Kind: target.Kind}
}

// ifFinal is an error that is no answer.
func ifFinal(err error) error {
	if absent(err) {
		return nil
	}
	return err
}

// refuse is what stands against new content of a tag: the policy, by what costs
// nothing first, or that it is no new content.
func (l *lookup) refuse(ctx context.Context, w *wish, target version.Target, digest string) (*version.Rejection, error) {
	facts := l.facts[target.Tag]
	facts.Checked, facts.Platforms = false, nil
	var err error
	if facts.FirstSeen, err = l.firstSeenAs(ctx, w.policy, target.Tag, digest); err != nil {
		return nil, err
	}
	q := l.question(w)
	refused := func() *version.Rejection {
		q.Facts = map[string]version.Facts{target.Tag: facts}
		rejection := version.NewCandidates(nil).Refuse(q, target)
		if rejection != nil {
			rejection.Tag += "@" + digest
		}
		return rejection
	}
	if rejection := refused(); rejection != nil || target.Kind == version.Pin {
		return rejection, nil
	}
	if target.Kind == version.Digest {
		same, had, err := l.sameImages(ctx, w.result.Field.Ref.Digest, digest)
		if err != nil || same {
			return sameImages(target, digest, same), err
		}
		q.Platforms = had
	} else if q.Platforms, err = l.platforms(ctx, w); err != nil {
		return nil, err
	}
	if len(q.Platforms)+len(w.policy.Platforms) == 0 {
		return nil, nil
	}
	if facts.Platforms, err = l.contentPlatforms(ctx, digest); err != nil {
		return nil, err
	}
	facts.Checked, facts.Unpullable = true, l.facts[digest].Unpullable
	return refused(), nil
}

func sameImages(target version.Target, digest string, same bool) *version.Rejection {
	if !same {
		return nil
	}
	return &version.Rejection{Tag: target.Tag + "@" + digest, Reason: version.SameImages, Kind: target.Kind}
}

// contentPlatforms are those of what a digest stands for; nil where nobody tells.
func (l *lookup) contentPlatforms(ctx context.Context, digest string) ([]version.Platform, error) {
	manifest, err := l.manifest(ctx, digest)
	if err != nil || manifest.Index {
		return platformsOf(manifest), err
	}
	if err := l.single(ctx, digest); err != nil {
		return nil, err
	}
	return l.facts[digest].Platforms, nil
}

// checkAll is check, and for what is no index single.
func (l *lookup) checkAll(ctx context.Context, tags []string) error {
	if err := l.check(ctx, tags); err != nil {
		return err
	}
	for _, tag := range tags {
		if l.untold(tag) {
			if err := l.single(ctx, tag); err != nil {
				return err
			}
		}
	}
	return nil
}

// untold tells whether the platform of a tag that can be pulled is known to its
// config alone, which was not asked.
func (l *lookup) untold(tag string) bool {
	facts := l.facts[tag]
	return facts.Checked && facts.Unpullable == "" && facts.Platforms == nil && !l.singles[tag] && !l.manifests[tag].manifest.Index
}

func (l *lookup) question(w *wish) version.Question {
	q := version.Question{Current: w.result.Field.Ref.Tag, Policy: w.policy, Facts: l.facts, Now: l.now}
	if l.Withheld != nil {
		q.Withheld = l.Withheld(w.result.Field)
	}
	return q
}

// choose asks for the tags to move to, and for the facts that it takes.
func (l *lookup) choose(ctx context.Context, w *wish) (version.Choice, error) {
	q := l.question(w)
	if w.policy.Strategy == version.StrategyDigest {
		return version.Choice{Comparable: true}, nil
	}
	if _, isVersion := version.Parse(q.Current); !isVersion && w.policy.Strategy == version.StrategySemver && len(w.policy.Allow) == 0 {
		return version.Choice{Reason: version.NotAVersion}, nil
	}
	if err := l.list(ctx); err != nil {
		return version.Choice{}, err
	}
	if err := l.firstSeen(ctx, w.policy); err != nil {
		return version.Choice{}, err
	}
	l.warn(w)
	key := q.Current + "\x00" + w.key
	if known, found := l.choices[key]; found && q.Withheld == nil {
		return known.choice, known.err
	}
	choice, err := l.settle(ctx, w, q)
	if q.Withheld == nil {
		l.choices[key] = decision{choice, err}
	}
	return choice, err
}

// settle chooses again and again until all facts are there that the choice
// rests on.
func (l *lookup) settle(ctx context.Context, w *wish, q version.Question) (version.Choice, error) {
	choice := l.tags.Choose(q)
	if choice.Timed > mostTimed {
		return choice, fmt.Errorf("%s has %d tags to tell the newest from, and no more than %d are asked: narrow them with tags.allow", l.repository, choice.Timed, mostTimed)
	}
	if len(choice.Needs) > 0 {
		if err := l.timing(ctx, w, choice); err != nil {
			return choice, err
		}
		choice = l.tags.Choose(q)
	}
	if len(choice.Targets) > 0 {
		platforms, err := l.platforms(ctx, w)
		if err != nil {
			return choice, err
		}
		q.Platforms, q.Checked = platforms, true
		if choice, err = l.checked(ctx, w, q); err != nil {
			return choice, err
		}
	}
	if l.Explain {
		q.Explain = true
		choice = l.tags.Choose(q)
	}
	return choice, nil
}

// checked chooses among tags that can be pulled and have all platforms.
func (l *lookup) checked(ctx context.Context, w *wish, q version.Question) (version.Choice, error) {
	ask, all := l.check, len(q.Platforms)+len(w.policy.Platforms) > 0
	if all {
		ask = l.checkAll
	}
	for asked := 0; ; {
		choice := l.tags.Choose(q)
		needs := choice.Needs
		for _, target := range choice.Targets {
			if all && l.untold(target.Tag) {
				needs = append(needs, target.Tag)
			}
		}
		if len(needs) == 0 {
			return choice, nil
		}
		if asked += len(needs); asked > mostChecked {
			return choice, l.exhausted(w, q)
		}
		if err := ask(ctx, needs); err != nil {
			return choice, err
		}
	}
}

// exhausted says what so many of the newest tags lack.
func (l *lookup) exhausted(w *wish, q version.Question) error {
	wanted, why := q.Platforms, "which the image has now; name the platforms that are needed under platforms"
	if len(w.policy.Platforms) > 0 {
		wanted, why = w.policy.Platforms, "which platforms names: leave out what is not needed"
	}
	gone, lacking := 0, map[version.Platform]bool{}
	for _, facts := range l.facts {
		if facts.Unpullable != "" {
			gone++
		}
		if facts.Checked && facts.Platforms != nil {
			for _, platform := range version.Lacking(facts.Platforms, wanted) {
				lacking[platform] = true
			}
		}
	}
	what := fmt.Sprintf("the newest tags of %s that fit", l.repository)
	if len(lacking) == 0 {
		return fmt.Errorf("%s cannot be pulled: %d were asked, and no more are", what, gone)
	}
	var names []string
	for platform := range lacking {
		names = append(names, platform.String())
	}
	slices.Sort(names)
	return fmt.Errorf("%s, %d of them, lack %s, %s", what, mostChecked, strings.Join(names, ", "), why)
}

// warn keeps what the tags show about the settings.
func (l *lookup) warn(w *wish) {
	if l.warned[w.key] || len(l.names) == 0 || l.tags.TooMuchFor(w.policy) {
		return
	}
	l.warned[w.key] = true
	settings := w.result.Settings
	l.warnings = append(l.warnings, settings.TagWarnings(l.names)...)
	if len(w.policy.Allow) > 0 || w.policy.Constraint != nil {
		allowed, inRange := l.tags.Fitting(w.policy)
		l.warnings = append(l.warnings, settings.FitWarnings(len(l.names), allowed, inRange)...)
	}
}
