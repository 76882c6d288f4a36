package format

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// maxStored is how many bytes are decoded: whoever fills a store with more does
// not get more memory for it.
const maxStored = 1 << 20

var (
	errShort    = errors.New("it ends too early")
	errTrailing = errors.New("more follows than belongs to it")
	errNumber   = errors.New("a number is out of range")
	errText     = errors.New("a text is meant that did not come before")
	errOrder    = errors.New("keys are not in order")
	errSize     = fmt.Errorf("it has more than %d bytes", maxStored)
)

// codec writes values one after the other, or reads them back: what goes through
// a value is one function for both, so that the two cannot drift apart. After
// an error all that is read is zero.
type codec struct {
	reading bool
	out     []byte
	in      []byte
	err     error
	// texts are those that were there already: they are written once.
	texts []string
	known map[string]int
}

func encoder() *codec { return &codec{known: map[string]int{}} }

func decoder(stored []byte) *codec {
	c := &codec{reading: true, in: stored}
	if len(stored) > maxStored {
		c.fail(errSize)
	}
	return c
}

// end is the error of having read all that there is.
func (c *codec) end() error {
	if c.err == nil && len(c.in) > 0 {
		c.fail(errTrailing)
	}
	return c.err
}

func (c *codec) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.in = nil
}

// number is 0 or more, and no more than a file can have of anything.
func (c *codec) number(n *int) {
	if !c.reading {
		c.out = binary.AppendUvarint(c.out, uint64(*n)) //nolint:gosec // never negative
		return
	}
	*n = 0
	value, size := binary.Uvarint(c.in)
	switch {
	case size == 0:
		c.fail(errShort)
	case size < 0, value > math.MaxInt32, size > 1 && c.in[size-1] == 0:
		c.fail(errNumber)
	default:
		*n, c.in = int(value), c.in[size:]
	}
}

func (c *codec) flag(b *bool) {
	n := 0
	if *b {
		n = 1
	}
	c.number(&n)
	if *b = n == 1; n > 1 {
		c.fail(errNumber)
	}
}

// text is a length, doubled, with its bytes or, with one added, the place of an
// earlier text. Texts without bytes are not counted.
func text[T ~string](c *codec, s *T) {
	if !c.reading {
		c.writeText(string(*s))
		return
	}
	n := 0
	c.number(&n)
	switch at := n / 2; {
	case n%2 == 1 && at >= len(c.texts):
		c.fail(errText)
	case n%2 == 1:
		*s = T(c.texts[at])
	case at > len(c.in):
		c.fail(errShort)
	case at > 0:
		*s = T(c.in[:at])
		c.in = c.in[at:]
		c.texts = append(c.texts, string(*s))
	}
}

func (c *codec) writeText(s string) {
	at, found := c.known[s]
	if found {
		at = 2*at + 1
		c.number(&at)
		return
	}
	length := 2 * len(s)
	c.number(&length)
	c.out = append(c.out, s...)
	if s != "" {
		c.known[s] = len(c.known)
	}
}

// maybe is a value that may be missing.
func maybe[T any](c *codec, value **T, through func(*codec, *T)) {
	there := *value != nil
	if c.flag(&there); !there {
		return
	}
	if c.reading {
		*value = new(T)
	}
	through(c, *value)
}

// count is how many there are, told apart from a nil.
func (c *codec) count(isNil bool, length int) (n int, there bool) {
	if length++; isNil {
		length = 0
	}
	c.number(&length)
	return length - 1, length > 0
}

// list takes no more memory than the bytes that are there can fill.
func list[T any](c *codec, values *[]T, through func(*codec, *T)) {
	n, there := c.count(*values == nil, len(*values))
	if c.reading && there {
		*values = []T{}
	}
	for i := 0; i < n && c.err == nil; i++ {
		if c.reading {
			*values = append(*values, *new(T))
		}
		through(c, &(*values)[i])
	}
}

// table is a map, in the order of its keys.
func table[T any](c *codec, values *map[string]T, through func(*codec, *T)) {
	n, there := c.count(*values == nil, len(*values))
	if c.reading {
		readTable(c, values, n, there, through)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(*values)) {
		value := (*values)[key]
		text(c, &key)
		through(c, &value)
	}
}

func readTable[T any](c *codec, values *map[string]T, n int, there bool, through func(*codec, *T)) {
	if there {
		*values = map[string]T{}
	}
	before := ""
	for i := range n {
		var key string
		var value T
		text(c, &key)
		through(c, &value)
		if i > 0 && key <= before {
			c.fail(errOrder)
		}
		if c.err != nil {
			return
		}
		(*values)[key], before = value, key
	}
}

// stored are the bytes written; nil where they are more than is read again.
func (c *codec) stored() []byte {
	if len(c.out) > maxStored {
		return nil
	}
	return bytes.Clone(c.out)
}
