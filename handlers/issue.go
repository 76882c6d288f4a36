package handlers

import "github.com/imageupdater/imageupdater/handlers/command"

// issueComment is sent for comments on issues and on pull requests. An edited
// comment is no command, so only new ones count.
func issueComment(_ *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		Comment struct {
			Body string  `json:"body"`
			User account `json:"user"`
		} `json:"comment"`
	}
	if err := decode("issue_comment", body, &in); err != nil {
		return err
	}
	switch {
	case e.Action != "created":
		return n.ignore("only new comments are commands")
	case e.Sender.Type == "Bot" || in.Comment.User.Type == "Bot":
		return n.ignore("bots give no commands")
	case !command.Begins(in.Comment.Body): // whether it is one is for the look to say, which reads the comment again
		return n.ignore("there is no command in it")
	}
	n.Person = true
	return n.look(e)
}

// issues is sent for issues. Ours are the dashboard and the like: who edits one
// ticks a box.
func issues(d *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		Issue struct {
			User account `json:"user"`
		} `json:"issue"`
	}
	if err := decode("issues", body, &in); err != nil {
		return err
	}
	if d.Bot == "" || in.Issue.User.Login != d.Bot {
		return n.ignore("the issue is not the App's")
	}
	n.Person = e.Action == "edited"
	return n.look(e)
}
