package proposal

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/imageupdater/imageupdater/config"
)

// NewFile is a configuration that is offered to a repository without one.
type NewFile struct {
	Branch, Title, Body string
	Text                []byte
	// Base is the default branch, BaseSHA its newest commit.
	Base, BaseSHA string
	// Existing is the pull request that offers it already; nil where there is none.
	Existing *Existing
	// Anew is set where that one's branch is to be built anew.
	Anew bool
}

// Proposal is the pull request that adds the file. One that is open is written again
// where it adds another text.
func (f *NewFile) Proposal(repository int64) (*Proposal, error) {
	sum := sha256.Sum256(f.Text)
	p := &Proposal{
		Group: ConfigurationGroup, Branch: f.Branch, Base: f.Base, BaseSHA: f.BaseSHA, Title: f.Title, Body: f.Body, Existing: f.Existing,
		Files: map[string][]byte{config.FileName: f.Text}, Edit: &Edit{What: FirstContact, Sum: hex.EncodeToString(sum[:16])}, Rewrite: true,
	}
	if e := f.Existing; e != nil {
		p.Title = e.Title
		p.Rewrite = f.Anew || e.Record.Edit.Sum != p.Edit.Sum
	}
	var err error
	record := p.record(repository)
	p.Message, err = record.Sealed(f.Title + "\n")
	return p, err
}

// Contacts are the pull requests that offered a configuration.
func (p *Past) Contacts() []*Existing {
	var all []*Existing
	for _, e := range p.Edits {
		if e.Record.Edit.What == FirstContact {
			all = append(all, e)
		}
	}
	return all
}
