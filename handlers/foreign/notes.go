package foreign

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// Options say how foreign Markdown becomes part of a page of GitHub's.
type Options struct {
	// Host is the GitHub on whose page the text is shown, "" is github.com. Links to
	// github.com from there go through redirect.github.com, which leaves no trace on
	// what they lead to; a GitHub Enterprise has nothing like it, and loses its links
	// to its own issues, pull requests, discussions and commits.
	Host string
	// Source is the page of the repository that the text is about, which is what #12
	// means in it: "https://github.com/acme/api". Without it, #12 is not linked.
	Source string
	// Level is that of the highest heading, up to 6; 0 is 4.
	Level int
	// Most is how long the text may become, in bytes; 0 is 60,000, and more than a
	// million is a million. What does not fit is left out, and that is said.
	Most int
	// Rest is where all of a text is that did not fit, "" for nowhere.
	Rest string
}

const (
	ordinaryLevel, deepestLevel = 4, 6
	ordinaryMost, mostOfAll     = 60_000, 1_000_000
	// readPerByte is how much is read of a text for each byte that it may become:
	// most of what is left out is HTML, pictures and the addresses of links.
	readPerByte = 4
)

// Notes makes Markdown from outside harmless: release notes, a section of a changelog,
// the subject of a commit. The text is read as GitHub would read it, and written anew
// with what is known to do nothing: paragraphs, headings, lists, quotes, code, tables,
// emphasis and links to http and https. In it nobody is mentioned, nothing is referred
// to or closed, and nothing is loaded, hidden or left open. It needs an empty line
// before and after it, and may be indented or quoted as a whole.
//
// What GitHub would make live by itself is split by a code span, @`user` and #`12`, and
// not hidden in one: so it does nothing either where the page's source is used as plain
// text, as for the message of a squashed merge.
//
// The time it takes grows with the length of the text, and not faster.
func Notes(notes string, o Options) string {
	o = o.usual()
	source, whole := tame(notes, o.Most*readPerByte)
	root, all := parse(source)
	r := renderer{page: newPage(o), source: source, lower: o.Level - highest(root)}
	ending := r.page.ending(o.Rest)
	r.left = o.Most - len("\n\n") - len(ending)
	if r.left < 0 {
		return ""
	}
	r.whole = r.left
	lines := r.blocks(root, false)
	if r.cut || !whole || !all {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, ending)
	}
	return strings.Join(lines, "\n")
}

// Line makes a line of text from outside harmless, one that is no Markdown, but for
// its code: the subject of a commit, a title, an author's name. It is cut to Longest
// bytes first.
func Line(line string, o Options) string {
	line = visible(strings.ToValidUTF8(Shorten(line, Longest), string(utf8.RuneError)))
	var pieces []piece
	for i, part := range strings.Split(line, "`") {
		switch {
		case i%2 == 0:
			pieces = append(pieces, piece{words, part})
		case i == strings.Count(line, "`"): // nothing ends it
			pieces = append(pieces, piece{words, "`" + part})
		default:
			pieces = append(pieces, piece{code, part})
		}
	}
	return strings.Join((&writer{page: newPage(o), oneLine: true}).markdown(pieces), " ")
}

func (o Options) usual() Options {
	if o.Level <= 0 {
		o.Level = ordinaryLevel
	}
	o.Level = min(o.Level, deepestLevel)
	if o.Most <= 0 {
		o.Most = ordinaryMost
	}
	o.Most = min(o.Most, mostOfAll)
	return o
}

// page is where the text is shown, and what it is about.
type page struct {
	host   string
	source *url.URL
	// name is that of the source repository, "acme/api".
	name string
}

func newPage(o Options) *page {
	host, _, _ := strings.Cut(strings.ToLower(o.Host), ":")
	p := page{host: host}
	if p.host == "" {
		p.host = githubHost
	}
	if source, ok := webURL(o.Source); ok {
		p.source, p.name = source, strings.Trim(source.Path, "/")
	}
	return &p
}

// ending says that there is more.
func (p *page) ending(rest string) string {
	if u, ok := webURL(rest); ok {
		if to := p.destination(u); to != "" {
			return "*Shortened: [all of it](" + to + ")*"
		}
	}
	return "*Shortened.*"
}
