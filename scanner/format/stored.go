package format

import (
	"fmt"

	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// Encode gives a finding as bytes, whole but for the name of its file: a few,
// and one for the nil of a file that holds nothing. It gives nil for the rare
// finding that is too large to be stored.
func Encode(finding *Finding) []byte {
	c := encoder()
	maybe(c, &finding, (*codec).finding)
	return c.stored()
}

// Decode is the reverse of Encode, for the same file. Whatever the bytes are it
// ends with an error or a finding that takes little more room than they do;
// findings share nothing.
func Decode(file string, stored []byte) (*Finding, error) {
	c := decoder(stored)
	var finding *Finding
	maybe(c, &finding, (*codec).finding)
	if err := c.end(); err != nil {
		return nil, fmt.Errorf("decoding what is remembered of %s: %w", file, err)
	}
	finding.in(file)
	return finding, nil
}

// EncodeUses gives what AppVersionUses found as bytes, or nil as Encode does.
func EncodeUses(uses []AppVersionUse, ok bool) []byte {
	c := encoder()
	c.flag(&ok)
	list(c, &uses, (*codec).use)
	return c.stored()
}

// DecodeUses is the reverse of EncodeUses.
func DecodeUses(stored []byte) (uses []AppVersionUse, ok bool, err error) {
	c := decoder(stored)
	c.flag(&ok)
	list(c, &uses, (*codec).use)
	if err := c.end(); err != nil {
		return nil, false, fmt.Errorf("decoding what is remembered of a template: %w", err)
	}
	return uses, ok, nil
}

// in says of which file all of a finding is.
func (f *Finding) in(file string) {
	if f == nil {
		return
	}
	for i := range f.Fields {
		f.Fields[i].File = file
	}
	for i := range f.Problems {
		f.Problems[i].File = file
	}
	if f.Chart != nil && f.Chart.AppVersion != nil {
		f.Chart.AppVersion.File = file
	}
}

func (c *codec) finding(f *Finding) {
	list(c, &f.Fields, (*codec).found)
	list(c, &f.Problems, (*codec).problem)
	table(c, &f.Names, (*codec).name)
	c.global(&f.Global)
	list(c, &f.Releases, (*codec).release)
	table(c, &f.Policies, text[string])
	table(c, &f.Images, text[string])
	maybe(c, &f.Chart, (*codec).chart)
}

func (c *codec) found(f *Found) {
	c.field(&f.Field)
	text(c, &f.Values)
	release, missing := f.Release+1, int(f.Missing)
	c.number(&release)
	c.number(&missing)
	if f.Release, f.Missing = release-1, Missing(missing); f.Missing > RegistryMissing {
		c.fail(errNumber)
	}
	text(c, &f.Policy)
	c.flag(&f.OwnRegistry)
	c.flag(&f.DigestKey)
	c.flag(&f.Tentative)
}

func (c *codec) field(f *Field) {
	text(c, &f.Format)
	text(c, &f.Path)
	c.reference(&f.Ref)
	for _, slot := range []**edit.Slot{&f.Tag, &f.Digest, &f.EmptyDigest} {
		maybe(c, slot, (*codec).slot)
	}
	c.flag(&f.BareDigest)
	c.flag(&f.DigestInTag)
	text(c, &f.DigestAdvice)
	c.number(&f.Line)
	c.number(&f.Column)
	maybe(c, &f.Skip, (*codec).reason)
	text(c, &f.HoldUntil)
}

func (c *codec) reference(r *image.Reference) {
	text(c, &r.Registry)
	text(c, &r.Path)
	text(c, &r.Tag)
	text(c, &r.Digest)
}

func (c *codec) slot(s *edit.Slot) {
	list(c, &s.Carriers, (*codec).mark)
	c.mark(&s.Scalar)
	c.number(&s.From)
	c.number(&s.To)
	text(c, &s.Old)
	for _, n := range []*int{&s.At.Line, &s.At.Column, &s.At.Offset, &s.At.Length} {
		c.number(n)
	}
}

func (c *codec) mark(m *edit.Mark) {
	c.number(&m.Line)
	c.number(&m.Column)
}

func (c *codec) reason(r *Reason) {
	text(c, &r.Code)
	text(c, &r.Detail)
}

func (c *codec) problem(p *Problem) {
	c.number(&p.Line)
	c.number(&p.Column)
	text(c, &p.Message)
}

func (c *codec) name(n *Name) {
	text(c, &n.Registry)
	text(c, &n.Repository)
}

func (c *codec) global(g *Global) {
	text(c, &g.Registry)
	c.flag(&g.Replaces)
}

func (c *codec) release(r *Release) {
	text(c, &r.Chart)
	list(c, &r.ValueFiles, text[string])
	c.global(&r.Global)
	table(c, &r.Names, (*codec).name)
	c.flag(&r.Open)
}

func (c *codec) chart(ch *Chart) {
	list(c, &ch.Dependencies, (*codec).dependency)
	maybe(c, &ch.AppVersion, (*codec).field)
}

func (c *codec) dependency(d *Dependency) {
	text(c, &d.Name)
	text(c, &d.Alias)
	text(c, &d.Repository)
}

func (c *codec) use(u *AppVersionUse) {
	text(c, &u.Values)
	text(c, &u.Name)
}
