package web

import (
	"bytes"
	"net/url"
	"regexp"
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

// join is a path of its parts, whose slashes stay.
func join(parts ...string) string {
	var path strings.Builder
	for _, part := range parts {
		if part != "" {
			path.WriteString("/" + (&url.URL{Path: strings.TrimPrefix(part, "/")}).EscapedPath())
		}
	}
	return strings.ReplaceAll(path.String(), "/./", "/")
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
	for i, attr := range a.Attr {
		to, err := url.Parse(attr.Val)
		if attr.Key != "href" || in.folder == "" || err != nil || to.IsAbs() || to.Host != "" || to.Path == "" || strings.HasPrefix(to.Path, "/") {
			continue
		}
		a.Attr[i].Val = (&url.URL{Path: in.folder + "/"}).ResolveReference(to).String()
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
	if len(all) == 0 {
		return
	}
	done := 0
	for len(all) > 0 {
		first := 0
		for i, f := range all {
			if f.from < all[first].from {
				first = i
			}
		}
		f := all[first]
		if all = append(all[:first], all[first+1:]...); f.from < done {
			continue
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
	mark := in.nonce + ":"
	for from := 0; ; {
		at := strings.Index(text[from:], mark)
		if at < 0 {
			return all
		}
		at += from
		end := at + strings.IndexByte(text[at:], ';') + 1
		offset, ticked, _ := strings.Cut(text[at+len(mark):end-1], ":")
		all = append(all, found{at, end, in.box(offset, ticked)})
		from = end
	}
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
