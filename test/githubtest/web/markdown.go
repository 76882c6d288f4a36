package web

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extensions "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// maxMarkdown is how many bytes of a text are shown as Markdown.
const maxMarkdown = 64 << 10

// text is a comment's or a review's, whose boxes only show.
func (v *visit) text(body string) template.HTML { return v.markdown(body, surroundings{}) }

// boxed is a body whose boxes can be ticked.
func (v *visit) boxed(body string) template.HTML { return v.markdown(body, surroundings{tick: true}) }

// file is a file's text; its links lead to what is beside it.
func (v *visit) file(p at, body string) template.HTML {
	return v.markdown(body, surroundings{folder: v.link("blob", p.Ref, p.Path)})
}

// surroundings is where a text stands.
type surroundings struct {
	repo   string         // the repository's page
	folder string         // what links are beside, "" for the page itself
	tick   bool           // its boxes can be ticked
	boxes  *regexp.Regexp // what stands for a box
}

// markdown is a text as GitHub shows it: what people wrote, without whatever could do
// harm. Comments of HTML do not show.
func (v *visit) markdown(body string, in surroundings) template.HTML {
	if len(body) > maxMarkdown {
		body = strings.ToValidUTF8(body[:maxMarkdown], "") + "\n\n…"
	}
	nonce := "box" + rand.Text() // so that no text can forge one
	in.repo, in.boxes = v.link(), regexp.MustCompile(nonce+`:(\d+):(true|false);`)
	var made bytes.Buffer
	if err := converter(nonce).Convert([]byte(body), &made); err != nil {
		return template.HTML(template.HTMLEscapeString(body)) //nolint:gosec // escaped
	}
	return template.HTML(in.finish(policy().SanitizeBytes(made.Bytes()))) //nolint:gosec // sanitised
}

func converter(nonce string) goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
			extension.Strikethrough, extension.Linkify, extension.TaskList,
		),
		goldmark.WithRendererOptions(
			html.WithUnsafe(), // sanitised afterwards
			renderer.WithNodeRenderers(util.Prioritized(own{nonce}, 1)),
		),
	)
}

// own renders what is not to be as goldmark has it.
type own struct{ nonce string }

// RegisterFuncs is goldmark's.
func (o own) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(extensions.KindTaskCheckBox, o.box)
	r.Register(ast.KindImage, image)
}

// box writes what stands for a box until the text is sanitised.
func (o own) box(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if at := boxAt(source, n); entering && at >= 0 {
		fmt.Fprintf(w, "%s:%d:%t;", o.nonce, at, isTicked(source[at+1]))
	}
	return ast.WalkContinue, nil
}

// image is a link: pages load nothing from elsewhere.
func image(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	of, is := n.(*ast.Image)
	switch {
	case !is || n.Parent().Kind() == ast.KindLink: // no link in a link
	case entering:
		fmt.Fprintf(w, `<a href="%s">`, util.EscapeHTML(util.URLEscape(of.Destination, true)))
	default:
		_, _ = w.WriteString("</a>") // it fails when it is flushed
	}
	return ast.WalkContinue, nil
}

// policy is what is left of HTML.
func policy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "b", "i", "u", "del", "s", "ins",
		"sub", "sup", "kbd", "samp", "tt", "ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "div", "span",
		"table", "thead", "tbody", "tr", "th", "td",
	)
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("open").Matching(regexp.MustCompile(`^(open)?$`)).OnElements("details")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("align").Matching(bluemonday.CellAlign).OnElements("th", "td")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	return p
}
