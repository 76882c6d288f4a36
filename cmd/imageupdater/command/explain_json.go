package command

import (
	"io"
	"time"

	"github.com/imageupdater/imageupdater/config"
)

// The contracts of docs/explain.md. Keys may be added under these names; a
// change that would break a reader needs another.
const (
	explainSchema      = "imageupdater.explain/v1"
	explainRulesSchema = "imageupdater.explain-rules/v1"
)

// The types below spell the contract out, as those of scan do.
type (
	jsonExplain struct {
		Schema   string          `json:"schema"`
		Fields   []jsonExplained `json:"fields"`
		Problems []jsonProblem   `json:"problems"`
	}

	jsonExplained struct {
		File       string          `json:"file"`
		Line       int             `json:"line"`
		Column     int             `json:"column"`
		Path       string          `json:"path"`
		Format     string          `json:"format"`
		Image      string          `json:"image"`
		Tag        string          `json:"tag"`
		Digest     string          `json:"digest"`
		Status     string          `json:"status"`
		Reason     *jsonReason     `json:"reason"`
		Updates    []jsonUpdate    `json:"updates"`
		Advice     []string        `json:"advice"`
		Settings   []jsonSetting   `json:"settings"`
		Ignored    []string        `json:"ignored"`
		Candidates []jsonCandidate `json:"candidates"`
		Refused    []jsonRefusal   `json:"refused"`
	}

	jsonSetting struct {
		Key   string   `json:"key"`
		Value string   `json:"value"`
		File  string   `json:"file"`
		Line  int      `json:"line"`
		Rule  int      `json:"rule"`
		For   []string `json:"for"`
	}

	jsonCandidate struct {
		Tag     string `json:"tag"`
		Verdict string `json:"verdict"`
		Kind    string `json:"kind"`
		Detail  string `json:"detail"`
		Alone   bool   `json:"alone"`
	}

	jsonRefusal struct {
		Reason   string   `json:"reason"`
		Detail   string   `json:"detail"`
		Count    int      `json:"count"`
		Alone    int      `json:"alone"`
		Remedy   string   `json:"remedy"`
		Examples []string `json:"examples"`
	}
)

// verdictChosen is the verdict on a candidate that is no reason.
const verdictChosen = "chosen"

func writeExplainJSON(w io.Writer, found *report, now time.Time) error {
	result := jsonExplain{Schema: explainSchema, Fields: []jsonExplained{}, Problems: []jsonProblem{}}
	for _, r := range found.rows {
		e := explain(r.Result, now)
		result.Fields = append(result.Fields, newJSONExplained(&e))
	}
	for _, problem := range found.problems {
		result.Problems = append(result.Problems, jsonProblem(problem))
	}
	return encodeJSON(w, result)
}

func newJSONExplained(e *explained) jsonExplained {
	field := newJSONField(e.Result)
	result := jsonExplained{
		File: field.File, Line: field.Line, Column: field.Column, Path: field.Path, Format: field.Format,
		Image: field.Image, Tag: field.Tag, Digest: field.Digest,
		Status: field.Status, Reason: field.Reason, Updates: field.Updates,
		Advice: texts(e.advice), Settings: []jsonSetting{}, Ignored: texts(e.ignored), Candidates: []jsonCandidate{}, Refused: []jsonRefusal{},
	}
	for _, one := range e.settings {
		result.Settings = append(result.Settings, newJSONSetting(one))
	}
	for _, one := range e.candidates {
		result.Candidates = append(result.Candidates, newJSONCandidate(one))
	}
	for i := range e.refused {
		result.Refused = append(result.Refused, newJSONRefusal(&e.refused[i]))
	}
	return result
}

// texts are never null.
func texts[T ~string](words []T) []string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return all
}

func newJSONSetting(s setting) jsonSetting {
	result := jsonSetting{Key: s.Key, Value: s.Value, Rule: s.Origin.Rule, For: texts(s.kinds)}
	if s.Origin.File != config.BuiltIn {
		result.File, result.Line = s.Origin.File, s.Origin.Line
	}
	return result
}

func newJSONCandidate(c candidate) jsonCandidate {
	result := jsonCandidate{Tag: c.tag, Verdict: verdictChosen, Kind: string(c.kind)}
	if c.kind == "" && c.refused != nil {
		result.Verdict, result.Detail, result.Alone = string(c.refused.Reason), c.refused.Detail, c.refused.Alone
	}
	return result
}

func newJSONRefusal(g *refusal) jsonRefusal {
	result := jsonRefusal{Reason: string(g.reason), Detail: g.detail, Count: len(g.rejected), Alone: g.alone, Remedy: g.remedy}
	for _, one := range g.rejected[:min(fewExamples, len(g.rejected))] {
		result.Examples = append(result.Examples, one.Tag)
	}
	return result
}
