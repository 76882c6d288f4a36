package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
)

// broken are files of one error each, with its line. The name of the file is
// left out.
var broken = []struct{ name, src, want string }{
	{"unknown key", "schedul: 1h\n", `1:1: schedul: unknown key "schedul" (did you mean "schedule"?)`},
	{"unknown key, case", "defaults:\n  minage: 3d\n", `2:3: defaults.minage: unknown key "minage" (did you mean "minAge"?)`},
	{"unknown key, far", "wibbledy: 1\n", `1:1: wibbledy: unknown key "wibbledy" (known here: version, extends, schedule, timezone, scan, defaults, rules, ignore, freeze, pullRequests, changelog, dashboard, enforce)`},
	{"key of Renovate", "rules:\n  - match: {image: nginx}\n    automerge: true\n", `3:5: rules[0].automerge: unknown key "automerge" (write merge: {auto: true})`},
	{"key of Argo CD", "defaults: {pull-secret: docker-cred}\n", `1:12: defaults.pull-secret: unknown key "pull-secret" (credentials belong to the server's configuration)`},
	{"duplicate key", "schedule: 1h\ndashboard: true\nschedule: 2h\n", `3:1: schedule: "schedule" is there twice: first at 1:1 (keep one of them)`},
	{"merge key", "defaults: &a {draft: true}\nrules:\n  - match: {image: nginx}\n    <<: {draft: true}\n", `4:5: rules[0]: merge keys are not read here (write the keys out)`},
	{"alias", "defaults: {group: &a apps, title: *a}\n", `1:35: defaults.title: aliases are not read here (write out what &a stands for, or quote "*a")`},
	{"tag", "defaults: {group: !x apps}\n", `1:19: defaults.group: the tag !x is not read here (remove it, or quote a value that begins with !)`},
	{"boolean yes", "dashboard: yes\n", `1:12: dashboard: expected true or false, found the text "yes" (write true)`},
	{"boolean off", "defaults: {draft: off}\n", `1:19: defaults.draft: expected true or false, found the text "off" (write false)`},
	{"quoted boolean", "dashboard: \"true\"\n", `1:12: dashboard: expected true or false, found the text "true" (write true)`},
	{"number for a range", "defaults:\n  constraint: 1.20\n", `2:15: defaults.constraint: expected a text, found the number 1.20 (quote it: "1.20")`},
	{"number for a label", "defaults: {labels: [1]}\n", `1:21: defaults.labels[0]: expected a text, found the number 1 (quote it: "1")`},
	{"text for a list", "defaults: {tags: {allow: \"^v\"}}\n", `1:26: defaults.tags.allow: expected a list, found the text "^v" (write ["^v"])`},
	{"list for a mapping", "defaults: [a]\n", `1:11: defaults: expected a mapping, found a list`},
	{"text for a number", "pullRequests: {limit: \"3\"}\n", `1:23: pullRequests.limit: expected a whole number, found the text "3" (write it without quotes)`},
	{"nothing", "defaults:\n  constraint:\n", `2:14: defaults.constraint: nothing stands here (write a value, or leave the key out)`},
	{"nothing for a list", "defaults: {labels: }\n", `1:20: defaults.labels: nothing stands here (write a value, or leave the key out)`},
	{"nothing to match", "rules:\n  - match: {image: }\n    draft: true\n", `2:20: rules[0].match.image: nothing stands here (write a value, or leave the key out)`},
	{"empty list to match", "rules:\n  - match: {image: []}\n    draft: true\n", `2:20: rules[0].match.image: an empty list matches nothing (leave the key out to match everything)`},
	{"empty entry", "rules:\n  -\n", `2:4: rules[0]: nothing stands here (remove the entry)`},
	{"top level list", "- version: 1\n", `1:1: expected a mapping, found a list (the file begins with a key, such as version: 1)`},
	{"top level text", "hello\n", `1:1: expected a mapping, found the text "hello" (the file begins with a key, such as version: 1)`},
	{"version", "version: 2\n", `1:10: version: version 2 is not known (write version: 1)`},
	{"limit", "pullRequests: {limit: 0}\n", `1:23: pullRequests.limit: 0 is out of range (from 1 to 100)`},

	{"bad range", "defaults: {constraint: \"^1..2\"}\n", `1:24: defaults.constraint: invalid range "^1..2" (write ">=1.2, <2", "^1.2", "~1.2", "1.2.x" or "1.x || 3.x")`},
	{"maven range", "defaults: {constraint: \"[1.0,2.0)\"}\n", `1:24: defaults.constraint: invalid range "[1.0,2.0)" (intervals are written with comparisons: ">=1.0, <2.0")`},
	{"bad regexp", "defaults: {tags: {allow: ['v(']}}\n", `1:27: defaults.tags.allow[0]: invalid regular expression "v(": missing closing ) at "v(" (RE2 syntax; a backslash needs single quotes or \\ in double ones)`},
	{"look-around", "defaults: {tags: {allow: ['^(?!rc)']}}\n", `1:27: defaults.tags.allow[0]: invalid regular expression "^(?!rc)": invalid or unsupported Perl syntax at "(?!" (RE2 knows no look-around: say in tags.allow what must fit, and in tags.ignore what must not)`},
	{"back-reference", "defaults: {tags: {allow: ['(a)\\1']}}\n", `1:27: defaults.tags.allow[0]: invalid regular expression "(a)\\1": invalid escape sequence at "\\1" (RE2 knows no back-references)`},
	{"glob for a regexp", "defaults: {tags: {allow: [\"*-alpine\"]}}\n", `1:27: defaults.tags.allow[0]: invalid regular expression "*-alpine": missing argument to repetition operator at "*" (this is no glob: write "-alpine$")`},
	{"bad glob", "rules:\n  - match: {path: \"envs/[\"}\n    draft: true\n", `2:19: rules[0].match.path: invalid glob "envs/[" (check its brackets and backslashes)`},
	{"stars beside text", "rules:\n  - match: {path: \"envs/**.yaml\"}\n    draft: true\n", `2:19: rules[0].match.path: glob "envs/**.yaml": ** beside other characters is only a * (** stands alone between slashes: write a/**/b, or * within a segment)`},
	{"image with tag", "rules:\n  - match: {image: \"nginx:1.25\"}\n    draft: true\n", `2:20: rules[0].match.image: "nginx:1.25": an image is matched by its name, without tag "1.25" (write "nginx", and constraint or tags for the versions)`},
	{"image with capitals", "rules:\n  - match: {image: ghcr.io/Acme/api}\n    draft: true\n", `2:20: rules[0].match.image: "ghcr.io/Acme/api" matches nothing: image names have no capitals (write "ghcr.io/acme/api")`},
	{"path from the root", "rules:\n  - match: {path: /envs/dev/**}\n    draft: true\n", `2:19: rules[0].match.path: "/envs/dev/**" matches nothing: paths begin at the top of the repository, without / or ./ (write "envs/dev/**")`},
	{"folder", "rules:\n  - match: {path: envs/dev/}\n    draft: true\n", `2:19: rules[0].match.path: "envs/dev/" matches no file (write "envs/dev/**")`},
	{"negated glob", "scan: {exclude: [\"!a\"]}\n", `1:18: scan.exclude[0]: "!a": a glob takes nothing back (list what is meant; scan.exclude takes files out)`},
	{"bad cron line", "schedule: \"0 25 * * *\"\n", `1:11: schedule: "0 25 * * *" is no cron line: end of range (25) above maximum (23): 25 (minute, hour, day of month, month, day of week: "0 6 * * mon-fri")`},
	{"cron line that never comes", "schedule: \"0 0 31 2 *\"\n", `1:11: schedule: "0 0 31 2 *" never comes (no month has that day)`},
	{"cron line with a zone", "schedule: \"TZ=UTC 0 0 * * *\"\n", `1:11: schedule: a cron line carries no zone of its own (use the key timezone)`},
	{"cron line with a zone alone", "schedule: \"TZ=\"\n", `1:11: schedule: a cron line carries no zone of its own (use the key timezone)`},
	{"too often", "schedule: 10s\n", `1:11: schedule: "10s" is too often (write at least 5m)`},
	{"too often by cron", "schedule: \"* * * * *\"\n", `1:11: schedule: "* * * * *" is too often (leave at least 5 minutes between)`},
	{"duration without unit", "defaults: {minAge: 3}\n", `1:20: defaults.minAge: "3" has no unit (write 3d for days, 3h for hours or 3m for minutes)`},
	{"bad duration", "defaults: {minAge: 3 days}\n", `1:20: defaults.minAge: "3 days" is no duration: the units are w, d, h, m and s, each once, the largest first (write 3d, 1w, 24h or 1h30m)`},
	{"negative duration", "defaults: {minAge: -3}\n", `1:20: defaults.minAge: "-3" is no duration (write 3d, 1w, 24h or 1h30m)`},
	{"long duration", "defaults: {minAge: 99999999999w}\n", `1:20: defaults.minAge: "99999999999w" is no duration: it is longer than ten years (write 3d, 1w, 24h or 1h30m)`},
	{"bad date", "ignore: [{image: nginx, until: 2027-02-30}]\n", `1:32: ignore[0].until: "2027-02-30" is no day (write YYYY-MM-DD, as 2027-01-31)`},
	{"bad zone", "timezone: Berlin\n", `1:11: timezone: "Berlin" is no time zone (write the name of a place, such as "Europe/Berlin", or UTC)`},
	{"zone of the machine", "timezone: Local\n", `1:11: timezone: "Local" is no time zone (write the name of a place, such as "Europe/Berlin", or UTC)`},
	{"template, unknown field", "defaults: {group: \"{{ .Image.Nam }}\"}\n", `1:19: defaults.group: invalid template "{{ .Image.Nam }}": unknown field ".Image.Nam" (did you mean ".Image.Name"?)`},
	{"template, function", "defaults: {group: \"{{ printf .Path }}\"}\n", `1:19: defaults.group: invalid template "{{ printf .Path }}": "printf .Path" is no field; functions, pipes and conditions are not available (write a field, as "{{ .Image.Name }}", or one of the folders, as "{{ index .Dirs 0 }}")`},
	{"template, empty name", "defaults: {group: \"{{ index .Dirs 1 }}\"}\n", `1:19: defaults.group: the template "{{ index .Dirs 1 }}" can yield an empty name (add a word: "apps {{ index .Dirs 1 }}")`},
	{"template, not closed", "defaults: {group: \"a {{ .Path\"}\n", `1:19: defaults.group: invalid template "a {{ .Path": {{ without }}`},
	{"template without quotes", "defaults:\n  group: {{ .Image.Name }}\n", `2:10: defaults.group: expected a text, found a mapping (write templates in quotes: "{{ … }}")`},
	{"template that begins a text", "defaults:\n  group: {{ .Image.Name }}-x\n", `2:27: no valid YAML: did not find expected key (write templates in quotes: "{{ .Image.Name }}-x")`},
	{"window without days", "defaults: {window: [\"09:00-17:00\"]}\n", `1:21: defaults.window[0]: "09:00-17:00" is no window (days are missing: write "mon-sun 09:00-17:00")`},
	{"window without times", "defaults: {window: [\"sat,sun\"]}\n", `1:21: defaults.window[0]: "sat,sun" is no window (times are missing: write "sat,sun 00:00-24:00")`},
	{"window, bad day", "defaults: {window: [\"mo-fr 09:00-17:00\"]}\n", `1:21: defaults.window[0]: "mo-fr 09:00-17:00" is no window: "mo-fr" is none of mon, tue, wed, thu, fri, sat, sun and their ranges (write days and times, as "mon-fri 09:00-17:00" or "sat,sun 22:00-06:00")`},
	{"window, bad time", "defaults: {window: [\"mon 9-17\"]}\n", `1:21: defaults.window[0]: "mon 9-17" is no window: "9-17" is not hh:mm-hh:mm (write days and times, as "mon-fri 09:00-17:00" or "sat,sun 22:00-06:00")`},
	{"platform alone", "defaults: {platforms: [aarch64]}\n", `1:24: defaults.platforms[0]: "aarch64" is no platform: it is made of system/architecture[/variant] (write "linux/arm64")`},
	{"platform, machine name", "defaults: {platforms: [linux/x86_64]}\n", `1:24: defaults.platforms[0]: "linux/x86_64": unknown architecture "x86_64" (write "linux/amd64")`},
	{"kind", "defaults: {update: [majr]}\n", `1:21: defaults.update[0]: "majr" is none of major, minor, patch, build, digest, pin, flavor, tag, rollback (did you mean "major"?)`},
	{"no kinds", "defaults: {update: []}\n", `1:20: defaults.update: without kinds nothing is updated (write enabled: false)`},
	{"strategy", "defaults: {strategy: semvr}\n", `1:22: defaults.strategy: "semvr" is none of semver, newest, alphabetical, numerical, digest (did you mean "semver"?)`},
	{"checks of no name", "defaults: {merge: {checks: []}}\n", `1:28: defaults.merge.checks: a list without names wants no check (write none if that is meant)`},
	{"check without a name", "defaults: {merge: {checks: [build, \" \"]}}\n", `1:36: defaults.merge.checks[1]: the name is empty (write the name that GitHub shows of the check)`},
	{"check that is no word", "defaults: {merge: {checks: build}}\n", `1:28: defaults.merge.checks: "build" is none of required, all, none (write ["build"] for a check of that name)`},
	{"check of a number", "defaults: {merge: {checks: [1]}}\n", `1:29: defaults.merge.checks[0]: expected a text, found the number 1 (quote it: "1")`},
	{"check of our own", "defaults: {merge: {checks: [imageupdater/config]}}\n", `1:29: defaults.merge.checks[0]: "imageupdater/config": the App never waits for its own checks (leave it out)`},
	{"check of two lines", "defaults: {merge: {checks: [\"a\\nb\"]}}\n", `1:29: defaults.merge.checks[0]: "a\nb": a name has no control characters`},
	{"via github and window", "defaults: {merge: {via: github, window: [\"mon 09:00-10:00\"]}}\n", `1:25: defaults.merge.via: via: github goes with no merge.window: nobody could take the merge back from GitHub in time (write via: app)`},
	{"via github and freeze", "freeze: [{from: 2026-12-20, to: 2027-01-03}]\nrules:\n  - match: {image: nginx}\n    merge: {via: github}\n", `4:18: rules[0].merge.via: via: github goes with no freeze: nobody could take the merge back from GitHub in time (write via: app, or remove freeze)`},
	{"via github below a window", "defaults: {merge: {window: [\"mon 09:00-10:00\"]}}\nrules:\n  - match: {image: nginx}\n    merge: {via: github}\n", `4:18: rules[0].merge.via: via: github goes with no merge.window, and defaults set one (write window: [] beside it, or via: app)`},
	{"window over via github", "defaults: {merge: {via: github}}\nrules:\n  - match: {image: nginx}\n    merge: {window: [\"mon 09:00-10:00\"]}\n", `4:21: rules[0].merge.window: merge.window goes with no via: github, which defaults set (write via: app beside it)`},
	{"rule for kinds", "rules:\n  - match: {update: major}\n    tags: {allow: ['^v']}\n", `3:19: rules[0].tags.allow: a rule with match.update cannot set tags (move it to a rule without match.update; allowed here are minAge, group, title, labels, reviewers, assignees, draft, window, merge)`},
	{"reviewer", "defaults: {reviewers: [\"a b\"]}\n", `1:24: defaults.reviewers[0]: "a b" is neither a user nor a team (write "@user" or "@org/team")`},
	{"team as assignee", "defaults: {assignees: [acme/platform]}\n", `1:24: defaults.assignees[0]: "acme/platform" is a team; pull requests are assigned to people (teams can review only: write reviewers)`},
	{"long label", "defaults: {labels: [" + strings.Repeat("x", 51) + "]}\n", `1:21: defaults.labels[0]: the label "` + strings.Repeat("x", 51) + `" has 51 characters; GitHub allows 50`},
	{"freeze backwards", "freeze: [{from: 2027-01-03, to: 2026-12-20}]\n", `1:10: freeze[0]: it ends on 2026-12-20, before it begins on 2027-01-03 (swap from and to, or check the year)`},
	{"freeze without end", "freeze: [{from: 2027-01-03}]\n", `1:10: freeze[0]: the key "to" is missing`},
	{"ignore all", "ignore: [{reason: why}]\n", `1:10: ignore[0]: the entry would ignore everything (write image, path, versions or tags; defaults: {enabled: false} turns everything off)`},
	{"field without image", "scan: {fields: [{files: [a.yaml], path: a.b}]}\n", `1:17: scan.fields[0]: nothing says which image it is (write image or imagePath, or kind: reference if the name stands in the value)`},
	{"field with a bad path", "scan: {fields: [{files: [a.yaml], path: \"a..b\", image: nginx}]}\n", `1:41: scan.fields[0].path: "a..b" is no path: "..b" cannot be read (write keys joined by dots, as spec.images[0].tag or metadata.annotations["a.b/c"])`},
	{"field with a tagged image", "scan: {fields: [{files: [a.yaml], path: a, image: \"nginx:1\"}]}\n", `1:51: scan.fields[0].image: "nginx:1": the name goes without tag and digest (write "nginx")`},
	{"branch", "pullRequests: {base: \"a b\"}\n", "1:22: pullRequests.base: \"a b\" is no branch: it holds a blank or one of ~^:?*[\\"},
	{"branch prefix", "pullRequests: {branchPrefix: \"\"}\n", `1:30: pullRequests.branchPrefix: "" is no beginning of a branch: it is empty; branches of ours must be told from others (write imageupdater/)`},
	{"extends", "extends: [acme]\n", `1:11: extends[0]: "acme" names no file of a repository (write owner/repo, owner/repo:path/to/file.yaml or owner/repo@branch)`},
	{"source", "changelog: {sources: {nginx: \"git@github.com\"}}\n", `1:30: changelog.sources.nginx: "git@github.com" is no address of a repository (write "https://github.com/…")`},
	{"enforce allows", "enforce: {merge: {auto: true}}\n", `1:25: enforce.merge.auto: enforce can only forbid (write false, or allow it under defaults)`},

	{"unquoted range", "defaults:\n  constraint: >=1.2\n", `2:16: no valid YAML: did not find expected comment or line break (a value that begins with > needs quotes: ">=1.2")`},
	{"unquoted star", "rules:\n  - match: {image: */acme/api}\n", `2:20: no valid YAML: unknown anchor '/acme/api' referenced (a value that begins with * needs quotes: "*/acme/api")`},
	{"unquoted reviewer", "defaults:\n  reviewers: [@acme/platform]\n", `2:15: no valid YAML: found character that cannot start any token (a value that begins with @ needs quotes: "@acme/platform")`},
	{"tab", "defaults:\n\tdraft: true\n", `2:1: no valid YAML: found character that cannot start any token (indent with spaces: YAML allows no tabs there)`},
	{"documents", "version: 1\n---\nversion: 1\n", `2:1: a second YAML document begins here (the file is one document: remove the --- between them)`},
	{"not UTF-8", "version: 1\nx: \xff\n", `2:4: the file is not UTF-8: no character begins with the byte here (save it as UTF-8)`},
	{"UTF-16", "\xff\xfev\x00", `1:1: the file is UTF-16 (save it as UTF-8)`},
	{"NUL", "version: 1\nx: \x00\n", `2:4: a NUL byte: this is no text`},
	{"2 MB", strings.Repeat("# 34567\n", 1<<18), `1:1: the file is larger than 1048576 bytes, which is the most that is read (put shared rules into a file that others extend)`},
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for _, test := range broken {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := config.Load(t.Context(), "f", []byte(test.src), config.Options{Now: today})
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff("f:"+test.want, err.Error()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			var one *config.Error
			if !errors.As(err, &one) || one.Line < 1 || one.Column < 1 {
				t.Errorf("no position: %#v", err)
			}
		})
	}
}
