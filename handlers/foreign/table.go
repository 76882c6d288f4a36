package foreign

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	extensions "github.com/yuin/goldmark/extension/ast"
)

// table writes a table, with as many of its rows as fit.
func (r *renderer) table(n *extensions.Table) []string {
	var lines []string
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		fresh := []string{r.row(row, len(n.Alignments))}
		if len(lines) == 0 {
			fresh = append(fresh, delimiters(n.Alignments))
		}
		if r.fitting(fresh) == nil {
			break
		}
		lines = append(lines, fresh...)
	}
	return lines
}

func (r *renderer) row(row ast.Node, columns int) string {
	var b strings.Builder
	b.WriteString("|")
	cell := row.FirstChild()
	for range columns {
		b.WriteString(" ")
		if cell != nil {
			b.WriteString(r.cell(cell))
			cell = cell.NextSibling()
		}
		b.WriteString(" |")
	}
	return b.String()
}

func (r *renderer) cell(n ast.Node) string {
	l := r.inlines()
	l.children(n)
	return strings.Join((&writer{page: r.page, oneLine: true, inCell: true}).markdown(l.pieces), " ")
}

func delimiters(alignments []extensions.Alignment) string {
	var b strings.Builder
	b.WriteString("|")
	for _, alignment := range alignments {
		switch alignment {
		case extensions.AlignLeft:
			b.WriteString(" :-- |")
		case extensions.AlignRight:
			b.WriteString(" --: |")
		case extensions.AlignCenter:
			b.WriteString(" :-: |")
		default:
			b.WriteString(" --- |")
		}
	}
	return b.String()
}
