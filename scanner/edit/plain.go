package edit

import "regexp"

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

// isString tells whether a plain scalar that is made of what isWritable allows,
// behind what was a plain scalar before, is read as a string by YAML 1.1 and
// 1.2 alike.
func isString(s string) bool { return !notString.MatchString(s) }
