package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// Known is a fact, or why it is not known. The zero value is not known.
type Known[T any] struct {
	value T
	read  bool
	why   string
}

// Read is a fact that was read.
func Read[T any](value T) Known[T] { return Known[T]{value: value, read: true} }

// Unread is a fact that could not be read, with the reason in words.
func Unread[T any](why string) Known[T] { return Known[T]{why: why} }

// Get gives the fact, and whether it is known.
func (k *Known[T]) Get() (value T, known bool) { return k.value, k.read }

// Why is why the fact is not known.
func (k *Known[T]) Why() string {
	switch {
	case k.read:
		return ""
	case k.why == "":
		return "it was not read"
	}
	return k.why
}

// reason is Why as Markdown.
func (k *Known[T]) reason() string { return foreign.Code(k.Why()) }

// unknown is how a fact that is not known is written as JSON.
type unknown struct {
	Why string `json:"unknown"`
}

// MarshalJSON writes the value, or {"unknown": "why"}.
func (k Known[T]) MarshalJSON() ([]byte, error) {
	var value any = k.value
	switch list := reflect.ValueOf(&k.value).Elem(); {
	case !k.read:
		value = unknown{k.Why()}
	case list.Kind() == reflect.Slice && list.IsNil():
		value = []struct{}{} // null would be no list
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("writing a fact: %w", err)
	}
	return text, nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (k *Known[T]) UnmarshalJSON(text []byte) error {
	if why, ok := unknownIn(text); ok {
		*k = Unread[T](why)
		return nil
	}
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		return fmt.Errorf("reading a fact: %w", err)
	}
	*k = Read(value)
	return nil
}

// inner is the type of the value.
func (*Known[T]) inner() reflect.Type { return reflect.TypeFor[T]() }

// unknownIn says whether a text stands for a fact that is not known, and why it is not.
func unknownIn(text []byte) (why string, ok bool) {
	var said struct {
		Why *string `json:"unknown"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&said) != nil || said.Why == nil {
		return "", false
	}
	return *said.Why, true
}
