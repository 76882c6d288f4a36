package version

// Tags are ASCII, and lists of them are long: they are read byte by byte.

func isDigit(c byte) bool     { return '0' <= c && c <= '9' }
func isLetter(c byte) bool    { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isSeparator(c byte) bool { return c == '-' || c == '.' || c == '_' }

// digits is how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// letters is how many letters s begins with.
func letters(s string) int {
	n := 0
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	return n
}

// isHex tells whether s is from least to most digits of a hash.
func isHex(s string, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// wordEnd is where the first word of s ends.
func wordEnd(s string) int {
	n := 0
	for n < len(s) && !isSeparator(s[n]) {
		n++
	}
	return n
}

// lastSeparator is where the last word of s is separated from the others, or -1.
func lastSeparator(s string) int {
	n := len(s) - 1
	for n >= 0 && !isSeparator(s[n]) {
		n--
	}
	return n
}

// separated tells whether a word ends before s[at].
func separated(s string, at int) bool { return at == len(s) || isSeparator(s[at]) }

// fits tells whether s begins like a pattern, in which d stands for any digit.
func fits(s, pattern string) bool {
	if len(s) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if c := pattern[i]; c != s[i] && (c != 'd' || !isDigit(s[i])) {
			return false
		}
	}
	return true
}
