package foreign_test

// hostileWords are notes that want to tell somebody, to leave a trace somewhere or to
// close something.
func hostileWords() []string {
	return []string{
		"@octocat", "Thanks @octocat!", "(@octocat)", "cc:@octocat,@hubot", "@acme/security please look", "@Acme/Team_Name", "@octo_acme",
		"a@octocat", "bump @babel/core to 7", "@0ctocat", "@octocat@hubot", "@@octocat", "-@octocat-", "\"@octocat\"", "é@octocat", "＠octocat @octocat",
		"&#64;octocat", "&#x40;octocat", "&commat;octocat", "&#0000064;octocat", `\@octocat`, "@&#111;ctocat", "@&#x6f;ctocat",
		"@<!-- -->octocat", "@<b></b>octocat", "@<b>octocat</b>", "@**octocat**", "**@**octocat", "@*<i></i>*octocat", "@``octocat",
		"@\u200boctocat", "@\u2060octocat", "@\u00adoctocat", "@\ufe0foctocat", "@&#8203;octocat", "@&zwj;octocat", "@&shy;octocat", "@\x00octocat", "@\\\noctocat",
		"[@octocat](https://example.org)", "[@octocat]", "[@octocat]: https://example.org\n\n[@octocat]", "![@octocat](https://example.org/a.png)",
		"# @octocat", "@octocat\n===", "> @octocat", "- @octocat", "1. @octocat", "| @octocat |\n|---|\n| @hubot |", "~~@octocat~~", "_@octocat_", "__@octocat__",
		"<b>@octocat</b>", "<div>@octocat</div>", "<div>\n@octocat &#64;hubot\n</div>", "<details><summary>@octocat</summary>@hubot</details>", "<a href=\"https://example.org\">@octocat</a>",
		"<img alt=\"@octocat\" src=x>", "<p>@<span></span>octocat</p>", "mail me@example.org", "<me@example.org>", "mailto:me@example.org", "xmpp:me@example.org/x",
		"Co-authored-by: Octo Cat <octocat@github.com>", "Signed-off-by: @octocat", "```\ncode\n```\n@octocat", "    code\n\n@octocat", "`@octocat` @octocat", "`a` @octocat `b",
		"[^1] @octocat\n\n[^1]: @hubot says hi", "@octocat's", "@octocat.", "@octocat_", "@octocat-", "@acme/a.b", "@acme/-a", "@acme/@hubot", "&amp;#64;octocat", "&amp;commat;octocat",

		"#1", "see #12 and (#34)", "fixes #1", "Fixes: #1", "closes  #1", "resolved\n#1", "FIXED #1, closed #2", "fix#1", "Fixes **#1**", "Fixes <b></b>#1", "Fixes [#1](https://github.com/acme/api/issues/1)",
		"closes GH-1", "gh-1", "GH-0001", "Gh-12a", "xGH-1", "closes acme/api#1", "acme/api#1", "octocat#1", "AB#12", "acme/api@16c999e8c71134401a78d4d46435517b2271d6ac", "octocat@16c999e8c71134401a78d4d46435517b2271d6ac",
		"16c999e8c71134401a78d4d46435517b2271d6ac", "16c999e", "a 16c999e, b", "(deadbeef)", "16c999e...26c999e", "1234567", "&#35;1", "&num;1", "&#x23;1", `\#1`, "#&#49;", "#\u200b1", "#<!-- -->1", "#<i></i>1", "#\\\n1",
		"fixes https://github.com/acme/api/issues/1", "https://github.com/acme/api/pull/1", "http://github.com/acme/api/discussions/1", "https://www.github.com/acme/api/issues/1", "https://GitHub.com/acme/api/issues/1",
		"https://github.com./acme/api/issues/1", "https://github.com:443/acme/api/issues/1", "github.com/acme/api/issues/1", "www.github.com/acme/api/issues/1", "//github.com/acme/api/issues/1",
		"<https://github.com/acme/api/issues/1>", "[a](https://github.com/acme/api/issues/1)", "[a](<https://github.com/acme/api/issues/1>)", "[a](https://github.com/acme/api/issues/1 \"fixes #1\")",
		"[a]\n\n[a]: https://github.com/acme/api/issues/1", "[a][b]\n\n[b]: <https://github.com/acme/api/issues/1> 'fixes #1'", "[a](https&colon;//github.com/acme/api/issues/1)", "[a](https://github&period;com/acme/api/issues/1)",
		"[a](https://%67ithub.com/acme/api/issues/1)", "[a](https://ｇｉｔｈｕｂ.com/acme/api/issues/1)", "[a](https://github。com/acme/api/issues/1)", "[a](https://github.com/acme/api/%69ssues/1)", "[a](https://github.com\\/acme/api/issues/1)",
		"[https://github.com/acme/api/issues/1](https://example.org)", "https://github.com/acme/api/commit/16c999e8c71134401a78d4d46435517b2271d6ac", "https://github.com/acme/api/compare/16c999e...26c999e",
		"<a href=\"https://github.com/acme/api/issues/1\">a</a>", "<a href='https://github.com/acme/api/issues/1'>#1</a>", "<div><a href=https://github.com/acme/api/issues/1>fixes</a></div>", "fixes https\\://github.com/acme/api/issues/1",
		"https:<!-- -->//github.com/acme/api/issues/1", "https:/<b></b>/github.com/acme/api/issues/1", "htt<b></b>ps://github.com/acme/api/issues/1", "https&#58;//github.com/acme/api/issues/1", "https://github.com/acme/api/issues/1#issuecomment-2",
		"HTTPS://GITHUB.COM/ACME/API/ISSUES/1", "ftp://example.org/#1", "git://github.com/acme/api.git", "git@github.com:acme/api.git", "ssh://git@github.com/acme/api", "https://example.org/@octocat", "https://example.org/#1", "https://example.org/?q=@octocat&r=#1",
		"Duplicate of #1", "/cc @octocat", "/merge", "text\n/merge", "\\/merge", "- /merge", "&sol;merge", "<div>\n/merge\n</div>", "$a$", "$$\na\n$$", "\\$a\\$", "&dollar;a&dollar;", "$`a`$", "a $b $c d$", "`$`a`$`",
		"[ci skip]", "- [ ] a\n- [x] b\n- [X] c", "[x] a", "- [<b></b>x] a", "- &#91;x&#93; a", "- \\[x\\] a", "- [\u00a0] a", "- [` `] a", "- [  ] a", "- [<br>] a", "- [\n] a", "| [<br>] |\n|-|", "# [<br>] a", "* [ ]\n* [x]", "1. [ ] a", "> - [x] a", "- [\tx] a\n- [\t] b", "- [x]\n\n[x]: https://example.org",
		"\u202etxet\u202c", "a\u200db", "a\u2066b\u2069", "\ufeff# a", "a\u061cb", "a\x1b[31mb", "a\x07b", "a\u0085b\u2028c\u2029d", "\U000e0041\U000e0042", "\u3164", "&#x202e;a", "&lrm;a&rlm;", "`a\u202eb`", "```\na\u202eb\x1b\n```", "Z̴̧̢̛͓̻̝̫͖͕̬̍̍a̸͖͚̐l̷̨̛g̶o", "\xff\xfe", "&#0;&#xd800;&#x110000;", "\u115f\u2800a",
	}
}
