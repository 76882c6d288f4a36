package version

import (
	"slices"
	"strings"
)

// architectures are what words that name one begin with. Their numbers are no
// versions: nothing moves from armv6 to armv7, nor from amd64-v2 to amd64-v3.
//
//nolint:gochecknoglobals // a table, never written
var architectures = []string{
	"32bit", "64bit", "aarch", "amd64", "arm", "i386", "i486", "i586", "i686", "loong", "mips",
	"ppc", "riscv", "s390", "win32", "win64", "x64", "x86",
}

// flavor splits the flavour into what stays and its numbers: "-alpine3.19" is
// "-alpine#.#" with 3 and 19. Two flavours of one name differ in their version
// alone. The numbers of hashes and architectures stay.
func (v Version) flavor() (name string, numbers []number) {
	flavor := v.shape.flavor
	made := make([]byte, 0, len(flavor))
	platform := false
	for at := 0; at < len(flavor); {
		if isSeparator(flavor[at]) {
			made = append(made, flavor[at])
			at++
			continue
		}
		word := flavor[at : at+wordEnd(flavor[at:])]
		at += len(word)
		platform = namesArchitecture(word) || platform && word[0] == 'v'
		if platform || isHashWord(word) {
			made = append(made, word...)
			continue
		}
		made, numbers = splitWord(word, made, numbers)
	}
	return string(made), numbers
}

func namesArchitecture(word string) bool {
	word = strings.ToLower(word)
	return slices.ContainsFunc(architectures, func(name string) bool { return strings.HasPrefix(word, name) })
}

// splitWord appends a word, with a # in place of each number, and the numbers.
func splitWord(word string, made []byte, numbers []number) ([]byte, []number) {
	for word != "" {
		if n := digits(word); n > 0 {
			made = append(made, '#')
			numbers = append(numbers, newNumber(word[:n]))
			word = word[n:]
			continue
		}
		made = append(made, word[0])
		word = word[1:]
	}
	return made, numbers
}
