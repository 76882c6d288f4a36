package githubtest_test

import (
	"net/http"
	"regexp"
	"strings"
)

// firstSeen is the month in which GitHub was first seen to answer with a key or
// a header, or "never" where only the description of today knows it. In older
// recordings it is missing, and the stand-in is a GitHub of today.
func firstSeen() map[string]string {
	seen := map[string]string{}
	for month, names := range map[string]string{
		"2020-03": "active_lock_reason reset resources.graphql resources.integration_manifest resources.search resources.source_import",
		"2020-08": "X-RateLimit-Used",
		"2020-09": "app_slug suspended_at suspended_by",
		"2020-11": "has_multiple_single_files single_file_paths",
		"2021-04": "X-RateLimit-Resource",
		"2021-07": "auto_merge",
		"2022-03": "allow_forking is_template topics visibility",
		"2022-04": "maintain triage",
		"2022-08": "web_commit_signoff_required",
		"2022-09": "closed_by reactions state_reason",
		"2022-11": "X-GitHub-Api-Version-Selected",
		"2023-05": "client_id",
		"2024-03": "has_discussions",
		"2025-01": "user_view_type",
		"2026-06": "has_pull_requests issue_dependencies_summary issue_field_values pinned_comment pull_request_creation_policy sub_issues_summary type use_squash_pr_title_as_default",
		"never": "allow_fork_syncing allowed_merge_methods block_creations checks domains immutable lock_branch notification_setting organization_id " +
			"require_last_push_approval required_conversation_resolution required_signatures search_type used verified_at",
	} {
		for name := range strings.FieldsSeq(names) {
			seen[name] = month
		}
	}
	return seen
}

// difference is one that stays, and why. The operation may be "" for any, or
// the beginning of its name.
type difference struct{ operation, found, reason string }

func differences() []difference {
	const (
		nothingOf  = "the stand-in has no "
		ofTheScene = "it is as the scene has made it: "
	)
	return []difference{
		{"", `^null .*license$`, nothingOf + "licences"},
		{"", `^null .*milestone$`, nothingOf + "milestones"},
		{"", `^empty .*(topics|assets)$`, nothingOf + "topics and assets of releases"},
		{"", `^(empty|null) .*assignees?$`, ofTheScene + "nobody is assigned"},
		{"search/", `^empty .items\[\].labels$`, ofTheScene + "without labels"},
		{"issues/", `^null .closed_by$`, ofTheScene + "open"},
		{"checks/", `^form .*details_url`, "an App may give any address; what GitHub fills in is not in the recordings"},

		{"", `^header Last-Modified: none`, "of labels, trees, contents, tags and comparisons; they have an ETag, by which clients ask"},
		{"", `^header Link: none, recorded deprecation$`, "GitHub announces the end of a version of its API, not of the operation"},
		{"repos/compare", `^header Link`, "GitHub names the first page here even on the first page; nothing follows from that"},
		{"git/get-blob", `^header Content-Type`, "the description knows the media type that was asked for; GitHub says text/plain"},
		{"git/get-blob", `^header Cache-Control.*, recorded private, max-age=60,`, "GitHub lets blobs be kept for a day since 2021"},
		{"repos/get", `^header (ETag|Cache-Control): none`, "whoever recorded it has laid an error over a good answer's headers"},
		{"repos/get", `^message: .*before you try again\.", recorded .*before you try again"$`, "whoever recorded it has shortened it; others have it with the full stop"},

		{"", `^form .*download_url`, "GitHub has raw files on a host of their own"},
		{"", `^form .*(zip|tar)ball_url: /repos/O/R/(zip|tar)ball/refs/tags/NAME`, "GitHub names the whole ref since 2021"},
		{"apps/get-user-installation", `^form .html_url`, "whoever recorded it has replaced the number"},
		{"apps/list-installations", `^newer \[\].account.(created_at|name|slug|updated_at)$`, "the description wants an account that is a user and an enterprise at once"},
		{"apps/list-installations", `^unknown \[\].(client_id|account.user_view_type)$`, "the description of the list is older than that of an installation"},
		{"repos/list-releases", `^newer \[\].updated_at$`, "newer than the recording"},
		{"checks/list-for-ref", `^header X-.*, recorded none$`, "whoever recorded it has left headers out"},
		{"repos/get-", `^newer .updated_at$`, "newer than the recording"},
		{"issues/list-for-repo", `^newer \[\].closed_by$`, "newer than the recording"},
		{"repos/get", `^missing .security_and_analysis$`, nothingOf + "scanners; only an admin sees it"},
		{"meta/get", `^(missing|unknown|newer) `, "it is an Enterprise server's, as the stand-in's addresses are"},
	}
}

// reasonOf is why a difference may stay, "" when it may not.
func reasonOf(r recording, found string) string {
	if name, is := addition(found); is && older(r, name) {
		return "newer than the recording"
	}
	for _, d := range differences() {
		if strings.HasPrefix(r.operation, d.operation) && regexp.MustCompile(d.found).MatchString(found) {
			return d.reason
		}
	}
	return ""
}

// addition is the key or the header that the recording has not.
func addition(found string) (string, bool) {
	if path, is := strings.CutPrefix(found, "newer "); is {
		return path, true
	}
	if rest, is := strings.CutPrefix(found, "header "); is && strings.HasSuffix(found, ", recorded none") {
		name, _, _ := strings.Cut(rest, ":")
		return name, true
	}
	return "", false
}

// older says whether the recording was made before GitHub had what a path ends
// with.
func older(r recording, path string) bool {
	at, err := http.ParseTime(r.header("Date"))
	for name, month := range firstSeen() {
		if path == name || strings.HasSuffix(path, "."+name) {
			return err != nil || month == "never" || at.Format("2006-01") < month
		}
	}
	return false
}
