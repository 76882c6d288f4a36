package scanner

import (
	"context"
	"fmt"
	"slices"

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
			choice.Targets = append([]version.Target{content}, choice.Targets...)
			updates = append(updates, *update)
		}
	}
	for _, target := range targets {
		update := Update{Kind: target.Kind, Tag: target.Tag, Group: w.group(target.Kind)}
		if w.wantsDigest() {
			digest, err := l.digest(ctx, target.Tag)
			if err != nil {
				return nil, err
			}
			update.Digest = digest
		}
		updates = append(updates, update)
	}
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
	digest, err := l.digest(ctx, target.Tag)
	if err != nil {
		return nil, nil, err
	}
	if digest == ref.Digest && target.Kind == version.Digest {
		return nil, nil, nil
	}
	if target.Kind == version.Digest {
		same, err := l.sameImages(ctx, ref.Digest, digest)
		if err != nil || same {
			return nil, sameImagesRejection(target.Tag, digest, same), err
		}
	}
	rejection, err := l.refuse(ctx, w, target, digest)
	if err != nil || rejection != nil {
		return nil, rejection, err
	}
	update := &Update{Kind: target.Kind, Tag: target.Tag, Digest: digest, Group: w.group(target.Kind)}
	if w.result.Field.Tag == nil {
		update.Tag = ref.Tag
	}
	return update, nil, nil
}

func sameImagesRejection(tag, digest string, same bool) *version.Rejection {
	if !same {
		return nil
	}
	return &version.Rejection{Tag: tag + "@" + digest, Reason: version.SameImages}
}

// refuse is what the policy has against new content of a tag.
func (l *lookup) refuse(ctx context.Context, w *wish, target version.Target, digest string) (*version.Rejection, error) {
	facts := l.facts[target.Tag]
	seen, err := l.firstSeenAs(ctx, w.policy, target.Tag, digest)
	if err != nil {
		return nil, err
	}
	facts.FirstSeen = seen
	q := l.question(w)
	if target.Kind != version.Pin {
		if err := l.checkContent(ctx, w, &q, target, &facts); err != nil {
			return nil, err
		}
	}
	q.Facts = map[string]version.Facts{target.Tag: facts}
	rejection := version.NewCandidates(nil).Refuse(q, target)
	if rejection != nil {
		rejection.Tag += "@" + digest
	}
	return rejection, nil
}

// checkContent learns whether new content of a tag has the platforms that the
// old has.
func (l *lookup) checkContent(ctx context.Context, w *wish, q *version.Question, target version.Target, facts *version.Facts) error {
	platforms, err := l.platforms(ctx, w)
	if err != nil {
		return err
	}
	q.Platforms = platforms
	if len(platforms)+len(w.policy.Platforms) == 0 {
		return nil
	}
	if err := l.checkAll(ctx, []string{target.Tag}); err != nil {
		return err
	}
	known := l.facts[target.Tag]
	facts.Checked, facts.Platforms, facts.Unpullable = known.Checked, known.Platforms, known.Unpullable
	return nil
}

// checkAll is check, and for what is no index single.
func (l *lookup) checkAll(ctx context.Context, tags []string) error {
	if err := l.check(ctx, tags); err != nil {
		return err
	}
	for _, tag := range tags {
		facts := l.facts[tag]
		if facts.Platforms == nil && facts.Unpullable == "" && !l.manifests[tag].manifest.Index {
			if err := l.single(ctx, tag); err != nil {
				return err
			}
		}
	}
	return nil
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
		return known, nil
	}
	choice, err := l.settle(ctx, w, q)
	if err == nil && q.Withheld == nil {
		l.choices[key] = choice
	}
	return choice, err
}

// settle chooses again and again until all facts are there that the choice
// rests on.
func (l *lookup) settle(ctx context.Context, w *wish, q version.Question) (version.Choice, error) {
	choice := l.tags.Choose(q)
	if len(choice.Needs) > 0 {
		if err := l.timing(ctx, choice.Needs); err != nil {
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
		choice = l.tags.Choose(q)
	}
	ask := l.check
	if len(q.Platforms)+len(w.policy.Platforms) > 0 {
		ask = l.checkAll
	}
	for checked := 0; len(choice.Needs) > 0; choice = l.tags.Choose(q) {
		if checked += len(choice.Needs); checked > mostChecked {
			return choice, fmt.Errorf("the newest %d tags of %s that fit cannot be pulled or lack a platform, and no more are asked", mostChecked, l.repository)
		}
		if err := ask(ctx, choice.Needs); err != nil {
			return choice, err
		}
	}
	if l.Explain {
		q.Explain = true
		choice = l.tags.Choose(q)
	}
	return choice, nil
}

// warn keeps what the tags show about the settings.
func (l *lookup) warn(w *wish) {
	if l.warned[w.key] || len(l.names) == 0 {
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
