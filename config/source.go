package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// MaxSize is the size of the largest file that is read, in bytes.
const MaxSize = 1 << 20

// parse makes the tree of a file; nil where the file is good and holds nothing.
func parse(file string, src []byte) (*yaml.Node, *Error) {
	if err := readable(file, src); err != nil {
		return nil, err
	}
	loader, err := yaml.NewLoader(bytes.NewReader(src))
	if err != nil {
		return nil, syntaxError(file, src, err)
	}
	root, next := new(yaml.Node), new(yaml.Node)
	if err := loader.Load(root); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil //nolint:nilnil // an empty file is fine
		}
		return nil, syntaxError(file, src, err)
	}
	switch err := loader.Load(next); {
	case err == nil:
		return nil, &Error{
			File: file, Line: next.Line, Column: next.Column,
			Message: "a second YAML document begins here", Hint: "the file is one document: remove the --- between them",
		}
	case !errors.Is(err, io.EOF):
		return nil, syntaxError(file, src, err)
	}
	if root.Kind == yaml.DocumentNode {
		if len(root.Content) == 0 {
			return nil, nil //nolint:nilnil // as above
		}
		root = root.Content[0]
	}
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil //nolint:nilnil // as above
	}
	return root, nil
}

// readable refuses what is no text of a sane size.
func readable(file string, src []byte) *Error {
	refuse := func(offset int, message, hint string) *Error {
		line, column := position(src, offset)
		return &Error{File: file, Line: line, Column: column, Message: message, Hint: hint}
	}
	switch {
	case len(src) > MaxSize:
		return refuse(0, fmt.Sprintf("the file is larger than %d bytes, which is the most that is read", MaxSize), "put shared rules into a file that others extend")
	case bytes.HasPrefix(src, []byte{0xFF, 0xFE}), bytes.HasPrefix(src, []byte{0xFE, 0xFF}):
		return refuse(0, "the file is UTF-16", "save it as UTF-8")
	case !utf8.Valid(src):
		return refuse(firstInvalid(src), "the file is not UTF-8: no character begins with the byte here", "save it as UTF-8")
	}
	if zero := bytes.IndexByte(src, 0); zero >= 0 {
		return refuse(zero, "a NUL byte: this is no text", "")
	}
	return nil
}

func firstInvalid(src []byte) int {
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(src)
}

// position is the line and the column, in characters, of a byte.
func position(src []byte, offset int) (line, column int) {
	before := src[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// syntaxError says in plain words what the parser found, and what people
// mostly meant.
func syntaxError(file string, src []byte, err error) *Error {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return &Error{File: file, Line: 1, Column: 1, Message: "no valid YAML: " + err.Error()}
	}
	e := &Error{File: file, Line: max(load.Mark.Line, 1), Column: max(load.Mark.Column, 1), Message: "no valid YAML: " + load.Message}
	text := sourceLine(src, e.Line)
	if text == "" && e.Line > 1 {
		// The end of the file: the fault is on the last line with text.
		text = sourceLine(src, e.Line-1)
	}
	e.Hint = syntaxHint(text, e.Message)
	return e
}

func sourceLine(src []byte, number int) string {
	for range number - 1 {
		_, rest, found := bytes.Cut(src, []byte("\n"))
		if !found {
			return ""
		}
		src = rest
	}
	text, _, _ := bytes.Cut(src, []byte("\n"))
	return strings.TrimSuffix(string(text), "\r")
}

// reserved are the characters with which no plain scalar begins, though values
// of this file often do.
const reserved = ">*@`%&!|"

func syntaxHint(text, message string) string {
	indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	if strings.Contains(indent, "\t") {
		return "indent with spaces: YAML allows no tabs there"
	}
	value := plainValue(text)
	switch {
	case strings.Contains(text, "{{") && !strings.ContainsAny(text, `"'`):
		return "write templates in quotes: " + quoted(value)
	case value != "" && strings.ContainsRune(reserved, rune(value[0])):
		return fmt.Sprintf("a value that begins with %c needs quotes: %s", value[0], quoted(value))
	case strings.Contains(message, "mapping values are not allowed"):
		return "a value that holds \": \" needs quotes, and keys of one mapping need the same indentation"
	case strings.Contains(message, "unknown escape"):
		return `in double quotes write \\ for one backslash, or use single quotes`
	}
	return ""
}

// plainValue is the last value of a line, without what stands around it.
func plainValue(text string) string {
	text, _, _ = strings.Cut(text, " #")
	for {
		text = strings.TrimPrefix(strings.TrimSpace(text), "- ")
		_, after, found := strings.Cut(text, ": ")
		switch {
		case found:
			text = after
			continue
		case strings.HasPrefix(text, "{{"):
			return text
		}
		first, _, _ := strings.Cut(strings.TrimLeft(text, "[{ "), ", ")
		return strings.TrimRight(first, "]} ")
	}
}

// quoted is text in the quotes that read best in YAML.
func quoted(text string) string {
	if strings.ContainsAny(text, `\"`) && !strings.Contains(text, "'") {
		return "'" + text + "'"
	}
	return fmt.Sprintf("%q", text)
}
