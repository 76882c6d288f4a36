package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// TagName is the name of a tag.
type TagName string

func readTagName(t *TagName, text string) *fault {
	if !image.ValidTag(text) {
		return faultf("1 to 128 letters, digits, _, . and -", "%q is no tag", shorten(text))
	}
	*t = TagName(text)
	return nil
}

func schemaOfTagName() schema {
	return schema{"type": "string", "pattern": `^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`}
}

// ImageName is the name of an image, without tag and digest.
type ImageName struct{ name image.Reference }

// Reference is the name as it was written.
func (n ImageName) Reference() image.Reference { return n.name }

func readImageName(n *ImageName, text string) *fault {
	ref, err := image.Parse(text)
	switch {
	case err != nil:
		return faultf(`write a name such as "quay.io/strimzi/kafka"`, "%v", err)
	case ref.Tag != "" || ref.Digest != "":
		return faultf("write "+quoted(ref.Name()), "%q: the name goes without tag and digest", shorten(text))
	}
	n.name = ref
	return nil
}

func schemaOfImageName() schema { return schema{"type": "string", "pattern": `^[^@]+$`} }

// Label is the name of a GitHub label.
type Label string

const longestLabel = 50

func readLabel(l *Label, text string) *fault {
	switch {
	case strings.TrimSpace(text) == "":
		return faultf("remove it", "an empty label")
	case utf8.RuneCountInString(text) > longestLabel:
		return faultf("", "the label %q has %d characters; GitHub allows %d", shorten(text), utf8.RuneCountInString(text), longestLabel)
	case strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, ","):
		return faultf("", "the label %q holds a comma or a control character", shorten(text))
	}
	*l = Label(text)
	return nil
}

func schemaOfLabel() schema {
	return schema{"type": "string", "minLength": 1, "maxLength": longestLabel, "pattern": `^[^,]*$`}
}

// GitHub's names: letters, digits and single dashes, at most 39.
const account = `[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}`

var (
	accountPattern = regexp.MustCompile(`^@?` + account + `$`)
	teamPattern    = regexp.MustCompile(`^@?` + account + `/[A-Za-z0-9][A-Za-z0-9_-]*$`)
)

// Reviewer is a person or a team.
type Reviewer struct {
	// Owner is the organisation of a team; "" for a person.
	Owner string
	// Name is the login of a person or the slug of a team.
	Name string
}

// String is "@user" or "@org/team".
func (r Reviewer) String() string { return "@" + strings.TrimPrefix(r.Owner+"/"+r.Name, "/") }

func readReviewer(r *Reviewer, text string) *fault {
	if !accountPattern.MatchString(text) && !teamPattern.MatchString(text) {
		return faultf(`write "@user" or "@org/team"`, "%q is neither a user nor a team", shorten(text))
	}
	bare := strings.TrimPrefix(text, "@")
	if owner, team, isTeam := strings.Cut(bare, "/"); isTeam {
		*r = Reviewer{Owner: owner, Name: strings.ToLower(team)}
		return nil
	}
	*r = Reviewer{Name: bare}
	return nil
}

func schemaOfReviewer() schema {
	return schema{"type": "string", "pattern": `^@?` + account + `(/[A-Za-z0-9][A-Za-z0-9_-]*)?$`}
}

// Assignee is the login of a person.
type Assignee string

func readAssignee(a *Assignee, text string) *fault {
	if teamPattern.MatchString(text) {
		return faultf("teams can review only: write reviewers", "%q is a team; pull requests are assigned to people", shorten(text))
	}
	if !accountPattern.MatchString(text) {
		return faultf(`write "@user"`, "%q is no user", shorten(text))
	}
	*a = Assignee(strings.TrimPrefix(text, "@"))
	return nil
}

func schemaOfAssignee() schema { return schema{"type": "string", "pattern": `^@?` + account + `$`} }

// Text is words for people, on one line.
type Text string

const longestText = 500

func readText(t *Text, text string) *fault {
	if n := utf8.RuneCountInString(text); n > longestText {
		return faultf("", "the text has %d characters; at most %d are read", n, longestText)
	}
	*t = Text(strings.TrimSpace(text))
	return nil
}

func schemaOfText() schema { return schema{"type": "string", "maxLength": longestText} }

// Branch is the name of a branch; "" for the default branch.
type Branch string

// branchProblem is git check-ref-format, as far as one meets it.
func branchProblem(name string) string {
	bad := func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(` ~^:?*[\`, r) }
	switch {
	case strings.ContainsFunc(name, bad):
		return `it holds a blank or one of ~^:?*[\`
	case strings.HasPrefix(name, "/"), strings.HasPrefix(name, "-"), strings.HasPrefix(name, "refs/"):
		return "it begins with /, - or refs/"
	case strings.Contains(name, "//"), strings.Contains(name, ".."), strings.Contains(name, "@{"), strings.Contains("/"+name, "/."), strings.Contains(name+"/", ".lock/"):
		return "git allows no //, .., @{, no segment that begins with a dot or ends with .lock"
	}
	return ""
}

func readBranch(b *Branch, text string) *fault {
	problem := branchProblem(text)
	if problem == "" && (strings.HasSuffix(text, "/") || strings.HasSuffix(text, ".")) {
		problem = "it ends with / or a dot"
	}
	if problem != "" {
		return faultf("", "%q is no branch: %s", shorten(text), problem)
	}
	*b = Branch(text)
	return nil
}

func schemaOfBranch() schema { return schema{"type": "string"} }

// BranchPrefix is what the names of our branches begin with.
type BranchPrefix string

const longestPrefix = 50

func readBranchPrefix(b *BranchPrefix, text string) *fault {
	problem := branchProblem(text)
	switch {
	case text == "":
		problem = "it is empty; branches of ours must be told from others"
	case len(text) > longestPrefix:
		problem = fmt.Sprintf("it has more than %d characters", longestPrefix)
	}
	if problem != "" {
		return faultf("write imageupdater/", "%q is no beginning of a branch: %s", shorten(text), problem)
	}
	*b = BranchPrefix(text)
	return nil
}

func schemaOfBranchPrefix() schema {
	return schema{"type": "string", "minLength": 1, "maxLength": longestPrefix}
}

// Count is a number of people.
type Count int

const mostApprovals = 10

func (c *Count) decode(d *decoder, v value) bool {
	return decodeNumber(d, v, (*int)(c), 0, mostApprovals)
}

func (*Count) schema() schema {
	return schema{"type": "integer", "minimum": 0, "maximum": mostApprovals}
}

// Limit is a number of pull requests.
type Limit int

const mostPullRequests = 100

func (l *Limit) decode(d *decoder, v value) bool {
	return decodeNumber(d, v, (*int)(l), 1, mostPullRequests)
}

func (*Limit) schema() schema {
	return schema{"type": "integer", "minimum": 1, "maximum": mostPullRequests}
}

func decodeNumber(d *decoder, v value, into *int, least, most int) bool {
	var n int
	if !d.number(v, &n) {
		return false
	}
	if n < least || n > most {
		return d.fail(v, fmt.Sprintf("%d is out of range", n), fmt.Sprintf("from %d to %d", least, most))
	}
	*into = n
	return true
}

// Platform is a platform that an image must have.
type Platform version.Platform

// String is "linux/arm64/v8".
func (p Platform) String() string {
	return strings.TrimSuffix(p.OS+"/"+p.Architecture+"/"+p.Variant, "/")
}

//nolint:gochecknoglobals // tables, never written
var (
	systems       = []string{"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "solaris", "aix", "android", "wasi", "wasip1", "js"}
	architectures = []string{"amd64", "arm64", "arm", "386", "ppc64le", "ppc64", "s390x", "riscv64", "mips", "mipsle", "mips64", "mips64le", "loong64", "wasm"}
	// machineNames are what uname and others call them.
	machineNames = map[string]string{
		"x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "aarch64": "arm64", "x86": "386", "i386": "386", "i686": "386",
		"armhf": "arm/v7", "armv7": "arm/v7", "armv7l": "arm/v7", "armv6": "arm/v6", "armel": "arm/v6", "arm32v7": "arm/v7", "arm64v8": "arm64",
	}
	variantPattern = regexp.MustCompile(`^[a-z0-9.]+$`)
)

func readPlatform(p *Platform, text string) *fault {
	parts := strings.Split(text, "/")
	if len(parts) == 1 {
		arch := parts[0]
		if known := machineNames[arch]; known != "" {
			arch = known
		}
		return faultf("write "+quoted("linux/"+arch), "%q is no platform: it is made of system/architecture[/variant]", shorten(text))
	}
	switch known := machineNames[parts[1]]; {
	case known != "":
		return faultf("write "+quoted(parts[0]+"/"+known), "%q: unknown architecture %q", shorten(text), parts[1])
	case !slices.Contains(systems, parts[0]):
		return faultf(didYouMean(parts[0], systems), "%q: unknown system %q", shorten(text), shorten(parts[0]))
	case !slices.Contains(architectures, parts[1]):
		return faultf(didYouMean(parts[1], architectures), "%q: unknown architecture %q", shorten(text), shorten(parts[1]))
	case len(parts) > 3 || len(parts) == 3 && !variantPattern.MatchString(parts[2]):
		return faultf(`write os/arch[/variant], as "linux/arm64/v8"`, "%q is no platform", shorten(text))
	}
	*p = Platform{OS: parts[0], Architecture: parts[1]}
	if len(parts) == 3 {
		p.Variant = parts[2]
	}
	return nil
}

func schemaOfPlatform() schema {
	return schema{"type": "string", "pattern": `^(` + strings.Join(systems, "|") + `)/(` + strings.Join(architectures, "|") + `)(/[a-z0-9.]+)?$`}
}

// FieldPath is a place in a YAML file: keys joined by dots, [0] and [*] for
// elements of lists, ["a.b"] for keys that hold dots.
type FieldPath struct {
	text  string
	steps []Step
}

// Step is one step of a FieldPath.
type Step struct {
	// Key is the key of a mapping; "" for a step into a list.
	Key string
	// Index is the element of a list; AllElements for each of them.
	Index int
}

// AllElements is the Index of [*].
const AllElements = -1

// String is the path as it was written.
func (p FieldPath) String() string { return p.text }

// Steps are the parts of the path, from the top of the file.
func (p FieldPath) Steps() []Step { return p.steps }

var stepPattern = regexp.MustCompile(`^(?:\.?([^.\[\]"]+)|\[(\d{1,6}|\*)\]|\["([^"]+)"\])`)

func readFieldPath(p *FieldPath, text string) *fault {
	const form = `write keys joined by dots, as spec.images[0].tag or metadata.annotations["a.b/c"]`
	rest := strings.TrimPrefix(text, "$.")
	p.text, p.steps = text, nil
	if strings.HasPrefix(rest, ".") {
		return faultf("write "+quoted(strings.TrimLeft(rest, ".")), "%q is no path: it begins with a dot", shorten(text))
	}
	for rest != "" {
		m := stepPattern.FindStringSubmatch(rest)
		if m == nil {
			return faultf(form, "%q is no path: %q cannot be read", shorten(text), shorten(rest))
		}
		rest = rest[len(m[0]):]
		p.steps = append(p.steps, newStep(m[1]+m[3], m[2]))
	}
	if len(p.steps) == 0 {
		return faultf(form, "the path is empty")
	}
	return nil
}

func newStep(key, index string) Step {
	if index == "*" {
		return Step{Index: AllElements}
	}
	step := Step{Key: key}
	for _, digit := range index {
		step.Index = step.Index*10 + int(digit-'0')
	}
	return step
}

func schemaOfFieldPath() schema { return schema{"type": "string", "minLength": 1} }

// Base is a file of another repository that this one is laid over.
//
//nolint:recvcheck // it is a value to all but the decoder, which places it
type Base struct {
	Owner, Repository string
	// Path is the file in that repository.
	Path string
	// Ref is a branch, tag or commit; "" for the default branch.
	Ref string
	// Origin is where it is extended; nil where no file says so.
	Origin *Origin
}

func (b *Base) place(o *Origin) { b.Origin = o }

// String is "owner/repo:path@ref", with what was left out filled in.
func (b Base) String() string {
	s := b.Owner + "/" + b.Repository + ":" + b.Path
	if b.Ref != "" {
		s += "@" + b.Ref
	}
	return s
}

var basePattern = regexp.MustCompile(`^(` + account + `)/([A-Za-z0-9_.-]{1,100})(?::([^:@]+))?(?:@([^@]+))?$`)

func readBase(b *Base, text string) *fault {
	const form = "write owner/repo, owner/repo:path/to/file.yaml or owner/repo@branch"
	m := basePattern.FindStringSubmatch(text)
	if m == nil {
		return faultf(form, "%q names no file of a repository", shorten(text))
	}
	*b = Base{Owner: m[1], Repository: m[2], Path: m[3], Ref: m[4]}
	if b.Path == "" {
		b.Path = FileName
	}
	switch {
	case b.Repository == "." || b.Repository == "..":
		return faultf(form, "%q names no repository", shorten(text))
	case strings.HasPrefix(b.Path, "/") || slices.Contains(strings.Split(b.Path, "/"), ".."):
		return faultf("paths begin at the top of the repository, without /", "%q leaves the repository", shorten(text))
	case b.Ref != "" && branchProblem(b.Ref) != "":
		return faultf(form, "%q names no branch, tag or commit: %s", shorten(text), branchProblem(b.Ref))
	}
	return nil
}

func schemaOfBase() schema {
	return schema{"type": "string", "pattern": `^` + account + `/[A-Za-z0-9_.-]{1,100}(:[^:@]+)?(@[^@]+)?$`}
}
