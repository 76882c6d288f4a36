package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// handle is the name of an entry.
type handle struct {
	name   string
	origin *Origin
}

func (h *handle) place(o *Origin) { h.origin = o }

var handlePattern = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

func readHandle(h *handle, text string) *fault {
	if !handlePattern.MatchString(text) {
		return faultf("1 to 64 of a-z, 0-9 and -", "%q is no name", shorten(text))
	}
	h.name = text
	return nil
}

func schemaOfHandle() schema { return schema{"type": "string", "pattern": handlePattern.String()} }

func (d *decoder) uniqueHandles(names []handle, what string) {
	first := map[string]*Origin{}
	for _, h := range names {
		if before := first[h.name]; before != nil {
			d.failOrigin(h.origin, fmt.Sprintf("there is a %s %q already, at %d:%d", what, h.name, before.Line, before.Column), "give it another name")
			continue
		}
		if h.name != "" {
			first[h.name] = h.origin
		}
	}
}

// onOff is a switch. The words are on and off; true and false do too, since
// YAML of old reads one for the other.
type onOff bool

func (o *onOff) decode(d *decoder, v value) bool {
	if v.node.Kind == yaml.ScalarNode {
		switch strings.ToLower(v.node.Value) {
		case "on", "true":
			*o = true
			return true
		case "off", "false":
			*o = false
			return true
		}
	}
	return d.fail(v, "expected on or off, found "+d.describe(v.node), "")
}

func (*onOff) schema() schema { return schema{"enum": []any{"on", "off", true, false}} }

// appNumber is the number of an App.
type appNumber int

const mostAppNumber = 1<<31 - 1

func (a *appNumber) decode(d *decoder, v value) bool {
	return decodeNumber(d, v, (*int)(a), 1, mostAppNumber)
}

func (*appNumber) schema() schema {
	return schema{"type": "integer", "minimum": 1, "maximum": mostAppNumber}
}

// workers is how many jobs run at once.
type workers int

const mostWorkers = 500

func (w *workers) decode(d *decoder, v value) bool {
	return decodeNumber(d, v, (*int)(w), 1, mostWorkers)
}

func (*workers) schema() schema {
	return schema{"type": "integer", "minimum": 1, "maximum": mostWorkers}
}

// byteSize is a size as people write it: 512MiB, 1GiB.
type byteSize int64

var (
	sizePattern = regexp.MustCompile(`^([0-9]{1,6})(M|G|T)iB$`)
	sizeUnits   = map[string]byteSize{"M": 1 << 20, "G": 1 << 30, "T": 1 << 40} //nolint:gochecknoglobals // a table, never written
)

const (
	leastSize = 16 << 20
	mostSize  = 1 << 40
)

func readByteSize(s *byteSize, text string) *fault {
	m := sizePattern.FindStringSubmatch(text)
	if m == nil {
		return faultf("write 512MiB or 1GiB", "this is no size")
	}
	n, err := strconv.Atoi(m[1])
	size := byteSize(n) * sizeUnits[m[2]]
	if err != nil || size < leastSize || size > mostSize {
		return faultf("from 16MiB to 1TiB", "the size is out of range")
	}
	*s = size
	return nil
}

func schemaOfByteSize() schema { return schema{"type": "string", "pattern": sizePattern.String()} }

// audience is that of a token.
type audience string

const longestAudience = 500

func readAudience(a *audience, text string) *fault {
	if text == "" || len(text) > longestAudience || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII }) {
		return faultf("write that of the push subscription, such as the address of the hook", "this is no audience")
	}
	*a = audience(text)
	return nil
}

func schemaOfAudience() schema {
	return schema{"type": "string", "pattern": "^[!-~]+$", "maxLength": longestAudience}
}

// emailAddress is that of a service account.
type emailAddress string

var emailPattern = regexp.MustCompile(`^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$`)

func readEmailAddress(e *emailAddress, text string) *fault {
	if !emailPattern.MatchString(text) {
		return faultf("write that of the push subscription's service account, as NAME@PROJECT.iam.gserviceaccount.com", "this is no address of an account")
	}
	*e = emailAddress(text)
	return nil
}

func schemaOfEmailAddress() schema { return schema{"type": "string", "pattern": emailPattern.String()} }
