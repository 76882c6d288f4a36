package command_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/command"
)

// evening is on the 22nd in Berlin already.
var evening = time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC)

// parsed is what a comment comes to: its commands in full, or its mistakes after
// "mistake: ".
func parsed(tb testing.TB, body string) []string {
	tb.Helper()
	commands, err := command.Parse(body, evening)
	var wrong *command.MistakeError
	var got []string
	switch {
	case errors.As(err, &wrong) && len(commands) > 0:
		tb.Errorf("%q gives commands %v beside mistakes", body, commands)
	case errors.As(err, &wrong):
		for _, m := range wrong.Mistakes {
			got = append(got, "mistake: "+m)
		}
	case err != nil:
		tb.Errorf("%q: %v", body, err)
	}
	for _, c := range commands {
		got = append(got, c.String())
	}
	return got
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"empty":           {"", nil},
		"prose":           {"Looks good, please rescan later", nil},
		"alone":           {"/rescan", []string{"/rescan"}},
		"all":             {"/rescan\n/rebase\n/recreate\n/merge\n/hold\n/unhold\n/ignore\n/explain\n/help", []string{"/rescan", "/rebase", "/recreate", "/merge", "/hold", "/unhold", "/ignore this", "/explain", "/help"}},
		"upper case":      {"/Rescan\n/HOLD\n/IGNORE Major UNTIL 2027-01-31", []string{"/rescan", "/hold", "/ignore major until 2027-01-31"}},
		"twice":           {"/rescan\n\n/hold\n\n/rescan", []string{"/rescan", "/hold"}},
		"between prose":   {"Please:\n/rescan\nThanks", []string{"/rescan"}},
		"trailing blanks": {"/rescan \t \n", []string{"/rescan"}},
		"tabs between":    {"/unhold\t\tnginx", []string{"/unhold docker.io/library/nginx"}},
		"CRLF":            {"a\r\n/rescan\r\n/hold\r\n", []string{"/rescan", "/hold"}},
		"old Macs":        {"a\r/rescan\rb", []string{"/rescan"}},
		"two newlines CR": {"/rescan\r\r/hold", []string{"/rescan", "/hold"}},
		"hard break":      {"/rescan  \n/hold", []string{"/rescan", "/hold"}},

		"backslash break": {"/rescan\\\nb", []string{"mistake: `/rescan\\`: there is no such command; did you mean `/rescan`?"}},

		"three spaces":         {"   /rescan", []string{"/rescan"}},
		"four spaces":          {"    /rescan", nil},
		"tab":                  {"\t/rescan", nil},
		"a space and a tab":    {" \t/rescan", nil},
		"four, lazily":         {"text\n    /rescan", nil},
		"tab, lazily":          {"text\n\t/rescan", nil},
		"three, lazily":        {"text\n   /rescan", []string{"/rescan"}},
		"after words":          {"please /rescan", nil},
		"a space after":        {"/ rescan", nil},
		"a slash":              {"/", nil},
		"two slashes":          {"//rescan", nil},
		"escaped":              {`\/rescan`, nil},
		"entity":               {"&#47;rescan", nil},
		"full-width slash":     {"\uff0frescan", nil},
		"non-breaking indent":  {"\u00a0/rescan", nil},
		"zero-width before":    {"\u200b/rescan", nil},
		"byte-order mark":      {"\ufeff/rescan", nil},
		"bidi before":          {"\u202e/rescan", nil},
		"emoji before":         {"🚀 /rescan", nil},
		"line separator":       {"text\u2028/rescan", nil},
		"form feed":            {"text\f/rescan", nil},
		"vertical tab":         {"\v/rescan", nil},
		"NUL":                  {"\x00/rescan", nil},
		"list's line":          {"- /rescan", nil},
		"in a list":            {"1. text\n2. more\n/rescan", []string{"/rescan"}},
		"in a list's entry":    {"- text\n  /rescan\n\n  /hold", []string{"/rescan", "/hold"}},
		"code of a list":       {"- text\n\n      /rescan", nil},
		"task":                 {"- [ ] /rescan", nil},
		"heading":              {"# /rescan", nil},
		"under a heading":      {"# Hello\n/rescan", []string{"/rescan"}},
		"underlined":           {"/rescan\n---\nMary", []string{"/rescan"}},
		"above a signature":    {"/rescan\n-- \nMary", []string{"/rescan"}},
		"a rule":               {"***\n/rescan", []string{"/rescan"}},
		"table":                {"| a |\n|---|\n| b |\n/rescan", nil},
		"table's head":         {"/rescan | a\n---|---\nb | c", nil},
		"after a table":        {"| a |\n|---|\n| b |\n\n/rescan", []string{"/rescan"}},
		"link's definition":    {"[a]:\n/rescan", nil},
		"link's text":          {"[a\n/rescan\nb](https://example.org)", nil},
		"link's title":         {"[a](https://example.org '\n/rescan\n')", nil},
		"emphasis":             {"**a\n/rescan\nb**", nil},
		"no emphasis":          {"**a\n/rescan\nb", []string{"/rescan"}},
		"struck out":           {"~~a\n/rescan\nb~~", nil},
		"footnote":             {"a[^1]\n\n[^1]: text\n/rescan", nil},
		"image with a _ and *": {"/unhold ghcr.io/acme/my_small_api", []string{"/unhold ghcr.io/acme/my_small_api"}},

		"fence":                {"```\n/rescan\n```", nil},
		"tildes":               {"~~~ sh\n/rescan\n~~~\n/hold", []string{"/hold"}},
		"open fence":           {"```\n/rescan", nil},
		"fence in a fence":     {"````\n```\n/rescan\n```\n````", nil},
		"fence in a list":      {"- ```\n  /rescan\n  ```", nil},
		"fence of two":         {"``\n/rescan\n``", nil},
		"code over lines":      {"`a\n/rescan\nb`", nil},
		"a lone backtick":      {"`a\n/rescan\nb", []string{"/rescan"}},
		"code":                 {"`/rescan`", nil},
		"quote":                {"> /rescan", nil},
		"quote without space":  {">/rescan", nil},
		"quote's next line":    {"> text\n/rescan", nil},
		"after a quote":        {"> /hold\n\n/rescan", []string{"/rescan"}},
		"quote in a quote":     {"> > /rescan\n> /rescan", nil},
		"list in a quote":      {"> - text\n>   /rescan", nil},
		"alert":                {"> [!NOTE]\n> /rescan", nil},
		"quote in a list":      {"- > text\n  /rescan", nil},
		"comment":              {"<!--\n/rescan\n-->", nil},
		"comment in a line":    {"text <!-- a\n/rescan\n--> text", nil},
		"open comment":         {"<!--\n/rescan\n\n/hold", nil},
		"no comment":           {"text <!-- a\n/rescan", []string{"/rescan"}},
		"after a comment":      {"<!-- a -->\n/rescan", []string{"/rescan"}},
		"code in a comment":    {"<!-- <code> -->\n\n/rescan", []string{"/rescan"}},
		"pre":                  {"<pre>\n\n/rescan\n\n</pre>\n\n/hold", []string{"/hold"}},
		"HTML code":            {"<code>\n\n/rescan\n\n</code>\n\n/hold", []string{"/hold"}},
		"HTML code in a line":  {"a <code>b\n/rescan\n</code>\n/hold", []string{"/hold"}},
		"HTML quote":           {"<blockquote>\n\n/rescan\n\n</BLOCKQUOTE>\n\n/hold", []string{"/hold"}},
		"details":              {"<details>\n<summary>Log</summary>\n\n/rescan\n\n</details>\n\n/hold", []string{"/hold"}},
		"closed before opened": {"</code>\n\n<code>\n\n/rescan", nil},
		"other HTML":           {"<p align=center>\n\n/rescan", []string{"/rescan"}},
		"HTML block":           {"<div>\n/rescan\n</div>", nil},

		"mail":                       {"/rescan\n\nOn Fri, Nov 20, 2026 at 3:00 PM Mary wrote:\n\n/hold", []string{"/rescan"}},
		"mail without a blank":       {"/rescan\nOn Fri, Nov 20, 2026 at 3:00 PM Mary wrote:\n/hold", []string{"/rescan"}},
		"mail, broken":               {"/rescan\n\nOn Fri, Nov 20, 2026 at 3:00 PM Mary ***@***.***>\nwrote:\n\n/hold", []string{"/rescan"}},
		"German mail":                {"/rescan\n\nAm Fr., 20. Nov. 2026 um 15:00 Uhr schrieb Mary <mary@example.org>:\n\n/hold", []string{"/rescan"}},
		"French mail":                {"/rescan\n\nLe ven. 20 nov. 2026 à 15:00, Mary ***@***.***> a écrit :\n\n/hold", []string{"/rescan"}},
		"original message":           {"/rescan\n\n-----Original Message-----\n/hold", []string{"/rescan"}},
		"original message, in other": {"/rescan\n\n-----Ursprüngliche Nachricht-----\n/hold", []string{"/rescan"}},
		"Outlook":                    {"/rescan\n\n________________________________\nFrom: Mary\nSent: Friday\nSubject: Re: x\n\n/hold", []string{"/rescan"}},
		"Outlook, bold":              {"/rescan\n\n**From:** Mary\n**Sent:** Friday\n\n/hold", []string{"/rescan"}},
		"mail in a quote":            {"> On Friday Mary wrote:\n> > text\n\n/rescan", []string{"/rescan"}},
		"mail in code":               {"```\nOn Friday Mary wrote:\n```\n/rescan", []string{"/rescan"}},
		"no mail":                    {"From: here\nit goes on\n/rescan", []string{"/rescan"}},
		"no mail either":             {"On it\n/rescan\n\nwrote:", []string{"/rescan"}},

		"path":             {"/etc/passwd", nil},
		"path of a word":   {"/help/me\n/rescan/", nil},
		"longer":           {"/rescanfoo\n/rescan-all\n/hold-off\n/help.txt", nil},
		"other bots":       {"/lgtm\n/approve\n/retest\n/test all\n/assign me\n/close\n/reopen\n/ok-to-test\n/cherry-pick main\n/label x\n/kind bug\n/retitle a\n/release\n/review\n/run", nil},
		"folders":          {"/home\n/opt\n/var\n/usr\n/root\n/hosts", nil},
		"very long":        {"/" + strings.Repeat("rescan", 2000), nil},
		"long s":           {"/re\u017fcan", nil},
		"Greek":            {"/h\u03bfld", nil},
		"other bot beside": {"/lgtm\n/rescan", []string{"/rescan"}},

		"transposed":   {"/rescna", []string{"mistake: `/rescna`: there is no such command; did you mean `/rescan`?"}},
		"missing":      {"/recrate", []string{"mistake: `/recrate`: there is no such command; did you mean `/recreate`?"}},
		"more":         {"/expplain nginx", []string{"mistake: `/expplain nginx`: there is no such command; did you mean `/explain`?"}},
		"dash":         {"/re-base", []string{"mistake: `/re-base`: there is no such command; did you mean `/rebase`?"}},
		"punctuation":  {"/rescan!", []string{"mistake: `/rescan!`: there is no such command; did you mean `/rescan`?"}},
		"full stop":    {"/rescan.", []string{"mistake: `/rescan.`: there is no such command; did you mean `/rescan`?"}},
		"emoji behind": {"/hold👍🏽", []string{"mistake: `/hold👍🏽`: there is no such command; did you mean `/hold`?"}},
		"glued":        {"/unhold:ghcr.io/acme/api", []string{"mistake: `/unhold:ghcr.io/acme/api`: there is no such command; did you mean `/unhold`?"}},
		"one wrong":    {"/rescan\n/hodl", []string{"mistake: `/hodl`: there is no such command; did you mean `/hold`?"}},
		"two wrong":    {"/rescna\n/hodl", []string{"mistake: `/rescna`: there is no such command; did you mean `/rescan`?", "mistake: `/hodl`: there is no such command; did you mean `/hold`?"}},

		"zero-width within":  {"/res\u200bcan", []string{"mistake: `/res\\u200bcan`: it has characters that nobody sees; type it anew"}},
		"zero-width behind":  {"/rescan\u200d", []string{"mistake: `/rescan\\u200d`: it has characters that nobody sees; type it anew"}},
		"bidi":               {"/unhold \u202exnign", []string{"mistake: `/unhold \\u202exnign`: it has characters that nobody sees; type it anew"}},
		"soft hyphen":        {"/explain ng\u00adinx", []string{"mistake: `/explain ng\\u00adinx`: it has characters that nobody sees; type it anew"}},
		"escape sequence":    {"/hold \x1b[2K", []string{"mistake: `/hold \\u001b[2K`: it has characters that nobody sees; type it anew"}},
		"not UTF-8":          {"/hold \xff", []string{"mistake: `/hold \\xff`: it has characters that nobody sees; type it anew"}},
		"non-breaking space": {"/unhold\u00a0nginx\u00a0", []string{"/unhold docker.io/library/nginx"}},
		"ideographic space":  {"/unhold\u3000nginx", []string{"/unhold docker.io/library/nginx"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, parsed(t, c.body)); diff != "" {
				t.Errorf("%q: -want +got\n%s", c.body, diff)
			}
		})
	}
}

func TestHowMany(t *testing.T) {
	t.Parallel()
	names := func(n int) string {
		var lines []string
		for i := range n {
			lines = append(lines, fmt.Sprintf("/explain image%d", i))
		}
		return strings.Join(lines, "\n")
	}
	if got := parsed(t, names(10)); len(got) != 10 || got[9] != "/explain docker.io/library/image9" {
		t.Errorf("ten come to %q", got)
	}
	want := []string{"mistake: a comment may give 10 commands, and this one gives 11: write another comment for the rest"}
	if diff := cmp.Diff(want, parsed(t, names(11))); diff != "" {
		t.Errorf("eleven: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(want, parsed(t, strings.Repeat("/hold\n", 11))); diff != "" {
		t.Errorf("eleven of the same: -want +got\n%s", diff)
	}
}

func TestHowLong(t *testing.T) {
	t.Parallel()
	const most = 16 << 10
	filling := strings.Repeat("words ", most/6)
	if got := parsed(t, filling+filling); got != nil {
		t.Errorf("a long comment without commands comes to %q", got)
	}
	fits := filling[:most-len("\n/rescan")] + "\n/rescan"
	if diff := cmp.Diff([]string{"/rescan"}, parsed(t, fits)); diff != "" {
		t.Errorf("16 KiB: -want +got\n%s", diff)
	}
	want := []string{"mistake: the comment has more than 16 KiB, and is not read: give commands in one of their own"}
	if diff := cmp.Diff(want, parsed(t, "a"+fits)); diff != "" {
		t.Errorf("more: -want +got\n%s", diff)
	}
}
