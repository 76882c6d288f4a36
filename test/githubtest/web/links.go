package web

import (
	"bytes"
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// link is a path of the repository that is looked at.
func (v *visit) link(parts ...string) string {
	owner, repo := v.r.PathValue("owner"), v.r.PathValue("repo")
	if owner == "" {
		return "/"
	}
	return join(append([]string{owner, repo}, parts...)...)
}

// join is a path of its parts, whose slashes stay but for those that they begin with:
// the path is one of these pages in any case.
func join(parts ...string) string {
	var path strings.Builder
	for _, part := range parts {
		if part != "" {
			path.WriteString("/" + (&url.URL{Path: strings.TrimLeft(part, "/")}).EscapedPath())
		}
	}
	return path.String()
}

// finish gives sanitised HTML its boxes and links. It is read as a browser would, and
// written anew, so that what is not closed in it ends with it.
func (in surroundings) finish(sanitised []byte) string {
	context := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(bytes.NewReader(sanitised), context)
	if err != nil {
		return html.EscapeString(string(sanitised))
	}
	for _, n := range nodes {
		context.AppendChild(n)
	}
	in.visit(context, false)
	var made bytes.Buffer
	for n := range context.ChildNodes() {
		if err := html.Render(&made, n); err != nil {
			return html.EscapeString(string(sanitised))
		}
	}
	return made.String()
}

// visit goes through a text; literal is set where nothing is to be linked.
func (in surroundings) visit(n *html.Node, literal bool) {
	switch {
	case n.Type == html.TextNode:
		in.rewrite(n, literal)
		return
	case n.DataAtom == atom.A:
		in.aim(n)
		literal = true
	case n.DataAtom == atom.Code, n.DataAtom == atom.Pre:
		literal = true
	}
	for child := n.FirstChild; child != nil; {
		next := child.NextSibling // what the child becomes is not looked at again
		in.visit(child, literal)
		child = next
	}
}

// aim lets a file's links lead to what is beside it.
func (in surroundings) aim(a *html.Node) {
	beside, err := url.Parse(in.folder + "/")
	if err != nil || in.folder == "" {
		return
	}
	for i, attr := range a.Attr {
		if to, err := url.Parse(attr.Val); err == nil && attr.Key == "href" && to.Path != "" {
			a.Attr[i].Val = beside.ResolveReference(to).String()
		}
	}
}

var (
	mention = regexp.MustCompile(`(?:^|[^\w@/.-])@([A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?)`)
	crossed = regexp.MustCompile(`(?:^|[^\w@/.-])([A-Za-z0-9-]{1,39}/[\w.-]{1,100})#([0-9]{1,9})\b`)
	numbers = regexp.MustCompile(`(?:^|[^\w&#/-])#([0-9]{1,9})\b`)
)

// found is a part of a text that becomes something else.
type found struct {
	from, to int
	node     *html.Node
}

// rewrite puts boxes and links into a text.
func (in surroundings) rewrite(n *html.Node, literal bool) {
	all := in.boxesOf(n.Data)
	if !literal {
		all = append(all, in.linksOf(n.Data)...)
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Compare(a.from, b.from) })
	done := 0
	for _, f := range all {
		if f.from < done {
			continue // within another one
		}
		n.Parent.InsertBefore(textNode(n.Data[done:f.from]), n)
		n.Parent.InsertBefore(f.node, n)
		done = f.to
	}
	n.Data = n.Data[done:]
}

func textNode(text string) *html.Node { return &html.Node{Type: html.TextNode, Data: text} }

func element(name atom.Atom, text string, attrs ...string) *html.Node {
	n := &html.Node{Type: html.ElementNode, Data: name.String(), DataAtom: name}
	for i := 0; i+1 < len(attrs); i += 2 {
		n.Attr = append(n.Attr, html.Attribute{Key: attrs[i], Val: attrs[i+1]})
	}
	n.AppendChild(textNode(text))
	return n
}

func (in surroundings) linksOf(text string) []found {
	var all []found
	for _, m := range mention.FindAllStringSubmatchIndex(text, -1) {
		all = append(all, found{m[2] - 1, m[3], element(atom.A, text[m[2]-1:m[3]], "href", join(text[m[2]:m[3]]), "class", "mention")})
	}
	for _, m := range crossed.FindAllStringSubmatchIndex(text, -1) {
		all = append(all, found{m[2], m[5], element(atom.A, text[m[2]:m[5]], "href", join(text[m[2]:m[3]], "issues", text[m[4]:m[5]]))})
	}
	for _, m := range numbers.FindAllStringSubmatchIndex(text, -1) {
		all = append(all, found{m[2] - 1, m[3], element(atom.A, text[m[2]-1:m[3]], "href", in.repo+"/issues/"+text[m[2]:m[3]])})
	}
	return all
}

// boxesOf is the boxes for which something stands in a text.
func (in surroundings) boxesOf(text string) []found {
	var all []found
	for _, m := range in.boxes.FindAllStringSubmatchIndex(text, -1) {
		all = append(all, found{m[0], m[1], in.box(text[m[2]:m[3]], text[m[4]:m[5]])})
	}
	return all
}

// box is one that can be ticked: a button, so that it works without a script.
func (in surroundings) box(offset, ticked string) *html.Node {
	sign := map[string]string{"true": "✓"}[ticked]
	attrs := []string{"class", "box", "type", "submit", "name", "box", "value", offset, "role", "checkbox", "aria-checked", ticked, "aria-label", "Task"}
	if !in.tick {
		attrs = append(attrs, "disabled", "")
	}
	return element(atom.Button, sign, attrs...)
}
