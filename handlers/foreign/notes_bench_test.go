package foreign_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// ordinary are notes as most are, of about that many bytes.
func ordinary(size int) string {
	const release = "## v1.5.%d (2026-11-01)\n\n### Features\n\n* **api:** answer `GET /healthz` by @octocat in https://github.com/acme/api/pull/%[1]d\n" +
		"* a longer line, with *emphasis*, a [link](https://example.org/docs?a=1&b=2) and a commit ([16c999e](https://github.com/acme/api/commit/16c999e8c71134401a78d4d46435517b2271d6ac))\n\n" +
		"```yaml\nimage:\n  tag: v1.5.%[1]d\n```\n\n| flag | before | after |\n|---|---|---|\n| `--a` | 1 | 2 |\n\n<details><summary>More</summary>\n\nfixes #%[1]d\n\n</details>\n\n"
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, release, i)
	}
	return b.String()
}

// BenchmarkNotes is a megabyte of ordinary notes: as those of 200 images, and at once.
func BenchmarkNotes(b *testing.B) {
	const images, all = 200, 1 << 20
	small, large := ordinary(all/images), ordinary(all)
	b.Run("200 images", func(b *testing.B) {
		b.SetBytes(all)
		for b.Loop() {
			for range images {
				foreign.Notes(small, options())
			}
		}
	})
	b.Run("200 images on one page", func(b *testing.B) {
		b.SetBytes(all)
		o := options()
		o.Most = 60_000 / images
		for b.Loop() {
			for range images {
				foreign.Notes(small, o)
			}
		}
	})
	for name, most := range map[string]int{"shortened": 0, "whole": 4 << 20} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(all)
			o := options()
			o.Most = most
			for b.Loop() {
				foreign.Notes(large, o)
			}
		})
	}
}

// worst are the notes that take readers of Markdown the longest, each of at least that
// many bytes.
func worst() map[string]func(size int) string {
	again := func(text string) func(int) string {
		return func(size int) string { return strings.Repeat(text, size/len(text)+1) }
	}
	rows := func(size int) string {
		const columns = 60
		return strings.Repeat("|a", columns) + "\n" + strings.Repeat("|-", columns) + "\n" + strings.Repeat("|\n", size/2)
	}
	return map[string]func(size int) string{
		"quotes":             again(">"),
		"quotes in lines":    again(strings.Repeat("> ", 12) + "a\n"),
		"lists":              again("- "),
		"numbers":            again("1. "),
		"lists and quotes":   again("> - "),
		"blank lines":        func(size int) string { return strings.Repeat("- ", size/10) + "a" + strings.Repeat("\n", size) },
		"blank lists":        again(strings.Repeat("- ", 12) + "a\n\n\n"),
		"deeper lists":       deeper,
		"brackets":           again("[a]("),
		"brackets in lines":  again("[a](b[c\n"),
		"nested brackets":    again("[[[[[[[[]]]]]]]]\n"),
		"images":             again("![[]()\n"),
		"stars":              again("*a_ **b__ \n"),
		"stars in lines":     again("a*a_\n\n"),
		"tags":               again("<a b=\"\n"),
		"comments":           again("a <!--\n"),
		"instructions":       again("a <? <![CDATA[ <!A\n"),
		"HTML":               again("<div>\n<a href=https://example.org>\n\n"),
		"one HTML":           func(size int) string { return "<div>" + strings.Repeat("<a href=x><b", size/12) },
		"definitions":        again("[a]: b\n"),
		"broken definitions": again("[a]: b 'c\n"),
		"no definitions":     again("[a]:\n"),
		"rows":               rows,
		"tables":             again("|a|b|c|d|\n|-|-|-|-|\n|\n|\n|\n\n"),
		"heads of tables":    again("-|-\n"),
		"code in tables":     func(size int) string { return "|a|\n|-|\n" + strings.Repeat("|`\\|`|\n", size/7) },
		"backticks":          backticks,
		"fences":             again("```\n~~~\n"),
		"long fences":        func(size int) string { return "~~~\n" + strings.Repeat("`", size) },
		"growing fences":     func(size int) string { return "~~~\n" + backticks(size) },
		"entities":           again("&a&#1;&#x;"),
		"mentions":           again("@a"),
		"numbers of issues":  again("GH-1.#1"),
		"commits":            again("abcdef01."),
		"addresses":          again("https://a.b/(("),
		"wrong addresses":    again("a.b-c+d"),
		"one word":           again("a"),
		"accents":            again("a\u0301\u0301\u0301\u0301\u0301\u0301"),
		"boxes":              again("[ ]"),
		"headings":           again("# *a\n"),
		"underlined":         again("*a\n=\n"),
		"emphasis":           again("*a **b "),
		"short lines":        again("a\n"),
		"one paragraph":      again("a `b\n"),
	}
}

func deeper(size int) string {
	var b strings.Builder
	for depth := 0; b.Len() < size; depth++ {
		b.WriteString(strings.Repeat(" ", depth*2) + "- a\n")
	}
	return b.String()
}

func backticks(size int) string {
	var b strings.Builder
	for n := 1; b.Len() < size; n++ {
		b.WriteString("e" + strings.Repeat("`", n%60+1))
	}
	return b.String()
}

// BenchmarkHostile is linear: what takes twice as long for twice the bytes.
func BenchmarkHostile(b *testing.B) {
	for name, notes := range worst() {
		for _, times := range []int{1, 2, 4} {
			size := times << 16
			b.Run(fmt.Sprintf("%s/%dx", name, times), func(b *testing.B) {
				text := notes(size)
				o := options()
				o.Most = 4 << 20
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					foreign.Notes(text, o)
				}
			})
		}
	}
}
