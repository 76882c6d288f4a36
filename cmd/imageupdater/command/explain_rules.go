package command

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
)

// matchedRule is a rule, or an entry of ignore, and how many fields it is for.
type matchedRule struct {
	origin *config.Origin
	match  []config.Listed
	sets   []string // the keys of a rule; none of an entry
	fields int
	// note says why it has no effect; "" where it has one, or where that cannot
	// be told.
	note string
}

// matchedRules are all that a configuration has.
type matchedRules struct {
	file            string
	rules, ignored  []matchedRule
	fields, inFiles int
}

// explainRules lists the rules. No registry is asked.
func (j *explainJob) explainRules(c *configuration, inventory *scanner.Inventory) error {
	var out, notes bytes.Buffer
	found := countMatches(c, inventory, j.env.Now())
	switch j.output {
	case explainJSON:
		if err := writeRulesJSON(&out, found); err != nil {
			return fmt.Errorf("printing the result: %w", err)
		}
	case explainText:
		writeRules(&out, found, newDisplay(j.env, j.color))
	}
	writeWarnings(&notes, c.warnings, display{})
	return j.write(out.Bytes(), notes.Bytes())
}

// countMatches counts the fields for each rule. Those of which no image is
// known are for none.
func countMatches(c *configuration, inventory *scanner.Inventory, now time.Time) matchedRules {
	found := matchedRules{file: c.file}
	for i := range c.config.Rules {
		found.rules = append(found.rules, newMatchedRule(&c.config.Rules[i]))
	}
	for i := range c.config.Ignore {
		entry := &c.config.Ignore[i]
		found.ignored = append(found.ignored, matchedRule{origin: entry.Origin, match: entry.List()})
		if entry.Ended(now, c.config.Location()) {
			found.ignored[i].note = "it has ended"
		}
	}
	files := map[string]bool{}
	for _, field := range inventory.Fields {
		if field.Ref.Name() == "" {
			continue
		}
		found.fields++
		files[field.File] = true
		subject := scanner.Subject(field, c.prefix)
		for _, i := range c.config.Settings(subject).Rules() {
			found.rules[i].fields++
		}
		for i := range c.config.Ignore {
			if c.config.Ignore[i].For(subject) {
				found.ignored[i].fields++
			}
		}
	}
	found.inFiles = len(files)
	found.note(unmatched(c, inventory))
	return found
}

func newMatchedRule(rule *config.Rule) matchedRule {
	matched := matchedRule{origin: rule.Origin, match: rule.Match.List()}
	for _, one := range rule.List() {
		matched.sets = append(matched.sets, one.Key)
	}
	return matched
}

// note keeps what is said of rules that match nothing.
func (m *matchedRules) note(warnings config.Warnings) {
	for _, warning := range warnings {
		for _, list := range [][]matchedRule{m.rules, m.ignored} {
			for i := range list {
				if o := list[i].origin; o.File == warning.File && o.Field == warning.Field {
					list[i].note = strings.TrimSuffix(warning.Message+": "+warning.Hint, ": ")
				}
			}
		}
	}
}

func writeRules(w io.Writer, found matchedRules, d display) {
	lines := make([][]cell, 0, len(found.rules)+len(found.ignored))
	for _, list := range [][]matchedRule{found.rules, found.ignored} {
		for i := range list {
			lines = append(lines, list[i].cells())
		}
	}
	images := quantity(found.fields, "image", "images") + " in " + quantity(found.inFiles, "file", "files")
	switch {
	case found.file == "":
		writef(w, "There is no %s: the built-in defaults hold for %s.\n", config.FileName, images)
	case len(lines) == 0:
		writef(w, "%s has no rules: its defaults hold for %s.\n", safe(found.file), images)
	default:
		writef(w, "%s: %s, %s; %s.\n", safe(found.file), quantity(len(found.rules), "rule", "rules"),
			quantity(len(found.ignored), "entry of ignore", "entries of ignore"), images)
	}
	writeColumns(w, lines, d)
}

func (m *matchedRule) cells() []cell {
	// What follows is not put in columns: it would be too wide.
	text, look := m.conditions(), plain
	if len(m.sets) > 0 {
		text += "  sets " + strings.Join(m.sets, ", ")
	}
	if m.note != "" {
		text, look = text+"  — "+m.note, yellow
	}
	return []cell{{m.origin.String(), bold}, {quantity(m.fields, "image", "images"), look}, {text, look}}
}

func (m *matchedRule) conditions() string {
	if len(m.match) == 0 {
		return "every image"
	}
	texts := make([]string, len(m.match))
	for i, one := range m.match {
		texts[i] = one.Key + ": " + one.Value
	}
	return strings.Join(texts, ", ")
}

type (
	jsonRules struct {
		Schema string     `json:"schema"`
		File   string     `json:"file"`
		Fields int        `json:"fields"`
		Rules  []jsonRule `json:"rules"`
		Ignore []jsonRule `json:"ignore"`
	}

	jsonRule struct {
		Key    string          `json:"key"`
		File   string          `json:"file"`
		Line   int             `json:"line"`
		Match  []jsonCondition `json:"match"`
		Sets   []string        `json:"sets"`
		Fields int             `json:"fields"`
		Note   string          `json:"note"`
	}

	jsonCondition struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
)

func writeRulesJSON(w io.Writer, found matchedRules) error {
	return encodeJSON(w, jsonRules{
		Schema: explainRulesSchema, File: found.file, Fields: found.fields,
		Rules: newJSONRules(found.rules), Ignore: newJSONRules(found.ignored),
	})
}

func newJSONRules(list []matchedRule) []jsonRule {
	rules := make([]jsonRule, len(list))
	for i, one := range list {
		rules[i] = jsonRule{
			Key: one.origin.Field, File: one.origin.File, Line: one.origin.Line, Match: []jsonCondition{},
			Sets: texts(one.sets), Fields: one.fields, Note: one.note,
		}
		for _, condition := range one.match {
			rules[i].Match = append(rules[i].Match, jsonCondition{condition.Key, condition.Value})
		}
	}
	return rules
}
