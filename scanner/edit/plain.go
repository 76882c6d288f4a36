package edit

import "regexp"

// plainSafe is the form of a scalar that needs no quotes in any position,
// flow style included: tags, digests and references.
var plainSafe = regexp.MustCompile(`^[A-Za-z0-9_./](?:[A-Za-z0-9_./@+-]|:[A-Za-z0-9_./])*$`)

// notString is what readers of YAML 1.1 or 1.2, and those in between, take for
// something other than a string: null, booleans, integers, floats, sexagesimal
// numbers, timestamps.
var notString = regexp.MustCompile(`^(?:` +
	`|~|null|Null|NULL` +
	`|y|Y|n|N|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF` +
	`|[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[0-9][0-9_]*` +
	`|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?` +
	`|[-+]?(?:[0-9][0-9_]*)?\.?[0-9_]*(?:[eE][-+]?[0-9_]+)?` +
	`|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)` +
	`|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt].*)?` +
	`)$`)

// plainString tells whether s, written without quotes, is read as the string s
// by YAML 1.1 and 1.2 alike.
func plainString(s string) bool {
	return plainSafe.MatchString(s) && !notString.MatchString(s)
}
