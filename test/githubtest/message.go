package githubtest

import (
	"fmt"
	"slices"
	"strings"
)

// message is what a merge or a squash says: what the call says, or the
// repository's settings.
func (c *call) message(i *issue, in merging) (string, error) {
	title, body := c.mergeMessage(i)
	if in.Method == "squash" {
		commits, err := c.commits(i)
		if err != nil {
			return "", err
		}
		title, body = c.squashMessage(i, commits)
		if in.Message == "" {
			body = withTrailers(body, c.coauthors(i, commits), len(commits) > 1)
		}
	}
	if in.Title != "" {
		title = in.Title
	}
	if in.Message != "" {
		body = in.Message
	}
	if body == "" {
		return title, nil
	}
	return title + "\n\n" + body, nil
}

func (c *call) mergeMessage(i *issue) (title, body string) {
	settings := c.repo.merging
	title = fmt.Sprintf("Merge pull request #%d from %s/%s", i.number, i.pull.from.Owner, i.pull.head)
	if settings.MergeTitle == "PR_TITLE" {
		title = fmt.Sprintf("%s (#%d)", i.title, i.number)
	}
	return title, map[string]string{"": i.title, "PR_TITLE": i.title, "PR_BODY": i.body}[settings.MergeMessage]
}

// commits is those of a pull request, oldest first, without merges.
func (c *call) commits(i *issue) ([]commitText, error) {
	ids, err := c.repo.git.lines(c.ctx, "rev-list", "--reverse", "--no-merges", i.pull.baseSHA+".."+i.pull.headSHA)
	if err != nil {
		return nil, err
	}
	var all []commitText
	for _, id := range ids {
		t, err := c.repo.git.readCommit(id)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// squashMessage takes a single commit's own words, and lists several.
func (c *call) squashMessage(i *issue, commits []commitText) (title, body string) {
	settings := c.repo.merging
	title = i.title
	if len(commits) == 1 {
		subject, rest := commits[0].words()
		body = rest
		if settings.SquashTitle != "PR_TITLE" {
			title = subject
		}
	} else {
		var list []string
		for _, t := range commits {
			subject, rest := t.words()
			list = append(list, strings.TrimRight("* "+subject+"\n\n"+rest, "\n"))
		}
		body = strings.Join(list, "\n\n")
	}
	switch settings.SquashMessage {
	case "PR_BODY":
		body = i.body
	case "BLANK":
		body = ""
	}
	return fmt.Sprintf("%s (#%d)", title, i.number), body
}

// words is a commit's message without its trailers of co-authors.
func (t commitText) words() (subject, body string) {
	subject, rest, _ := strings.Cut(strings.TrimSpace(t.message), "\n")
	var kept []string
	for line := range strings.SplitSeq(rest, "\n") {
		if !isCoauthor(line) {
			kept = append(kept, line)
		}
	}
	return subject, strings.TrimSpace(strings.Join(kept, "\n"))
}

func isCoauthor(line string) bool {
	return strings.HasPrefix(strings.ToLower(line), "co-authored-by: ")
}

// coauthors is the trailers for all but the pull request's author.
func (c *call) coauthors(i *issue, commits []commitText) []string {
	var trailers []string
	add := func(trailer string) {
		if !strings.Contains(trailer, "<"+i.by.email()+">") && !slices.Contains(trailers, trailer) {
			trailers = append(trailers, trailer)
		}
	}
	for _, t := range commits {
		add(fmt.Sprintf("Co-authored-by: %s <%s>", t.author.name, t.author.email))
		for line := range strings.SplitSeq(t.message, "\n") {
			if isCoauthor(line) {
				add("Co-authored-by: " + strings.TrimSpace(line[len("co-authored-by: "):]))
			}
		}
	}
	return trailers
}

// withTrailers sets a rule before the trailers where there is a list.
func withTrailers(body string, trailers []string, list bool) string {
	text := strings.Join(trailers, "\n")
	switch {
	case text == "":
		return body
	case body == "":
		return text
	case list:
		return body + "\n\n---------\n\n" + text
	}
	return body + "\n\n" + text
}
