package config

import (
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// Server is the server's own configuration: what its operator says, and no
// repository can. It is plain data and holds no secret, only where each is
// kept. Docs are docs/server.md and docs/registries.md.
//
// Commands that ask registries need none of what concerns GitHub and the
// database; ForServing and ForRunning tell what is missing.
type Server struct {
	// File is the name that LoadServer was given.
	File string

	GitHub GitHub
	// Listen is where the server listens, as host:port; the host may be "".
	Listen string
	// PublicURL is where people and GitHub find the server, without a slash at
	// the end; "" where nobody said.
	PublicURL string
	Database  Database
	// Accounts are the GitHub accounts that are served, in lower case; none
	// means all.
	Accounts []string
	// Onboarding tells whether repositories without a file are offered one.
	Onboarding bool
	Work       Work
	// LeastInterval is the shortest time between two looks at a repository
	// that its schedule may ask for.
	LeastInterval time.Duration
	Log           Log
	// Hooks are the webhooks of registries, each name once.
	Hooks []Hook
	// Tokens are for callers of the API, each name once.
	Tokens []Token
	// Enforce holds for every repository, beside what their owners enforce.
	Enforce Enforcement
	Keep    Keep
	// Changelog is for what pull requests tell of the versions between.
	Changelog ServerChangelog

	Registries []Registry
	// Grants are all credentials, in the order of the file.
	Grants []grant.Grant
	// Proxy is the URL of the proxy for registries and clouds; "" for none.
	Proxy string
	// CAFile is a file of PEM certificates to trust beside the system's; "" for
	// none.
	CAFile string
}

// LoadServer reads the server's own configuration. The error is Errors, with
// all that is wrong; there is no Server then. The warnings are good in any
// case. None of them quotes a value that might be a secret.
func LoadServer(file string, src []byte) (*Server, Warnings, error) {
	d := newDecoder(file)
	d.foreign, d.discreet = foreignToServer, true
	f := defaultServer()
	root, err := parse(file, src)
	switch {
	case err != nil:
		d.errors = append(d.errors, discreet(err))
	case root != nil && root.Kind != yaml.MappingNode:
		d.fail(value{node: root}, "expected a mapping, found "+d.describe(root), "the file begins with a key, such as version: 1")
	case root != nil:
		d.into(value{node: root}, f)
		d.checkServer(f)
	}
	if len(d.errors) > 0 {
		return nil, d.warnings.sorted(), (&loader{found: d}).errors()
	}
	s := f.build()
	s.File = file
	return s, d.warnings.sorted(), nil
}

// builtInServer are the values that hold where the operator writes none.
const builtInServer = `
version: 1
github: {url: "https://github.com"}
listen: ":8080"
database: {pollOnly: false}
accounts: []
onboarding: on
work: {looks: 10, lookTimeout: 10m, deliveries: 20, drain: 25s}
schedule: {least: 5m}
log: {level: info, format: json}
keep: {facts: 1GiB, decisions: 400d}
changelog: {private: false}
`

// defaultServer is a file with the values that are built in, over which an
// operator's is read.
func defaultServer() *serverFile {
	d := newDecoder(BuiltIn)
	f := new(serverFile)
	root, err := parse(BuiltIn, []byte(builtInServer))
	if err != nil {
		panic("config: built-in defaults: " + err.Error())
	}
	if !d.into(value{node: root}, f) {
		panic("config: built-in defaults: " + d.errors.Error())
	}
	f.GitHub.Origin, f.Database.Origin = nil, nil // nobody wrote them
	return f
}

var quotedName = regexp.MustCompile(`'[^']*'`)

// discreet takes what stands in the file out of an error of its syntax.
func discreet(e *Error) *Error {
	if text, _, found := strings.Cut(e.Hint, " needs quotes: "); found {
		e.Hint = text + " needs quotes"
	}
	if strings.HasPrefix(e.Hint, "write templates") {
		e.Hint = "a value that begins with { needs quotes"
	}
	if strings.Contains(e.Message, "anchor") {
		e.Message = quotedName.ReplaceAllString(e.Message, "here")
	}
	return e
}

// serverFile is the file as it is written.
type serverFile struct {
	Version    Setting[int]           `key:"version" doc:"The version of this format. There is only 1."`
	GitHub     serverGitHub           `key:"github" doc:"Where GitHub is, and the App there."`
	Listen     Setting[listenAddress] `key:"listen" doc:"Where the server listens: host:port, or :port for every address of the machine. It speaks plain HTTP; TLS ends at what stands in front."`
	PublicURL  Setting[publicURL]     `key:"publicURL" doc:"Where people and GitHub find the server, for links in pages and messages."`
	Database   serverDatabase         `key:"database" doc:"Where the state is kept: file, or url for several replicas."`
	Accounts   Setting[[]accountName] `key:"accounts" doc:"The GitHub accounts whose installations are served; others are left alone. All of them if empty."`
	Onboarding Setting[onOff]         `key:"onboarding" doc:"Whether a repository without .imageupdater.yaml gets one pull request that adds it."`
	Work       serverWork             `key:"work" doc:"How much one replica does at once, and for how long."`
	Schedule   serverSchedule         `key:"schedule" doc:"Bounds of the schedules that repositories ask for."`
	Log        serverLog              `key:"log" doc:"What is logged, and how."`
	Hooks      []serverHook           `key:"hooks" doc:"Webhooks of registries, at /hooks/registry/NAME. Each may only hasten the next look at an image."`
	API        serverAPI              `key:"api" doc:"Who may call /api/v1."`
	Enforce    Enforcement            `key:"enforce" doc:"What holds for every repository, whatever its file and its owner's say. The strictest counts."`
	Keep       serverKeep             `key:"keep" doc:"How much is kept in the database."`
	Changelog  serverChangelog        `key:"changelog" doc:"Where what changed between two images is read, for every repository."`
	Registries []serverRegistry       `key:"registries" doc:"What is to be known of registries, each host once. Others are asked anonymously, over TLS and at public addresses alone."`
	Proxy      Setting[proxyAddress]  `key:"proxy" doc:"The URL of the proxy through which registries and clouds are asked. Hosts with allowPrivate are asked directly."`
	CAFile     Setting[absolutePath]  `key:"caFile" doc:"A file of PEM certificates of authorities to trust, beside the system's."`
}
