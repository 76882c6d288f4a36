package registry

import "fmt"

// shape is what JSON may look like. Within few bytes there is room for so many
// values, or such deep ones, that reading them takes a hundred times the memory.
type shape struct {
	parts int // values and their keys, at most; 0 where it does not matter
	run   int // bytes without a bracket, a comma or a colon, at most; 0 likewise
}

// maxNesting is how deep values may be within each other.
const maxNesting = 100

// check looks at the marks between values. What is no JSON may pass: nobody will
// be able to read it.
func (s shape) check(body []byte) error {
	var depth, parts, run int
	var quoted, escaped bool
	for _, b := range body {
		run++
		if quoted {
			quoted, escaped = escaped || b != '"', !escaped && b == '\\'
		} else {
			switch b {
			case '"':
				quoted = true
			case '{', '[':
				depth, parts, run = depth+1, parts+1, 0
			case ',':
				parts, run = parts+1, 0
			case '}', ']':
				depth, run = depth-1, 0
			case ':':
				run = 0
			}
		}
		if depth > maxNesting || s.parts > 0 && parts > s.parts || s.run > 0 && run > s.run {
			return fmt.Errorf("%w: it has too many values, or too long or too deep ones", ErrTooLarge)
		}
	}
	return nil
}
