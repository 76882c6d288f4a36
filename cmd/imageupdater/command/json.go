package command

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// jsonSchema names the contract of docs/scan-json.md. Keys may be added under
// this name; a change that would break a reader needs another.
const jsonSchema = "imageupdater.scan/v1"

// The types below spell the contract out, so that a change of the scanner's
// own types cannot change it by accident.
type (
	jsonReport struct {
		Schema   string                   `json:"schema"`
		Fields   []jsonField              `json:"fields"`
		Problems []jsonProblem            `json:"problems"`
		Warnings []jsonWarning            `json:"warnings"`
		Requests map[string]requestCounts `json:"requests"`
	}

	jsonField struct {
		File    string       `json:"file"`
		Line    int          `json:"line"`
		Column  int          `json:"column"`
		Path    string       `json:"path"`
		Format  string       `json:"format"`
		Image   string       `json:"image"`
		Tag     string       `json:"tag"`
		Digest  string       `json:"digest"`
		Status  string       `json:"status"`
		Reason  *jsonReason  `json:"reason"`
		Updates []jsonUpdate `json:"updates"`
		Waiting *jsonWaiting `json:"waiting"`
		At      jsonAt       `json:"at"`
	}

	jsonReason struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}

	jsonUpdate struct {
		Kind   string `json:"kind"`
		Tag    string `json:"tag"`
		Digest string `json:"digest"`
		Group  string `json:"group"`
	}

	jsonWaiting struct {
		Kind   string `json:"kind"`
		Tag    string `json:"tag"`
		Digest string `json:"digest"`
		Until  string `json:"until"`
	}

	jsonAt struct {
		Tag    *jsonPosition `json:"tag"`
		Digest *jsonPosition `json:"digest"`
	}

	jsonPosition struct {
		Line   int `json:"line"`
		Column int `json:"column"`
		Offset int `json:"offset"`
		Length int `json:"length"`
	}

	jsonProblem struct {
		File    string `json:"file"`
		Line    int    `json:"line"`
		Column  int    `json:"column"`
		Message string `json:"message"`
	}

	jsonWarning struct {
		Severity string `json:"severity"`
		File     string `json:"file"`
		Line     int    `json:"line"`
		Column   int    `json:"column"`
		Field    string `json:"field"`
		Message  string `json:"message"`
		Hint     string `json:"hint"`
	}

	// requestCounts is what one registry was asked.
	requestCounts struct {
		List  int `json:"list"`
		Head  int `json:"head"`
		Get   int `json:"get"`
		Other int `json:"other"`
	}
)

func writeJSON(w io.Writer, report *report) error {
	return encodeJSON(w, newJSONReport(report))
}

// encodeJSON writes a document for people and programs.
func encodeJSON(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	// "<" as \u003c serves HTML; nobody reads that here.
	encoder.SetEscapeHTML(false)
	return encoder.Encode(document)
}

// newJSONReport has no nil slice or map: readers shall never meet null where
// the contract says array or object.
func newJSONReport(report *report) jsonReport {
	result := jsonReport{
		Schema:   jsonSchema,
		Fields:   make([]jsonField, 0, len(report.rows)),
		Problems: make([]jsonProblem, 0, len(report.problems)),
		Warnings: make([]jsonWarning, 0, len(report.warnings)),
		Requests: report.requests,
	}
	for _, w := range report.warnings {
		result.Warnings = append(result.Warnings, jsonWarning{string(w.Severity), w.File, w.Line, w.Column, w.Field, w.Message, w.Hint})
	}
	for _, row := range report.rows {
		result.Fields = append(result.Fields, newJSONField(row.Result))
	}
	for _, problem := range slices.Concat(report.problems, report.failures()) {
		result.Problems = append(result.Problems, jsonProblem(problem))
	}
	if result.Requests == nil {
		result.Requests = map[string]requestCounts{}
	}
	return result
}

func newJSONField(r scanner.Result) jsonField {
	f := r.Field
	field := jsonField{
		File:    f.File,
		Line:    f.Line,
		Column:  f.Column,
		Path:    f.Path,
		Format:  string(f.Format),
		Image:   f.Ref.Name(),
		Tag:     f.Ref.Tag,
		Digest:  f.Ref.Digest,
		Status:  string(r.Status),
		Reason:  newJSONReason(r.Reason),
		Updates: make([]jsonUpdate, 0, len(r.Updates)),
		At:      jsonAt{Tag: newJSONPosition(f.Tag), Digest: newJSONPosition(f.Digest)},
	}
	if r.Waiting != nil {
		tag, digest, _ := strings.Cut(r.Waiting.Tag, "@")
		field.Waiting = &jsonWaiting{Kind: string(r.Waiting.Kind), Tag: tag, Digest: digest, Until: r.Waiting.Until.UTC().Format(time.RFC3339)}
	}
	for _, u := range r.Updates {
		field.Updates = append(field.Updates, jsonUpdate{Kind: string(u.Kind), Tag: u.Tag, Digest: u.Digest, Group: u.Group})
	}
	return field
}

func newJSONReason(reason *format.Reason) *jsonReason {
	if reason == nil {
		return nil
	}
	return &jsonReason{Code: string(reason.Code), Detail: reason.Detail}
}

func newJSONPosition(slot *edit.Slot) *jsonPosition {
	if slot == nil {
		return nil
	}
	position := jsonPosition(slot.At)
	return &position
}
