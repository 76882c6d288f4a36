package config

import (
	"reflect"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// GitHub is where GitHub is, and the App there.
type GitHub struct {
	// URL is where people see it, without a slash at the end.
	URL string
	// APIURL is the root of its REST API, with a slash at the end.
	APIURL     string
	GraphQLURL string
	// AppID is 0 where nobody wrote it.
	AppID int64
	// PrivateKey is the App's, in PEM, and WebhookSecret what its webhooks are
	// signed with. Both are zero where nobody wrote them.
	PrivateKey    grant.Secret
	WebhookSecret grant.Secret
	// MarkerKeys are for what is hidden in pull requests: the first one signs, any
	// of them did.
	MarkerKeys []grant.Secret
	// Origin is where the section begins; nil where there is none.
	Origin *Origin
}

// Database is where the state is kept. One of File and URL is there, or neither
// where nobody wrote one.
type Database struct {
	// File is the absolute path of a SQLite file.
	File string
	// URL is the secret that holds a URL, postgres://….
	URL grant.Secret
	// PollOnly asks PostgreSQL for new jobs instead of being told, for
	// connections through a pooler.
	PollOnly bool
	// Origin is where the section begins; nil where there is none.
	Origin *Origin
}

// Work is how much one replica does at once.
type Work struct {
	// Looks and Deliveries are how many run at once.
	Looks, Deliveries int
	// LookTimeout is how long one look may take.
	LookTimeout time.Duration
	// Drain is how long work may go on when the server is stopped.
	Drain time.Duration
}

// Log is what is logged, and how.
type Log struct {
	Level  LogLevel
	Format LogFormat
}

// LogLevel is the least severity that is logged. The words are zerolog's.
type LogLevel string

// The levels.
const (
	LogDebug LogLevel = "debug"
	LogInfo  LogLevel = "info"
	LogWarn  LogLevel = "warn"
	LogError LogLevel = "error"
)

// LogFormat is how a line of the log looks.
type LogFormat string

// The formats.
const (
	LogJSON    LogFormat = "json"
	LogConsole LogFormat = "console" // for people
)

// Keep is how much is kept in the database.
type Keep struct {
	// Facts is the size of what is remembered of registries, in bytes.
	Facts int64
	// Decisions is how long the log of decisions goes back.
	Decisions time.Duration
}

// serverGitHub is the section github.
type serverGitHub struct {
	URL           Setting[siteURL]       `key:"url" doc:"GitHub's own, or that of a GitHub Enterprise Server or of a company at ghe.com."`
	APIURL        Setting[apiURL]        `key:"apiURL" doc:"The root of the REST API, where url does not tell it."`
	GraphQLURL    Setting[apiURL]        `key:"graphqlURL" doc:"The address of the GraphQL API, where url does not tell it."`
	AppID         Setting[appNumber]     `key:"appID" doc:"The App ID on the settings page of the App."`
	PrivateKey    Setting[secretPlace]   `key:"privateKey" doc:"Where the App's private key is kept, in PEM."`
	WebhookSecret Setting[secretPlace]   `key:"webhookSecret" doc:"Where the secret is kept that the App's webhooks are signed with."`
	MarkerKeys    Setting[[]secretPlace] `key:"markerKeys" doc:"Where keys of at least 16 characters are kept that sign a hidden line in pull requests, which saves reading commits again after the database was lost, and one on the dashboard, which keeps when versions were first seen. The first one signs, any is believed: to change it, write a new one before it. Without one there are no such lines."`
	Origin        *Origin
}

func (g *serverGitHub) place(o *Origin) { g.Origin = o }

// serverDatabase is the section database.
type serverDatabase struct {
	File     Setting[absolutePath] `key:"file" doc:"The absolute path of a SQLite file, for one replica. It is made where there is none; its folder must be there."`
	URL      Setting[secretPlace]  `key:"url" doc:"Where the URL of a PostgreSQL database is kept: postgres://user:password@host:5432/name."`
	PollOnly Setting[bool]         `key:"pollOnly" doc:"Whether PostgreSQL is asked for new jobs once a second, for connections through PgBouncer. Otherwise it tells of them."`
	Origin   *Origin
}

func (b *serverDatabase) place(o *Origin) { b.Origin = o }

// serverWork is the section work.
type serverWork struct {
	Looks       Setting[workers]  `key:"looks" doc:"How many repositories are looked at at once."`
	LookTimeout Setting[Duration] `key:"lookTimeout" doc:"How long one look may take."`
	Deliveries  Setting[workers]  `key:"deliveries" doc:"How many of GitHub's webhooks are worked on at once."`
	Drain       Setting[Duration] `key:"drain" doc:"How long work under way may go on when the server is stopped. What is not done then is done after the next start."`
}

// serverSchedule is the section schedule.
type serverSchedule struct {
	Least Setting[Duration] `key:"least" doc:"The shortest interval: a repository that asks for a shorter one is looked at this often."`
}

// decode knows what stands below schedule in a repository's file.
func (s *serverSchedule) decode(d *decoder, v value) bool {
	switch {
	case isNull(v.node):
		return true
	case v.node.Kind == yaml.ScalarNode:
		return d.fail(v, "expected a mapping, found "+d.describe(v.node),
			"write schedule: {least: 15m} for the shortest interval; how often a repository is looked at stands in its .imageupdater.yaml")
	}
	return d.mapping(v, reflect.ValueOf(s).Elem())
}

// serverLog is the section log.
type serverLog struct {
	Level  Setting[LogLevel]  `key:"level" doc:"The least severity that is logged."`
	Format Setting[LogFormat] `key:"format" doc:"How a line looks: for programs, or for people."`
}

// serverKeep is the section keep.
type serverKeep struct {
	Facts     Setting[byteSize] `key:"facts" doc:"The size of what is remembered of registries. What was not used for longest goes first."`
	Decisions Setting[Duration] `key:"decisions" doc:"How long the log of decisions goes back."`
}

// serverAPI is the section api.
type serverAPI struct {
	Tokens []serverToken `key:"tokens" doc:"The tokens that callers show. Only their hashes stand here."`
}
