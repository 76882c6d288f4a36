package scanner

import (
	"context"
	"slices"

	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// digestFor is the digest that a field gets with a target. One that is pinned to
// the image for one platform stays with that platform.
func (l *lookup) digestFor(ctx context.Context, w *wish, target version.Target) (string, *version.Rejection, error) {
	digest, err := l.digest(ctx, target.Tag)
	old := w.result.Field.Ref.Digest
	if err != nil || old == "" || !l.manifests[target.Tag].manifest.Index {
		return digest, nil, err
	}
	one, err := l.pinsOneImage(ctx, w)
	if err != nil || !one {
		return digest, nil, err
	}
	return l.ofOneImage(ctx, old, digest, target)
}

// pinsOneImage tells whether a field is pinned to the image for one platform. The
// newest that is pinned speaks for the others if it is an index: to ask for all
// would cost a request for each.
func (l *lookup) pinsOneImage(ctx context.Context, w *wish) (bool, error) {
	family := familyOf(w.result.Field.Ref.Tag)
	for _, reference := range []string{l.newestPinned(family), w.result.Field.Ref.Digest} {
		switch manifest, err := l.manifest(ctx, reference); {
		case absent(err):
			return false, nil
		case err != nil || manifest.Index:
			return false, err
		}
	}
	return true, nil
}

func (l *lookup) newestPinned(family string) string {
	tag, digest := "", ""
	for _, w := range l.wishes {
		ref := w.result.Field.Ref
		if ref.Digest != "" && familyOf(ref.Tag) == family && (digest == "" || newer(ref.Tag, tag)) {
			tag, digest = ref.Tag, ref.Digest
		}
	}
	return digest
}

// ofOneImage is what to pin in the place of an old digest. If that is of one image
// and the new one of an index it is the image for the same platform.
func (l *lookup) ofOneImage(ctx context.Context, old, now string, target version.Target) (string, *version.Rejection, error) {
	before, err := l.manifest(ctx, old)
	if absent(err) {
		return now, nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	if before.Index {
		return now, nil, nil
	}
	after, err := l.manifest(ctx, now)
	if err != nil || !after.Index {
		return now, nil, err
	}
	// What nobody can tell of the old image cannot be asked of the new one.
	details, err := l.Registry.Details(ctx, l.repository, old, &registry.Platform{})
	switch {
	case absent(err):
		return now, nil, nil
	case err != nil || details.Platform.OS == "":
		return now, nil, err
	}
	wanted := platform(details.Platform)
	at := slices.IndexFunc(after.Platforms, func(p registry.Platform) bool {
		return len(version.Lacking([]version.Platform{platform(p)}, []version.Platform{wanted})) == 0
	})
	if at < 0 {
		return "", &version.Rejection{Tag: target.Tag, Reason: version.LacksPlatform, Detail: wanted.String(), Kind: target.Kind, Alone: true}, nil
	}
	return after.Platforms[at].Digest, nil, nil
}
