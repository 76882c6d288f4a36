package version

import (
	"cmp"
	"strings"
)

// isDecimal tells whether a text is a number without sign: 1718000000, 1.10.
func isDecimal(text string) bool {
	whole, fraction, dotted := strings.Cut(text, ".")
	return isDigits(whole) && (!dotted || isDigits(fraction))
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// compareDecimals compares numbers of any length exactly: 1.10 is 1.1 and
// below 1.9.
func compareDecimals(a, b string) int {
	whole, fraction, _ := strings.Cut(a, ".")
	otherWhole, otherFraction, _ := strings.Cut(b, ".")
	whole, otherWhole = strings.TrimLeft(whole, "0"), strings.TrimLeft(otherWhole, "0")
	return cmp.Or(
		cmp.Compare(len(whole), len(otherWhole)),
		strings.Compare(whole, otherWhole),
		strings.Compare(strings.TrimRight(fraction, "0"), strings.TrimRight(otherFraction, "0")),
	)
}
