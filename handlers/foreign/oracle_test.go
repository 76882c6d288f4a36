package foreign_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// What GitHub makes live in a text, wherever it is not code: docs.github.com on
// "Autolinked references and URLs", "Linking a pull request to an issue" and "Basic
// writing and formatting syntax". Where GitHub looks at more than this, at what stands
// before an @ or whether a commit exists, this is the stricter.
var live = map[string]*regexp.Regexp{
	"a mention":            regexp.MustCompile(`@[A-Za-z0-9_]`),
	"a reference":          regexp.MustCompile(`#[0-9]`),
	"a reference with GH-": regexp.MustCompile(`(?i)\bgh-[0-9]`),
	"a commit":             regexp.MustCompile(`(?:^|[^0-9A-Za-z_])[0-9a-f]{7,40}(?:$|[^0-9A-Za-z_])`),
	"a closing keyword":    regexp.MustCompile(`(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+(?:[\w.-]+/[\w.-]+)?(?:#|gh-|https?://\S+/)[0-9]`),
	"an address":           regexp.MustCompile(`(?i)[a-z]://|\bwww\.`),
	"a box":                regexp.MustCompile(`\[[ \t\x{a0}xX]\]`),
	"a formula":            regexp.MustCompile(`\$`),
}

// harmless are the elements that notes may consist of, with the attributes they may
// have.
var harmless = map[atom.Atom]string{
	atom.P: "", atom.H4: "", atom.H5: "", atom.H6: "", atom.Ul: "", atom.Ol: "start", atom.Li: "", atom.Blockquote: "",
	atom.Pre: "lang", atom.Code: "class", atom.Table: "", atom.Thead: "", atom.Tbody: "", atom.Tr: "",
	atom.Th: "align style", atom.Td: "align style", atom.Em: "", atom.Strong: "", atom.Del: "", atom.A: "href", atom.Hr: "", atom.Br: "",
}

// The page around notes, of which notes must leave everything where it is.
const (
	marker  = " imageupdater:v1 marker "
	opening = "the first words\n\n<details><summary>notes</summary>\n\n"
	closing = "\n\n</details>\n\n<!--" + marker + "-->\n\nthe last words\n"
)

// onPage is a page with notes in it.
func onPage(notes string) string { return opening + notes + closing }

// harms are the reasons why a page with notes, as HTML, is not harmless.
func harms(page string) []string {
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(page), body)
	if err != nil {
		return []string{err.Error()}
	}
	top, within := outline(nodes)
	if want := "<p> <details> <!--" + marker + "--> <p>"; top != want {
		return []string{"the page has become " + top}
	}
	var j judge
	for _, n := range within {
		j.node(n, false)
	}
	return j.found
}

// outline names what is at the top of a page, and gives what the notes are.
func outline(nodes []*html.Node) (top string, within []*html.Node) {
	var names []string
	for _, n := range nodes {
		switch n.Type {
		case html.CommentNode:
			names = append(names, "<!--"+n.Data+"-->")
		case html.ElementNode:
			names = append(names, "<"+n.Data+">")
		case html.TextNode:
			if strings.TrimSpace(n.Data) != "" {
				names = append(names, n.Data)
			}
		default:
			names = append(names, "something else")
		}
		if n.DataAtom != atom.Details {
			continue
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			if child.DataAtom != atom.Summary || child != n.FirstChild {
				within = append(within, child)
			}
		}
	}
	return strings.Join(names, " "), within
}

// judge collects what is harmful in HTML.
type judge struct{ found []string }

func (j *judge) say(format string, values ...any) {
	j.found = append(j.found, fmt.Sprintf(format, values...))
}

func (j *judge) node(n *html.Node, code bool) {
	switch n.Type {
	case html.TextNode:
		j.text(n.Data, code)
	case html.ElementNode:
		j.element(n)
		code = code || n.DataAtom == atom.Code || n.DataAtom == atom.Pre
	default:
		j.say("there is %q", n.Data)
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		j.node(child, code)
	}
}

func (j *judge) text(text string, code bool) {
	for _, r := range text {
		if !visible(r) {
			j.say("%U in %q", r, text)
			break
		}
	}
	if code {
		return
	}
	for what, grammar := range live {
		if found := grammar.FindString(text); found != "" {
			j.say("%s, %q, in %q", what, found, text)
		}
	}
}

// visible tells whether a character is one to be seen, or a space.
func visible(r rune) bool {
	return r == ' ' || r == '\n' || r == '\ufe0f' || unicode.IsPrint(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func (j *judge) element(n *html.Node) {
	attributes, ok := harmless[n.DataAtom]
	if !ok {
		j.say("there is a <%s>", n.Data)
	}
	for _, a := range n.Attr {
		switch {
		case !strings.Contains(" "+attributes+" ", " "+a.Key+" "):
			j.say("<%s> has %s=%q", n.Data, a.Key, a.Val)
		case a.Key == "href":
			j.address(a.Val)
		case a.Key == "class" && !strings.HasPrefix(a.Val, "language-"), (a.Key == "class" || a.Key == "lang") && drawn(a.Val):
			j.say("code is %s", a.Val)
		}
	}
}

// drawn tells of which code GitHub makes something else.
func drawn(language string) bool {
	return regexp.MustCompile(`(?i)^(?:language-)?(?:math|mermaid|geojson|topojson|stl|suggestion)$`).MatchString(language)
}

func (j *judge) address(address string) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		j.say("%v", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Opaque != "":
		j.say("there is a link to %s", address)
	case strings.TrimPrefix(strings.TrimRight(strings.ToLower(u.Hostname()), "."), "www.") == "github.com":
		j.say("%s refers to something", address)
	case strings.ContainsAny(address, "@\\`<>\"' "):
		j.say("%q is written as it should not be", address)
	}
}

func TestOracle(t *testing.T) {
	t.Parallel()
	for _, page := range []string{
		"<p>@user</p>", "<p>see #1</p>", "<p>GH-1</p>", "<p>x deadbeef1 y</p>", "<p>fixes #1</p>", "<p>https://x.org</p>", "<li>[x] a</li>", "<p>$a$</p>",
		"<p><img src=a></p>", "<script>1</script>", "<h1>a</h1>", "<!-- a -->", "<p>\u202e</p>", "<p>\u200b</p>", "<p><a href='javascript:a'>a</a></p>",
		"<p><a href='https://github.com/o/r/issues/1'>a</a></p>", "<p><a href='https://a@b/'>a</a></p>", "<p onclick=a>a</p>",
		"<p><a href='/o/r'>a</a></p>", "</details><p>a</p>", "<details>", "<form></form>", "<ul><li><input type=checkbox> a</li></ul>",
		`<pre><code class="language-mermaid">a</code></pre>`, `<pre lang="math"><code>a</code></pre>`, "<code>\u200b</code>",
	} {
		if len(harms(strings.ReplaceAll("<p>a</p><details><summary>n</summary>%</details><!--"+marker+"--><p>a</p>", "%", page))) == 0 {
			t.Errorf("%s is taken for harmless", page)
		}
	}
	fine := "<p>a</p><details><summary>n</summary><p>a <code>@user</code> @<code>a</code></p></details><!--" + marker + "--><p>a</p>"
	if found := harms(fine); found != nil {
		t.Errorf("harmless HTML is %s", found)
	}
}
