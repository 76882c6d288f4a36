package format

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// walk looks for images in a tree by the rules of its place. Aliases are not
// followed down: what they name is walked where it is defined. A map below an
// image key is the exception, since its key decides what it means.
func (f *finder) walk(n *yaml.Node, p place) {
	if p.depth > maxDepth {
		f.tooDeep = true
		return
	}
	if f.work += 1 + len(n.Content); f.tooMany || f.exhausted() {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		f.walkMap(n, p)
	case yaml.SequenceNode:
		for i, item := range n.Content {
			f.walkItem(item, p.element(i, item))
		}
	case yaml.ScalarNode:
		f.walkText(n, p)
	default: // an alias: what it names is walked where it is defined
	}
}

func (f *finder) walkMap(m *yaml.Node, p place) {
	if p.rules.anyParent && p.path != "" {
		if prefix := prefixIn(m); prefix != "" {
			p.prefix = prefix
		}
	}
	taken := f.readMap(m, p)
	if p.rules.environment {
		f.environment(m, p)
	}
	for key, value := range pairs(m) {
		switch target := resolve(value); {
		case skipped(key.Value, p):
		case isScalar(target):
			// Most scalars are of no interest: spare them a place.
			if speaks(key.Value, p) || target.Style&yaml.LiteralStyle != 0 {
				child := p.child(key)
				child.raw = value
				f.walkScalar(m, target, child, taken)
			}
		case value.Kind != yaml.AliasNode:
			f.walk(value, p.child(key))
		case target.Kind == yaml.MappingNode && p.child(key).inImage():
			f.readMap(target, p.child(key))
		}
	}
}

// speaks tells whether a key of a map may hold a reference or a tag.
func speaks(key string, p place) bool {
	return isImageKey(key) || strings.HasSuffix(key, "mageTag") || strings.HasSuffix(key, "mageVersion") ||
		strings.HasSuffix(key, "Repository") || strings.HasSuffix(key, "RepositoryAndTag") ||
		(key == "reference" || key == "ref" || key == "name") && isImageKey(p.key) ||
		p.images || key == "images" || imageFirst.MatchString(key)
}

// skipped are keys below which nothing is an image of this object, whatever it
// looks like, but for the annotations that environment reads.
func skipped(key string, p place) bool {
	return notImages[key] || key == "status" && p.object
}

//
//nolint:gochecknoglobals // a table, never written
var notImages = map[string]bool{
	"labels": true, "podLabels": true, "commonLabels": true, "selectorLabels": true, "extraLabels": true,
	"annotations": true, "podAnnotations": true, "commonAnnotations": true,
	"matchLabels": true, "nodeSelector": true, "selector": true,
}

func (f *finder) walkItem(n *yaml.Node, p place) {
	target := resolve(n)
	if !isScalar(target) {
		f.walk(n, p)
		return
	}
	if p.rules.strings && (p.key == "images" || isImageKey(p.key)) && (p.rules.anyParent || strings.Contains(target.Value, "/")) {
		f.reference(target, p, false)
	}
}

// walkScalar looks at one value of a map. taken are the scalars that a shape
// of the map has used already.
func (f *finder) walkScalar(m, value *yaml.Node, p place, taken *candidate) {
	switch {
	case taken.uses(value), p.keyNode.Value == "<<":
	case p.inContainer():
		if !p.rules.strings { // YAML of unknown purpose, but this much is a pod's
			p.rules = looseRules()
		}
		f.reference(value, p, true)
	case p.rules.strings && p.isReferenceKey():
		if !f.readPrefixed(m, value, p) {
			before := len(f.fields)
			f.reference(value, p, p.rules.bareNames && p.key == "image" && strings.Contains(value.Value, "/"))
			f.besideDigest(m, p, before)
		}
	case p.rules.strings && p.mayBeReference():
		if strings.Contains(value.Value, "/") && !elsewhere.MatchString(p.key) {
			f.reference(value, p, false)
		}
	case p.rules.anyParent && strings.HasSuffix(p.key, "Repository") && !otherRepository.MatchString(p.key):
		f.readPrefixed(m, value, p)
	case p.rules.strings && (strings.HasSuffix(p.key, "mageTag") || strings.HasSuffix(p.key, "mageVersion")) && !isImageKey(p.above):
		f.loneTag(m, value, p)
	default:
		f.walkText(value, p)
	}
}

var (
	// elsewhere are keys below images that name no image.
	elsewhere = regexp.MustCompile(`(?i)(url|uri|endpoint|path|dir|host|server|address)$`)
	// otherRepository are keys of repositories that hold no images.
	otherRepository = regexp.MustCompile(`(?i)git|chart|helm|source|code|repo.*repo|plugin|config|maven|npm`)
)

func (c *candidate) uses(n *yaml.Node) bool {
	if c == nil {
		return false
	}
	return slices.Contains(c.name, n) || c.tag.node == n || c.digest.node == n
}

// walkText looks into a block scalar that holds YAML: only what is
// unmistakable counts there.
func (f *finder) walkText(n *yaml.Node, p place) {
	inner, ok := f.nested(n, p)
	if !ok {
		return
	}
	rules := looseRules()
	rules.format = p.rules.format
	inner.rules, inner.inValues = rules, false
	for _, doc := range inner.text.Docs {
		if content := root(doc); content != nil {
			f.object(content, inner)
		}
	}
}
