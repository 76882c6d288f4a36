package githubtest

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// webhookSchemas is GitHub's own description of what its webhooks hold; see
// NOTICE and webhooks.mjs.
//
//go:embed webhooks.json
var webhookSchemas []byte

// thePayloads is read once, as theContract is, and an event's schema compiled
// when the first of them happens.
//
//nolint:gochecknoglobals // a read-only table, filled as it is read
var thePayloads = sync.OnceValues(loadPayloads)

// payloads holds what is sent by webhooks against GitHub's description.
type payloads struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

var errNoSuchEvent = errors.New("GitHub has no such event")

const schemasURL = "https://githubtest.invalid/webhooks.json"

func loadPayloads() (*payloads, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(webhookSchemas))
	if err != nil {
		return nil, fmt.Errorf("parsing the description of webhooks: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	// GitHub's own payloads do not hold to these: bots' addresses have brackets,
	// an empty homepage is no URI, and {/name} is a good template.
	for _, name := range []string{"email", "uri", "uri-template"} {
		compiler.RegisterFormat(&jsonschema.Format{Name: name, Validate: func(any) error { return nil }})
	}
	if err := compiler.AddResource(schemasURL, doc); err != nil {
		return nil, fmt.Errorf("reading the description of webhooks: %w", err)
	}
	return &payloads{compiler: compiler, compiled: map[string]*jsonschema.Schema{}}, nil
}

// check finds what is wrong with the payload of an event such as
// "pull_request.opened" or "push".
func (p *payloads) check(name string, payload []byte) error {
	schema, err := p.schema(name)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
	if err != nil {
		return fmt.Errorf("parsing the payload of %s: %w", name, err)
	}
	whole, _ := value.(object)
	forkGone(whole)
	newEvents(whole)
	wordless(whole)
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("holding the payload of %s against the description: %w", name, err)
	}
	return nil
}

// forkGone fills in for a fork that was deleted: the head of its pull request
// has null for repo and label, which GitHub's description forgets.
func forkGone(whole object) {
	pull, _ := whole["pull_request"].(object)
	head, _ := pull["head"].(object)
	base, _ := pull["base"].(object)
	if repo, has := head["repo"]; has && repo == nil {
		head["repo"], head["label"] = base["repo"], base["label"]
	}
}

// wordless fills in for an order to merge that has no words of its own: some
// events' descriptions know null there, and some do not.
func wordless(whole object) {
	order := part(part(whole, "pull_request"), "auto_merge")
	for _, name := range []string{"commit_title", "commit_message"} {
		if value, has := order[name]; has && value == nil {
			order[name] = ""
		}
	}
}

// newEvents leaves out of what an App subscribed to what GitHub's description
// does not know to be an event there.
func newEvents(whole object) {
	run, _ := whole["check_run"].(object)
	issue, _ := whole["issue"].(object)
	for _, app := range []any{
		part(whole, "check_suite")["app"], run["app"], part(run, "check_suite")["app"], issue["performed_via_github_app"],
	} {
		shown, _ := app.(object)
		if all, has := shown["events"].([]any); has {
			shown["events"] = slices.DeleteFunc(all, func(name any) bool { return name == "repository_ruleset" || name == "merge_group" })
		}
	}
}

func part(of object, name string) object {
	found, _ := of[name].(object)
	return found
}

func (p *payloads) schema(name string) (*jsonschema.Schema, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if have := p.compiled[name]; have != nil {
		return have, nil
	}
	if !strings.Contains(string(webhookSchemas), fmt.Sprintf("%q:", name)) {
		return nil, fmt.Errorf("%s: %w", name, errNoSuchEvent)
	}
	schema, err := p.compiler.Compile(schemasURL + "#/$defs/" + url.PathEscape(name))
	if err != nil {
		return nil, fmt.Errorf("compiling the description of %s: %w", name, err)
	}
	p.compiled[name] = schema
	return schema, nil
}
