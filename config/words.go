package config

import (
	"reflect"
	"slices"

	"github.com/imageupdater/imageupdater/scanner/version"
)

// Format names a family of files.
type Format string

// FieldKind is what stands at a place of scan.fields.
type FieldKind string

// The field kinds. The first is the default.
const (
	FieldTag       FieldKind = "tag"
	FieldReference FieldKind = "reference"
	FieldDigest    FieldKind = "digest"
)

// Method is how a pull request is merged.
type Method string

// The methods. Where none is set it is the first of squash, merge and rebase
// that the repository permits.
const (
	MethodMerge  Method = "merge"
	MethodSquash Method = "squash"
	MethodRebase Method = "rebase"
)

// Checks says which checks must have succeeded, apart from those of some names.
type Checks string

// Which checks. The first is the default.
const (
	ChecksRequired Checks = "required" // those that the branch requires; all if it requires none
	ChecksAll      Checks = "all"
	ChecksNone     Checks = "none"
)

// Via is who merges.
type Via string

// Who merges. The first is the default.
const (
	ViaApp    Via = "app"
	ViaGitHub Via = "github"
)

// Rebase is when a branch is built again.
type Rebase string

// When a branch is built again. The first is the default.
const (
	RebaseConflicts Rebase = "conflicts"
	RebaseBehind    Rebase = "behind"
	RebaseNever     Rebase = "never"
)

// Kinds is a set of kinds of steps.
type Kinds []version.Kind

// Has tells whether a kind is in the set. Patch includes Build.
func (k Kinds) Has(kind version.Kind) bool {
	return slices.Contains(k, kind) || kind == version.Build && slices.Contains(k, version.Patch)
}

// vocabulary is the words that a type takes.
type vocabulary struct {
	words   []string
	aliases map[string]string // words of others, read as ours
}

// wordsOf gives the vocabulary of a type.
func wordsOf(t reflect.Type) (vocabulary, bool) {
	v, ok := vocabularies[t]
	return v, ok
}

//nolint:gochecknoglobals // a table, never written
var vocabularies = map[reflect.Type]vocabulary{
	reflect.TypeFor[version.Strategy](): {
		words: words(version.StrategySemver, version.StrategyNewest, version.StrategyAlphabetical, version.StrategyNumerical, version.StrategyDigest),
		// Argo CD Image Updater's.
		aliases: map[string]string{"latest": "newest", "newest-build": "newest", "name": "alphabetical"},
	},
	reflect.TypeFor[nativeAPI]():          {words: []string{"harbor", "quay", "none"}},
	reflect.TypeFor[version.FlavorMode](): {words: words(version.FlavorKeep, version.FlavorMove)},
	reflect.TypeFor[version.PinMode]():    {words: words(version.PinKeep, version.PinDigest)},
	reflect.TypeFor[version.Kind](): {words: words(version.Major, version.Minor, version.Patch, version.Build,
		version.Digest, version.Pin, version.Flavor, version.Tag, version.Rollback)},
	reflect.TypeFor[Format]():    {words: []string{"helm", "kustomize", "argocd", "flux", "kubernetes"}},
	reflect.TypeFor[FieldKind](): {words: words(FieldTag, FieldReference, FieldDigest)},
	reflect.TypeFor[Method]():    {words: words(MethodMerge, MethodSquash, MethodRebase)},
	reflect.TypeFor[Checks]():    {words: words(ChecksRequired, ChecksAll, ChecksNone)},
	reflect.TypeFor[Via]():       {words: words(ViaApp, ViaGitHub)},
	reflect.TypeFor[Rebase]():    {words: words(RebaseConflicts, RebaseBehind, RebaseNever)},

	// Those of the server's configuration.
	reflect.TypeFor[LogLevel]():  {words: words(LogDebug, LogInfo, LogWarn, LogError)},
	reflect.TypeFor[LogFormat](): {words: words(LogJSON, LogConsole)},
	reflect.TypeFor[Scope]():     {words: words(ScopeRescan, ScopeRead, ScopeDecisions)},
	reflect.TypeFor[HookKind](): {words: words(HookDockerHub, HookGHCR, HookQuay, HookHarbor, HookACR, HookECR, HookGAR,
		HookGitLab, HookDistribution, HookZot, HookJFrog, HookNexus, HookCloudEvents)},
}

func words[T ~string](values ...T) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return texts
}

// foreign are keys of other programs, and of ours in the wrong place, with
// what to write instead.
//
//nolint:gochecknoglobals // a table, never written
var foreign = map[string]string{
	"allow-tags":        `write tags: {allow: ["…"]}`,
	"allowTags":         `write tags: {allow: ["…"]}`,
	"allow":             `write tags: {allow: ["…"]}`,
	"tag-match":         `write tags: {allow: ["…"]}`,
	"ignore-tags":       `write tags: {ignore: ["…"]}`,
	"ignoreTags":        `write tags: {ignore: ["…"]}`,
	"update-strategy":   "write strategy",
	"updateStrategy":    "write strategy",
	"versioning":        "write strategy",
	"semver":            `write constraint: "…"`,
	"range":             `write constraint: "…"`,
	"allowedVersions":   `write constraint: "…"`,
	"image-list":        "images are found by themselves: write a rule with match: {image: …} to treat one otherwise",
	"images":            "images are found by themselves: write a rule with match: {image: …} to treat one otherwise",
	"pull-secret":       "credentials belong to the server's configuration",
	"pullSecret":        "credentials belong to the server's configuration",
	"credentials":       "credentials belong to the server's configuration",
	"registries":        "registries and credentials belong to the server's configuration",
	"force-update":      "not needed: every image in a file is looked at",
	"forceUpdate":       "not needed: every image in a file is looked at",
	"write-back-method": "not needed: every change is a pull request",
	"automerge":         "write merge: {auto: true}",
	"autoMerge":         "write merge: {auto: true}",
	"auto-merge":        "write merge: {auto: true}",
	"auto":              "write merge: {auto: true}",
	"minimumReleaseAge": "write minAge",
	"cooldown":          "write minAge",
	"groupName":         "write group",
	"groups":            "write group in a rule: updates with one group name share a pull request",
	"packageRules":      "write rules",
	"updates":           "write rules",
	"interval":          "write schedule",
	"matchUpdateTypes":  "write match: {update: […]}",
	"updateTypes":       "write match: {update: […]}",
	"pinDigests":        "write pin: digest",
	"ignoreDeps":        "write ignore: [{image: …}]",
	"ignorePaths":       "write scan: {exclude: […]}",
	"exclude":           "write scan: {exclude: […]}",
	"include":           "write scan: {include: […]}",
	"prConcurrentLimit": "write pullRequests: {limit: …}",
	"prHourlyLimit":     "write pullRequests: {perHour: …}",
	"branchPrefix":      "write pullRequests: {branchPrefix: …}",
	"limit":             "write pullRequests: {limit: …}",
	"timeZone":          "write timezone",
}
