package command

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// explainContract is docs/explain.md written down again, on purpose without the
// types that print it.
type explainContract struct {
	Schema string `json:"schema"`
	Fields []struct {
		File   string `json:"file"`
		Line   int    `json:"line"`
		Column int    `json:"column"`
		Path   string `json:"path"`
		Format string `json:"format"`
		Image  string `json:"image"`
		Tag    string `json:"tag"`
		Digest string `json:"digest"`
		Status string `json:"status"`
		Reason *struct {
			Code   string `json:"code"`
			Detail string `json:"detail"`
		} `json:"reason"`
		Updates []struct {
			Kind   string `json:"kind"`
			Tag    string `json:"tag"`
			Digest string `json:"digest"`
			Group  string `json:"group"`
		} `json:"updates"`
		Advice   []string `json:"advice"`
		Settings []struct {
			Key   string   `json:"key"`
			Value string   `json:"value"`
			File  string   `json:"file"`
			Line  int      `json:"line"`
			Rule  int      `json:"rule"`
			For   []string `json:"for"`
		} `json:"settings"`
		Ignored    []string `json:"ignored"`
		Candidates []struct {
			Tag     string `json:"tag"`
			Verdict string `json:"verdict"`
			Kind    string `json:"kind"`
			Detail  string `json:"detail"`
			Alone   bool   `json:"alone"`
		} `json:"candidates"`
		Refused []struct {
			Reason   string   `json:"reason"`
			Detail   string   `json:"detail"`
			Count    int      `json:"count"`
			Alone    int      `json:"alone"`
			Remedy   string   `json:"remedy"`
			Examples []string `json:"examples"`
		} `json:"refused"`
	} `json:"fields"`
	Problems []struct {
		File    string `json:"file"`
		Line    int    `json:"line"`
		Column  int    `json:"column"`
		Message string `json:"message"`
	} `json:"problems"`
}

type rulesContract struct {
	Schema string         `json:"schema"`
	File   string         `json:"file"`
	Fields int            `json:"fields"`
	Rules  []ruleContract `json:"rules"`
	Ignore []ruleContract `json:"ignore"`
}

type ruleContract struct {
	Key   string `json:"key"`
	File  string `json:"file"`
	Line  int    `json:"line"`
	Match []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"match"`
	Sets   []string `json:"sets"`
	Fields int      `json:"fields"`
	Note   string   `json:"note"`
}

// strictly reads JSON in which there is no other key, and no null but for a
// reason.
func strictly(t *testing.T, text string, into any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if strings.Contains(strings.ReplaceAll(text, `"reason": null`, ""), "null") {
		t.Errorf("null where an array should be:\n%s", text)
	}
}

func decodeExplain(t *testing.T, text string) explainContract {
	t.Helper()
	var got explainContract
	strictly(t, text, &got)
	return got
}

func TestExplainJSON(t *testing.T) {
	t.Parallel()
	e := newExplaining(t)
	if got := e.explain(t, "-o", "json", "**"); got != int(exitLookup) {
		t.Errorf("exit code %d: %s", got, e.stderr())
	}
	got := decodeExplain(t, e.stdout())
	if got.Schema != "imageupdater.explain/v1" || len(got.Fields) != 6 || len(got.Problems) > 0 {
		t.Fatalf("schema %q, %d fields, problems %v", got.Schema, len(got.Fields), got.Problems)
	}
	api := got.Fields[3]
	if api.File != "envs/prod/again.yaml" || api.Line != 7 || api.Image != "HOST/acme/api" || api.Status != "update" || len(api.Updates) != 2 || len(api.Ignored) != 1 {
		t.Errorf("field %+v", api)
	}
	if n := len(api.Candidates); n != 22 || api.Candidates[1].Verdict != "chosen" || api.Candidates[1].Kind != "major" || !api.Candidates[0].Alone || api.Candidates[0].Verdict != "outside of constraint" {
		t.Errorf("%d candidates: %+v", n, api.Candidates)
	}
	var settings []string
	for _, one := range api.Settings {
		if one.Rule >= 0 && one.File == ".imageupdater.yaml" && one.Line > 0 {
			settings = append(settings, one.Key+" "+one.Value+" "+strings.Join(one.For, ","))
		}
		if (one.File == "") != (one.Line == 0) {
			t.Errorf("setting %+v", one)
		}
	}
	if diff := cmp.Diff([]string{"constraint 1.x || 2.x ", `tags.ignore [^v1\.4\.2$] `, "minAge 0 major,patch,build", "labels [needs-care] major,patch,build"}, settings); diff != "" {
		t.Errorf("settings -want +got\n%s", diff)
	}
	if first := api.Refused[0]; first.Reason != "older than the current tag" || first.Count != 4 || len(first.Examples) != 3 || first.Alone != 0 {
		t.Errorf("refused %+v", first)
	}
}

func TestExplainRulesJSON(t *testing.T) {
	t.Parallel()
	e := newExplaining(t)
	if got := e.explain(t, "-o", "json", "--rules"); got != 0 {
		t.Errorf("exit code %d: %s", got, e.stderr())
	}
	var got rulesContract
	strictly(t, e.stdout(), &got)
	if got.Schema != "imageupdater.explain-rules/v1" || got.File != ".imageupdater.yaml" || got.Fields != 6 || len(got.Rules) != 3 || len(got.Ignore) != 2 {
		t.Fatalf("got %+v", got)
	}
	if one := got.Rules[1]; one.Key != "rules[1]" || one.Line != 7 || one.Fields != 3 || len(one.Match) != 2 || one.Match[0].Value != "envs/prod/**" || cmp.Diff([]string{"minAge", "labels"}, one.Sets) != "" {
		t.Errorf("rule %+v", one)
	}
	if one := got.Ignore[1]; one.Key != "ignore[1]" || one.Note == "" || len(one.Sets) > 0 {
		t.Errorf("entry %+v", one)
	}
}

// The page names every flag and every key, and its examples are in the shape
// of the contract.
func TestDocsOfExplain(t *testing.T) {
	t.Parallel()
	doc := read(t, "docs/explain.md")
	newExplain(new(process).environment()).Flags().VisitAll(func(flag *pflag.Flag) {
		if !strings.Contains(doc, "`--"+flag.Name) && !strings.Contains(doc, ", `--"+flag.Name) {
			t.Errorf("docs/explain.md says nothing of --%s", flag.Name)
		}
	})
	_, rest, _ := strings.Cut(doc, "```json\n")
	example, rest, _ := strings.Cut(rest, "```")
	decodeExplain(t, example)
	between, rest, _ := strings.Cut(rest, "```json\n")
	rules, behind, _ := strings.Cut(rest, "```")
	strictly(t, rules, new(rulesContract))

	e := newExplaining(t)
	for args, tables := range map[string]string{"-o json **": between, "-o json --rules": behind} {
		e.explain(t, strings.Fields(args)...)
		for key := range keys(t, e.out.String()) {
			if !strings.Contains(tables, "`"+key+"`") {
				t.Errorf("%s: no table explains %q", args, key)
			}
		}
	}
}
