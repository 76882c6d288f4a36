// Package config is .imageupdater.yaml: its types, strict decoding, the rules
// laid over each other, and the JSON Schema. Docs are docs/configuration.md.
//
// It may import scanner/image and scanner/version. It reads no clock and no
// files: the caller hands it bytes and times.
package config

import (
	"time"

	"github.com/imageupdater/imageupdater/scanner/version"
)

// FileName is where a repository keeps its configuration.
const FileName = ".imageupdater.yaml"

// Config is a whole file, those that it extends laid under it and the built-in
// defaults under them. Load makes it; it is not changed afterwards and may be
// used by several goroutines.
type Config struct {
	Version  Setting[int]      `key:"version" doc:"The version of this format. There is only 1."`
	Extends  Setting[[]Base]   `key:"extends" doc:"Files that this one is laid over, as owner/repo[:path][@ref]; of the same owner only. The path is .imageupdater.yaml if left out."`
	Schedule Setting[Schedule] `key:"schedule" doc:"How often the repository is looked at: a duration of at least 5m, or a cron line of five fields in the zone of timezone."`
	Timezone Setting[Zone]     `key:"timezone" doc:"The IANA time zone of windows, freezes, dates and the cron line."`
	Scan     Scan              `key:"scan" doc:"Which files are looked at, and what for."`
	// Defaults hold every setting that the built-in defaults set.
	Defaults     Settings      `key:"defaults" doc:"Settings for every image."`
	Rules        []Rule        `key:"rules" doc:"Each rule that matches an image is laid over the defaults, in order; later ones win."`
	Ignore       []Ignore      `key:"ignore" doc:"Versions and tags that nothing moves to."`
	Freeze       []Freeze      `key:"freeze" doc:"Days on which no pull request is opened or merged."`
	PullRequests PullRequests  `key:"pullRequests" doc:"Limits and looks of pull requests."`
	Changelog    Changelog     `key:"changelog" doc:"Where what changed between two images is read."`
	Dashboard    Setting[bool] `key:"dashboard" doc:"Whether one issue is kept that lists everything pending and held."`
	Enforce      Enforcement   `key:"enforce" doc:"What holds for every repository of the owner, whatever their files say. Read from OWNER/.imageupdater only."`

	index *index
	bound Enforcement // of others, see Bind
}

// Scan says which files are looked at.
type Scan struct {
	Include Setting[[]FileGlob] `key:"include" doc:"Gitignore-style globs of the files to look at."`
	Exclude Setting[[]FileGlob] `key:"exclude" doc:"Gitignore-style globs of files to leave alone."`
	Formats Setting[[]Format]   `key:"formats" doc:"The families of files that are understood."`
	Fields  Setting[[]Field]    `key:"fields" doc:"Places that hold an image or its tag and that no convention finds."`
}

// Field is a place that no convention finds.
type Field struct {
	Files      []FileGlob `key:"files" doc:"Gitignore-style globs of the files that have it." required:"true"`
	Path       FieldPath  `key:"path" doc:"Where in the file: keys joined by dots, [0] or [*] for elements of lists." required:"true"`
	Kind       FieldKind  `key:"kind" doc:"What stands there: a tag, a whole reference or a digest. tag if left out."`
	Image      ImageName  `key:"image" doc:"The image that the tag or digest belongs to."`
	ImagePath  FieldPath  `key:"imagePath" doc:"Where in the same file the name of the image stands, instead of image."`
	DigestPath FieldPath  `key:"digestPath" doc:"Where in the same file the digest of the tag stands, if anywhere."`
	Origin     *Origin
}

func (f *Field) place(o *Origin) { f.Origin = o }

// Rule is a set of settings for the images that match.
type Rule struct {
	Match Match `key:"match" doc:"What the rule is for. Every condition must hold; without any it is for all images."`
	Settings
	Origin *Origin
}

func (r *Rule) place(o *Origin) { r.Origin = o }

// Match is the condition of a rule. A list holds if one of its elements does,
// an empty one always.
type Match struct {
	Image  []ImageGlob `key:"image" single:"true" doc:"A glob, or a list of globs, on canonical image names without tag."`
	Path   []PathGlob  `key:"path" single:"true" doc:"A glob, or a list of globs, on paths of files from the top of the repository."`
	Format []Format    `key:"format" single:"true" doc:"A family of files, or a list of them."`
	Update Kinds       `key:"update" single:"true" doc:"A kind of step, or a list of kinds. Such a rule may set minAge, group, title, labels, reviewers, assignees, draft, window and merge only."`
}

// Settings are what defaults and rules set. Those that nobody set have no
// origin.
type Settings struct {
	Enabled        Setting[bool]               `key:"enabled" doc:"Whether the image is updated at all."`
	Strategy       Setting[version.Strategy]   `key:"strategy" doc:"How tags are put in order: as versions, by push time, by bytes, as numbers, or not at all: one mutable tag is followed."`
	Constraint     Setting[Range]              `key:"constraint" doc:"The range that versions must lie in. Only under semver."`
	Tags           Tags                        `key:"tags" doc:"Patterns for tags."`
	Prerelease     Setting[bool]               `key:"prerelease" doc:"Whether pre-releases may be chosen where the current tag is none. Only under semver."`
	Flavor         Setting[version.FlavorMode] `key:"flavor" doc:"Whether a version inside of a flavour, as in -alpine3.19, may move. Only under semver."`
	Platforms      Setting[[]Platform]         `key:"platforms" doc:"Platforms, as os/arch[/variant], that an image must have, all of them. If left out, those of the current image."`
	Update         Setting[Kinds]              `key:"update" doc:"The kinds of steps that are wanted. patch includes build."`
	Pin            Setting[version.PinMode]    `key:"pin" doc:"Whether a digest is added where a scalar can take it."`
	MinAge         Setting[Duration]           `key:"minAge" doc:"How long a tag must have been there."`
	Track          Setting[TagName]            `key:"track" doc:"The mutable tag that strategy: digest follows. If left out, the current tag."`
	AllowDowngrade Setting[bool]               `key:"allowDowngrade" doc:"Whether an older version may be chosen when the current one fits no more."`
	SeparateMajor  Setting[bool]               `key:"separateMajor" doc:"Whether a major step is proposed beside the best other one, in a pull request of its own."`
	Group          Setting[Template]           `key:"group" doc:"A template. Updates with one group name share a pull request."`
	Title          Setting[Template]           `key:"title" doc:"A template for the title of the pull request. If left out, it says what moves."`
	Labels         Setting[[]Label]            `key:"labels" doc:"Labels of the pull request, beside those of pullRequests.labels."`
	Reviewers      Setting[[]Reviewer]         `key:"reviewers" doc:"People and teams who are asked for a review, as @user and @org/team."`
	Assignees      Setting[[]Assignee]         `key:"assignees" doc:"People the pull request is assigned to."`
	Draft          Setting[bool]               `key:"draft" doc:"Whether the pull request is opened as a draft."`
	Window         Setting[Windows]            `key:"window" doc:"When a pull request may be opened. Empty means at any time."`
	Merge          Merge                       `key:"merge" doc:"Whether and when the pull request merges by itself."`
}

// Tags are the patterns for tags.
type Tags struct {
	Allow  Setting[Patterns] `key:"allow" doc:"Regular expressions (RE2, unanchored) of which a tag must fit one. A group (?P<order>…) is what numerical and alphabetical compare, (?P<version>…) what semver compares."`
	Ignore Setting[Patterns] `key:"ignore" doc:"Regular expressions (RE2, unanchored) of which a tag must fit none."`
}

// Merge says whether and when a pull request merges by itself.
type Merge struct {
	Auto      Setting[bool]     `key:"auto" doc:"Whether the pull request merges by itself."`
	Method    Setting[Method]   `key:"method" doc:"How it is merged. If left out, the first of squash, merge and rebase that the repository permits."`
	After     Setting[Duration] `key:"after" doc:"How long the pull request must have stood unchanged."`
	Checks    Setting[CheckSet] `key:"checks" doc:"Which checks must have succeeded: those that the branch requires, all, none, or a list of names in which a star stands for any characters. Those that the branch requires must have in any case."`
	Approvals Setting[Count]    `key:"approvals" doc:"How many people must have approved."`
	Window    Setting[Windows]  `key:"window" doc:"When it may be merged. Empty means at any time."`
	Via       Setting[Via]      `key:"via" doc:"Who merges: the App itself, or GitHub's auto-merge and merge queue."`
}

// Ignore is versions and tags that nothing moves to.
type Ignore struct {
	Image    []ImageGlob `key:"image" single:"true" doc:"A glob, or a list of globs, on canonical image names. If left out, every image."`
	Path     []PathGlob  `key:"path" single:"true" doc:"A glob, or a list of globs, on paths of files. If left out, every file."`
	Versions Range       `key:"versions" doc:"The range of versions to ignore."`
	Tags     Patterns    `key:"tags" doc:"Regular expressions (RE2, unanchored) of the tags to ignore."`
	Until    Date        `key:"until" doc:"The first day on which the entry has no effect. If left out, it stays."`
	Reason   Text        `key:"reason" doc:"Why, for people."`
	Origin   *Origin
}

func (i *Ignore) place(o *Origin) { i.Origin = o }

// Freeze is days on which no pull request is opened or merged.
type Freeze struct {
	From   Date `key:"from" doc:"The first day." required:"true"`
	To     Date `key:"to" doc:"The last day." required:"true"`
	Reason Text `key:"reason" doc:"Why, for people."`
	Origin *Origin
}

func (f *Freeze) place(o *Origin) { f.Origin = o }

// PullRequests are limits and looks of pull requests.
type PullRequests struct {
	Limit        Setting[Limit]        `key:"limit" doc:"How many may be open at a time."`
	PerHour      Setting[Limit]        `key:"perHour" doc:"How many may be opened in an hour."`
	Base         Setting[Branch]       `key:"base" doc:"The branch they are for. Empty means the default branch."`
	BranchPrefix Setting[BranchPrefix] `key:"branchPrefix" doc:"What the names of their branches begin with."`
	Labels       Setting[[]Label]      `key:"labels" doc:"Labels of every pull request."`
	Rebase       Setting[Rebase]       `key:"rebase" doc:"When a branch is built again on the newest base, though nothing newer is to be proposed: on conflicts, and when being behind keeps it from merging by itself; whenever it is behind; or never."`
}

// Changelog says where what changed is read.
type Changelog struct {
	Sources Sources `key:"sources" doc:"Repositories of images: globs on canonical image names, and templates of URLs. The most specific glob that matches counts."`
}

// Enforcement is what holds for every repository of an owner. Everything in it
// can only forbid.
type Enforcement struct {
	Merge  EnforcedMerge     `key:"merge" doc:"What auto-merging needs at least."`
	MinAge Setting[Duration] `key:"minAge" doc:"The least minAge."`
	Freeze []Freeze          `key:"freeze" doc:"Freezes for every repository."`

	unreadable bool // see Unreadable
}

// EnforcedMerge is what auto-merging needs at least.
type EnforcedMerge struct {
	Auto      Setting[bool]     `key:"auto" doc:"false forbids auto-merging. true is not allowed: enforce only forbids."`
	After     Setting[Duration] `key:"after" doc:"The least merge.after."`
	Approvals Setting[Count]    `key:"approvals" doc:"The least merge.approvals."`
}

// Location is the zone in which windows, freezes and dates are meant.
func (c *Config) Location() *time.Location { return c.Timezone.Value.Location() }

// builtIn are the values that hold where nobody writes any.
const builtIn = `
version: 1
extends: []
schedule: 1h
timezone: UTC
scan:
  include: ["**"]
  exclude: []
  formats: [helm, kustomize, argocd, flux, kubernetes]
  fields: []
defaults:
  enabled: true
  strategy: semver
  tags: {allow: [], ignore: []}
  prerelease: false
  flavor: keep
  platforms: []
  update: [major, minor, patch, build, digest, pin, flavor, tag, rollback]
  pin: keep
  minAge: 0
  allowDowngrade: false
  separateMajor: true
  group: "{{ .Image.Repository }}"
  labels: []
  reviewers: []
  assignees: []
  draft: false
  window: []
  merge: {auto: false, after: 0, checks: required, approvals: 0, window: [], via: app}
pullRequests: {limit: 10, perHour: 2, base: "", branchPrefix: imageupdater/, labels: [images], rebase: conflicts}
dashboard: true
`
