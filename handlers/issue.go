package handlers

import (
	"slices"

	"github.com/imageupdater/imageupdater/handlers/command"
)

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
// ticks a box. The text goes along, since a write of ours may take it away.
func issues(d *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		Issue struct {
			Number int     `json:"number"`
			Body   string  `json:"body"`
			User   account `json:"user"`
		} `json:"issue"`
		Changes struct {
			Body *struct {
				From string `json:"from"`
			} `json:"body"`
		} `json:"changes"`
	}
	if err := decode("issues", body, &in); err != nil {
		return err
	}
	switch {
	case d.Bot == "" || in.Issue.User.Login != d.Bot:
		return n.ignore("the issue is not the App's")
	case !slices.Contains([]string{"edited", "closed", "reopened", "deleted", "transferred"}, e.Action):
		return n.ignore("nothing of it matters")
	}
	n.Person = e.Action == "edited"
	if was := in.Changes.Body; n.Person && was != nil {
		n.Edited = &Edited{Number: in.Issue.Number, From: was.From, Body: in.Issue.Body}
	}
	return n.look(e)
}
