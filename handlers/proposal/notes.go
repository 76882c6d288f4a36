package proposal

import (
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// Notes are what the text of a pull request tells beside its proposal.
type Notes struct {
	// RepositoryURL is the repository's page: "https://github.com/acme/deploy".
	// Without it, nothing is linked.
	RepositoryURL string
	// BaseSHA is the commit that links to lines name. It should be the one that
	// the branch was built on: with the newest one, each push to the base would
	// be a new text.
	BaseSHA string
	// Merging says who merges it, and when: policy's sentence, which is Markdown. Where
	// it is "" a person does, and a preview says nothing of it.
	Merging string
	// Held are the updates of the group that are not proposed, and why.
	Held []Held
	// Facts are what is known of images, by FactsKey.
	Facts map[string]Facts
	// Changelogs are what changed, by StepKey. What is missing is not known now.
	Changelogs map[string]Changelog
	// once says that there is no later look.
	once bool
}

// Facts are what a registry says of an image at one value. All text is foreign.
type Facts struct {
	// Digest is that of the image; "" where it is not known.
	Digest string
	// Platforms are those of an index, as "linux/arm64".
	Platforms []string
	// Created is when its publisher says that it was built, Pushed when the registry
	// was given it; zero where nobody told.
	Created, Pushed time.Time
	// Size is what is to be pulled of the image for the platform Measured, in bytes,
	// compressed; 0 where it is not known. Measured is "" where that is not told.
	Size     int64
	Measured string
	// Base is the image that it was built on, as its publisher wrote it, and
	// BaseDigest the digest of that; "" where they are not annotated.
	Base, BaseDigest string
}

// Changelog is what changed between an image's two values.
type Changelog struct {
	changelog.Notes

	// From and To are the revisions of the source that the two were built from;
	// "" where they are not known.
	From, To string
}

// StepKey is the key of an image's step from one value to another.
func StepKey(image string, from, to Value) string {
	return image + " " + from.String() + " " + to.String()
}

// FactsKey is the key of an image at a value.
func FactsKey(image string, v Value) string { return image + " " + v.String() }

// of are the facts of an image at a value, with the digest that the file names.
func (n *Notes) of(name string, v Value) Facts {
	f := n.Facts[FactsKey(name, v)]
	if v.Digest != "" {
		f.Digest = v.Digest
	}
	return f
}

// longestLink is the longest address that is linked, in bytes.
const longestLink = 1024

// place names a line of a file, with a link to it where there can be one and
// shall be.
func (n *Notes) place(c *Change, linked bool) string {
	name := c.Path
	if c.Line > 0 {
		name += ":" + strconv.Itoa(c.Line)
	}
	if link := n.link(c); linked && link != "" {
		return "[" + foreign.Code(name) + "](" + link + ")"
	}
	return foreign.Code(name)
}

// link is the address of a change's line; "" where there is no safe one.
func (n *Notes) link(c *Change) string {
	base, err := url.Parse(n.RepositoryURL)
	if err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" || base.User != nil {
		return ""
	}
	if !isHex(n.BaseSHA) || c.Path == "" || path.Clean("/"+c.Path) != "/"+c.Path {
		return ""
	}
	link := base.Scheme + "://" + percent(base.Host, "-._:") + percent(strings.TrimRight(base.Path, "/"), "-._/") +
		"/blob/" + n.BaseSHA + "/" + percent(c.Path, "-._/")
	if c.Line > 0 {
		link += "#L" + strconv.Itoa(c.Line)
	}
	if len(link) > longestLink {
		return ""
	}
	return link
}

func isHex(text string) bool {
	return text != "" && strings.Trim(text, "0123456789abcdef") == ""
}

// percent encodes all but letters, digits and the characters that may stay. It is
// stricter than addresses need: nothing that is left means something in Markdown.
func percent(text, stay string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(stay, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// since is the day since which a change's tag has been there: not its age, with
// which the text would be another one each day.
func since(c *Change) string {
	if c.Since.IsZero() {
		return "-"
	}
	return c.Since.UTC().Format(time.DateOnly)
}

// called is an image's name as people call it: "nginx" for
// "docker.io/library/nginx".
func called(name string) string {
	short, hub := strings.CutPrefix(name, image.DockerHub+"/")
	if hub {
		short = strings.TrimPrefix(short, "library/")
	}
	return short
}

// shortDigest is how many hex digits of a digest tell it from others.
const shortDigest = 7

// brief is a digest in few characters, without its algorithm.
func brief(digest string) string {
	_, hex, found := strings.Cut(digest, ":")
	if !found {
		hex = digest
	}
	return foreign.Whole(hex[:min(len(hex), shortDigest)])
}
