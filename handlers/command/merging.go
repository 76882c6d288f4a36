package command

import (
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// MergeOrdered answers /merge where it waits for something. The sentence is Markdown,
// and says for what; "" where there is nothing to say of it.
func MergeOrdered(head, sentence string) string {
	if sentence = strings.TrimSpace(sentence); sentence != "" {
		sentence += "\n\n"
	}
	return sentence + fmt.Sprintf("The order holds once, at %s or where the App builds the same on a newer base, and not if anything else is pushed. "+
		"`/hold` stops it.\n", short(head))
}

// MergedNow answers /merge where it was done.
func MergedNow(number int) string {
	return fmt.Sprintf("Pull request %d is merged.\n", number)
}

// HeadChanged answers /merge where the branch is at another head by now than the one
// that was looked at when it was written.
func HeadChanged(head string) string {
	return fmt.Sprintf("The branch changed after the comment was written, and is at %s now. Please look at it, and write `/merge` again.\n", short(head))
}

// MergeUndecided answers /merge where nothing came of it, and nothing will.
func MergeUndecided() string {
	return "Nothing was ordered: whether this pull request may be merged was not decided now. If it is still open, please write `/merge` again.\n"
}

// MergeByHand answers /merge on a pull request that changes the configuration.
func MergeByHand() string {
	return fmt.Sprintf("This pull request changes %s, and such ones are merged by people: please use GitHub's own button.\n", foreign.Code(config.FileName))
}

// MergeYourself answers /merge on a branch to which somebody pushed.
func MergeYourself(why string) string {
	return fmt.Sprintf("This branch is somebody else's by now (%s), and the App merges only what it made. "+
		"Please merge it with GitHub's own button, or write `/recreate` first, which overwrites what was pushed, and then `/merge`.\n", foreign.Code(why))
}

// MergeDraft answers /merge on a draft.
func MergeDraft() string {
	return "This pull request is a draft. Please mark it as ready for review first, and then write `/merge`.\n"
}

// short is a commit as people write it.
func short(sha string) string {
	const length = 7
	return foreign.Code(sha[:min(len(sha), length)])
}
