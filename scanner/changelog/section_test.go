package changelog_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/changelog"
)

const keepAChangelog = `# Changelog

All notable changes. See [1.2.3] for more about 1.2.3.

## [Unreleased]

## [11.2.30] - 2026-03-01
### Added
- eleven

## [1.2.3] - 2026-01-01
### Added
- a thing, see [1.2.2](#122)

### Fixed
- another, which 1.2.4 breaks

` + "```\n## [9.9.9]\nnot a heading\n```" + `

## [1.2.3-rc.1] - 2025-12-24
- candidate

## [1.2.2] - 2025-12-01
- older

[Unreleased]: https://github.com/acme/api/compare/v1.2.3...HEAD
[1.2.3]: https://github.com/acme/api/compare/v1.2.2...v1.2.3
`

const conventional = `# [2.0.0](https://github.com/acme/api/compare/v1.9.1...v2.0.0) (2026-02-02)


### BREAKING CHANGES

* all of it

## [1.9.1](https://github.com/acme/api/compare/v1.9.0...v1.9.1) (2026-01-05)


### Bug Fixes

* one ([3f2a1b9](https://github.com/acme/api/commit/3f2a1b9))

# [1.9.0](https://github.com/acme/api/compare/v1.8.0...v1.9.0) (2026-01-01)

### Features

* nine
`

const setext = `Release notes
=============

v1.3.0 / 2026-01-10
-------------------

  * three

1.2.3 / 2026-01-01
------------------

  * two

Older
-----

gone
`

const tj = `2.1.0 / 2026-01-02
==================

 * second

2.0.0 / 2026-01-01
==================

 * first
`

const rst = `*********
Changelog
*********

Version 3.1.0 (2026-02-01)
==========================

Added
-----

- three one

Fixed
-----

- a fault of 3.0.1

.. _v3-0-1:

Version 3.0.1
=============

- three zero one
`

const bold = `**1.2.3** (2026-01-01)

- bold three

**Note** this is no heading

**v1.2.2**

- bold two
`

const nginx = `
Changes with nginx 1.25.3                                        24 Oct 2023

    *) Change: improved detection of misbehaving clients.

    *) Feature: startup speedup, as of 1.25.2.


Changes with nginx 1.25.2                                        15 Aug 2023

    *) Feature: path MTU discovery.
`

const monorepo = `## @acme/web@1.2.0

- web

## @acme/api@1.2.0

- api

## @acme/web@1.1.0

- old web
`

const nested = `# 1.2

About the whole line.

## 1.2.1

- patch

## 1.2.0

- first

# 1.1

- line
`

const subheadings = `## Upgrading from 1.2.3 to 1.3.0

Mind the gap.

## 1.3.0

### Breaking changes in 1.3.0

- it broke

### Kubernetes 1.28

- works

### Migrating 1.2.3

- carefully

## v1.2.3 "Quiet Owl" :owl:

- owl

## 1.2.0, 1.1.9 and 1.0.7 (security)

- one fix for all
`

func TestSection(t *testing.T) {
	for name, c := range map[string]struct {
		file, version string
		names         []string
		want          string // "" if there is none
		heading       string
	}{
		"Keep a Changelog":                   {keepAChangelog, "1.2.3", nil, "### Added\n- a thing, see [1.2.2](#122)\n\n### Fixed\n- another, which 1.2.4 breaks\n\n```\n## [9.9.9]\nnot a heading\n```", "[1.2.3] - 2026-01-01"},
		"never a part of a number":           {keepAChangelog, "1.2.30", nil, "", ""},
		"nor of another":                     {keepAChangelog, "11.2.3", nil, "", ""},
		"nor the number's end":               {keepAChangelog, "2.30", nil, "", ""},
		"the longer one":                     {keepAChangelog, "11.2.30", nil, "### Added\n- eleven", "[11.2.30] - 2026-03-01"},
		"a tag of Git":                       {keepAChangelog, "v1.2.2", nil, "- older", "[1.2.2] - 2025-12-01"},
		"a monorepo's tag":                   {keepAChangelog, "api/v1.2.2", []string{"api"}, "- older", "[1.2.2] - 2025-12-01"},
		"a pre-release":                      {keepAChangelog, "1.2.3-rc.1", nil, "- candidate", "[1.2.3-rc.1] - 2025-12-24"},
		"another pre-release":                {keepAChangelog, "1.2.3-rc.2", nil, "", ""},
		"spelt otherwise":                    {keepAChangelog, "1.2.3rc1", nil, "- candidate", "[1.2.3-rc.1] - 2025-12-24"},
		"not in code":                        {keepAChangelog, "9.9.9", nil, "", ""},
		"not a definition":                   {keepAChangelog, "1.2.4", nil, "", ""},
		"Windows' ends of lines":             {strings.ReplaceAll(keepAChangelog, "\n", "\r\n"), "1.2.2", nil, "- older", "[1.2.2] - 2025-12-01"},
		"a byte order mark":                  {"\ufeff# 1.0.0\n- x\n", "1.0.0", nil, "- x", "1.0.0"},
		"minor above patch":                  {conventional, "2.0.0", nil, "### BREAKING CHANGES\n\n* all of it", "[2.0.0](https://github.com/acme/api/compare/v1.9.1...v2.0.0) (2026-02-02)"},
		"patch below minor":                  {conventional, "1.9.1", nil, "### Bug Fixes\n\n* one ([3f2a1b9](https://github.com/acme/api/commit/3f2a1b9))", "[1.9.1](https://github.com/acme/api/compare/v1.9.0...v1.9.1) (2026-01-05)"},
		"not in a link":                      {conventional, "1.8.0", nil, "", ""},
		"underlined by dashes":               {setext, "1.2.3", nil, "  * two", "1.2.3 / 2026-01-01"},
		"underlined, with v":                 {setext, "1.3.0", nil, "  * three", "v1.3.0 / 2026-01-10"},
		"underlined twice":                   {tj, "2.1.0", nil, " * second", "2.1.0 / 2026-01-02"},
		"the last":                           {tj, "2.0.0", nil, " * first", "2.0.0 / 2026-01-01"},
		"reStructuredText":                   {rst, "3.1.0", nil, "Added\n-----\n\n- three one\n\nFixed\n-----\n\n- a fault of 3.0.1", "Version 3.1.0 (2026-02-01)"},
		"reStructuredText's last":            {rst, "3.0.1", nil, "- three zero one", "Version 3.0.1"},
		"bold":                               {bold, "1.2.3", nil, "- bold three\n\n**Note** this is no heading", "1.2.3 (2026-01-01)"},
		"bold, with v":                       {bold, "1.2.2", nil, "- bold two", "v1.2.2"},
		"nginx":                              {nginx, "1.25.3", []string{"nginx"}, "    *) Change: improved detection of misbehaving clients.\n\n    *) Feature: startup speedup, as of 1.25.2.", "Changes with nginx 1.25.3                                        24 Oct 2023"},
		"nginx's tag":                        {nginx, "release-1.25.2", []string{"nginx"}, "    *) Feature: path MTU discovery.", "Changes with nginx 1.25.2                                        15 Aug 2023"},
		"monorepo":                           {monorepo, "1.2.0", []string{"api"}, "- api", "@acme/api@1.2.0"},
		"monorepo, another":                  {monorepo, "1.2.0", []string{"web"}, "- web", "@acme/web@1.2.0"},
		"monorepo, neither":                  {monorepo, "1.2.0", []string{"cli"}, "", ""},
		"nested":                             {nested, "1.2.1", nil, "- patch", "1.2.1"},
		"two parts":                          {nested, "1.1", nil, "- line", "1.1"},
		"two parts are no line":              {nested, "1.2", nil, "About the whole line.", "1.2"},
		"three zeros":                        {nested, "1.2.0", nil, "- first", "1.2.0"},
		"two parts where three are missing":  {nested, "1.1.0", nil, "- line", "1.1"},
		"other headings":                     {subheadings, "1.3.0", nil, "### Breaking changes in 1.3.0\n\n- it broke\n\n### Kubernetes 1.28\n\n- works\n\n### Migrating 1.2.3\n\n- carefully", "1.3.0"},
		"a name and a picture":               {subheadings, "1.2.3", nil, "- owl", `v1.2.3 "Quiet Owl" :owl:`},
		"several versions in one":            {subheadings, "1.1.9", nil, "- one fix for all", "1.2.0, 1.1.9 and 1.0.7 (security)"},
		"the date before":                    {"# 2026-01-02 Version 1.2.3\n- x\n", "1.2.3", nil, "- x", "2026-01-02 Version 1.2.3"},
		"a date is no version":               {"# 1.0.0 - 2026-01-02\n- x\n", "2026.1.2", nil, "", ""},
		"a date that is one":                 {"# 2026.1.2\n- x\n# 2026.1.1\n", "2026.1.2", nil, "- x", "2026.1.2"},
		"an anchor":                          {"## <a name=\"1.2.2\"></a> 1.2.3\n- x\n", "1.2.3", nil, "- x", `<a name="1.2.2"></a> 1.2.3`},
		"closing marks":                      {"## 1.2.3 ##\n- x\n", "1.2.3", nil, "- x", "1.2.3"},
		"in a comment":                       {"<!--\n## 1.2.3\n- x\n-->\n## 1.2.2\n- y\n", "1.2.3", nil, "", ""},
		"nothing in it":                      {"## 1.2.3\n\n## 1.2.2\n- y\n", "1.2.3", nil, "", ""},
		"a table":                            {"## 1.2.4\n| 1.2.3 | x |\n|---|---|\n", "1.2.3", nil, "", ""},
		"a sentence":                         {"Fixed in 1.2.3 at last.\n\nmore\n", "1.2.3", nil, "", ""},
		"a line of a list":                   {"## 1.3.0\n\n- 1.2.3\n\ntext\n", "1.2.3", nil, "", ""},
		"a version of something else":        {"# Node 18.1.0 support\n- x\n", "18.1.0", []string{"api"}, "- x", "Node 18.1.0 support"},
		"no version":                         {keepAChangelog, "main", nil, "", ""},
		"no file":                            {"", "1.2.3", nil, "", ""},
		"a build of its own":                 {"## 1.2.3+build5\n- x\n", "1.2.3", nil, "", ""},
		"the same build":                     {"## 1.2.3+k3s1\n- x\n", "v1.2.3+k3s1", nil, "- x", "1.2.3+k3s1"},
		"an indented heading is code":        {"    # 1.2.3\n    - x\n", "1.2.3", nil, "", ""},
		"no space, no heading":               {"text\n#1.2.3\n- x\n", "1.2.3", nil, "", ""},
		"a heading without number goes on":   {"## 1.2.3\n- x\n#### More\n- y\n# 1.2.2\n", "1.2.3", nil, "- x\n#### More\n- y", "1.2.3"},
		"a heading of the same level ends":   {"## 1.2.3\n- x\n## Older\n- y\n", "1.2.3", nil, "- x", "1.2.3"},
		"GNU's news":                         {"* Version 1.2.3\n\n** Bug fixes\n\nx\n\n* Version 1.2.2\n\ny\n", "1.2.3", nil, "** Bug fixes\n\nx", "Version 1.2.3"},
		"the first of two that are the same": {"## 1.2.3\n- x\n## 1.2.3\n- y\n", "1.2.3", nil, "- x", "1.2.3"},
	} {
		t.Run(name, func(t *testing.T) {
			part, ok := changelog.ReadChangelog([]byte(c.file)).Section(c.version, c.names, 1<<20)
			if ok != (c.want != "") || part.Text != c.want {
				t.Fatalf("found %t:\n%s\n---- want\n%s", ok, part.Text, c.want)
			}
			if part.Heading != c.heading {
				t.Errorf("heading %q, want %q", part.Heading, c.heading)
			}
		})
	}
}

func TestSectionIsBounded(t *testing.T) {
	file := "# 1.2.3\n" + strings.Repeat("a line of text\n", 1000)
	part, ok := changelog.ReadChangelog([]byte(file)).Section("1.2.3", nil, 100)
	if !ok || !part.Cut || part.Text != strings.TrimSuffix(strings.Repeat("a line of text\n", 6), "\n") {
		t.Errorf("%t, cut %t: %q", ok, part.Cut, part.Text)
	}
	part, _ = changelog.ReadChangelog([]byte("# 1.2.3\nabc\n# 1.2.2\n")).Section("1.2.3", nil, 3)
	if part.Text != "abc" || part.Cut || part.Line != 1 {
		t.Errorf("%+v: it fits", part)
	}
	// What stands beyond 4 MiB is not looked at.
	far := strings.Repeat("x\n", 3<<20) + "# 1.2.3\n- far\n"
	if part, ok := changelog.ReadChangelog([]byte(far)).Section("1.2.3", nil, 100); ok {
		t.Errorf("found at line %d", part.Line)
	}
}

func TestFiles(t *testing.T) {
	got := strings.Join(changelog.Files([]string{"README.md", "NEWS", "changelog.txt", "HISTORY.rst", "ChangeLog.md", "CHANGELOG-1.28.md", "changelog.mdx"}), " ")
	if want := "ChangeLog.md changelog.txt HISTORY.rst NEWS"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzSection(f *testing.F) {
	for _, seed := range []string{keepAChangelog, conventional, setext, rst, bold, nginx, monorepo, nested, subheadings, "```\n~~~\n<!--\n", "#\n=\n---\n***\n1\n"} {
		f.Add(seed, "1.2.3", 100)
	}
	f.Fuzz(func(t *testing.T, file, version string, limit int) {
		limit = max(0, min(limit, 1000))
		part, ok := changelog.ReadChangelog([]byte(file)).Section(version, []string{"api"}, limit)
		if !ok {
			return
		}
		if len(part.Text) > limit || part.Text == "" || part.Line < 1 {
			t.Errorf("%d bytes of %d at line %d", len(part.Text), limit, part.Line)
		}
		clean := strings.ReplaceAll(strings.ToValidUTF8(file, "\ufffd"), "\r\n", "\n")
		if !strings.Contains(clean, part.Text) {
			t.Errorf("%q is not of the file", part.Text)
		}
	})
}

// Each is made to be slow to read: the time a byte must not grow with the size.
func BenchmarkReadChangelog(b *testing.B) {
	for name, line := range map[string]string{
		"text": "some text that says nothing at all, at some length\n", "empty": "\n", "headings": "# 1.2.4\n", "dashes": "---\n", "titles": "a\n---\n",
		"brackets": strings.Repeat("](", 140) + "1\n", "versions": "# " + strings.Repeat("1-", 130) + "\n", "plain": strings.Repeat("1.", 50) + "\n\n", "bold": "**1" + strings.Repeat("_1", 50) + "\n\n",
		"fences": "```\n", "long": strings.Repeat("# 1.2.3 ", 1<<17) + "\n",
	} {
		file := []byte(strings.Repeat(line, (4<<20)/len(line)))
		for _, size := range []int{1 << 20, 4 << 20} {
			b.Run(name+map[int]string{1 << 20: "/1MiB", 4 << 20: "/4MiB"}[size], func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					changelog.ReadChangelog(file[:min(size, len(file))]).Section("1.2.3", []string{"api"}, 1000)
				}
			})
		}
	}
}
