package handlers

// checker is the App whose check it is.
type checker struct {
	Slug string `json:"slug"`
}

// checkRun is sent for the check runs of all Apps, ours included: rerequested
// means that somebody wants ours again.
func checkRun(d *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		CheckRun struct {
			App        checker `json:"app"`
			CheckSuite struct {
				HeadBranch string `json:"head_branch"`
			} `json:"check_suite"`
		} `json:"check_run"`
	}
	if err := decode("check_run", body, &in); err != nil {
		return err
	}
	n.Person = e.Action == "rerequested" || e.Action == "requested_action"
	return n.checked(d, e, in.CheckRun.App, in.CheckRun.CheckSuite.HeadBranch)
}

func checkSuite(d *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		CheckSuite struct {
			App        checker `json:"app"`
			HeadBranch string  `json:"head_branch"`
		} `json:"check_suite"`
	}
	if err := decode("check_suite", body, &in); err != nil {
		return err
	}
	n.Person = e.Action == "rerequested"
	return n.checked(d, e, in.CheckSuite.App, in.CheckSuite.HeadBranch)
}

// checked is lookFor for checks. The sender is who pushed the commit, whoever checks
// it: on our branches that is the App itself, for everybody's checks. Those of the
// default branch decide nothing, and each push to it brings many.
func (n *News) checked(d *Decoder, e envelope, by checker, branch string) error {
	told := e.Action == "created" || e.Action == "completed"
	if d.Bot != "" && (told && by.Slug+"[bot]" == d.Bot || !told && e.Sender.Login == d.Bot) {
		return n.ignore(ownDeed)
	}
	if n.Person && (d.Bot == "" || by.Slug+"[bot]" == d.Bot) {
		return n.look(e) // also one of ours on somebody else's branch, which a fork's is not even named
	}
	if branch == e.Repository.DefaultBranch && branch != "" && !n.Person {
		return n.ignore("it is about no branch of ours")
	}
	return n.lookFor(e, branch)
}

// status is sent for commit statuses, with the branches that have the commit.
func status(_ *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		Branches []struct {
			Name string `json:"name"`
		} `json:"branches"`
	}
	if err := decode("status", body, &in); err != nil {
		return err
	}
	var others []string
	for _, b := range in.Branches {
		if b.Name != e.Repository.DefaultBranch {
			others = append(others, b.Name)
		}
	}
	switch len(others) {
	case 0:
		return n.ignore("it is about no branch of ours")
	case 1:
		return n.lookFor(e, others[0])
	}
	return n.look(e) // any of them may be ours
}

// mergeGroup is sent when a merge queue wants checks, ours included.
func mergeGroup(_ *Decoder, e envelope, _ []byte, n *News) error { return n.look(e) }

// protection is sent when the rules of branches change.
func protection(_ *Decoder, e envelope, _ []byte, n *News) error { return n.look(e) }
