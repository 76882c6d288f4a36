package registryhook

import "strings"

// packaged is a package as GitHub's events show it.
type packaged struct {
	Name  string `json:"name"`
	Type  string `json:"package_type"`
	Owner struct {
		Login string `json:"login"`
	} `json:"owner"`
	Version struct {
		URL       string `json:"package_url"`
		Container struct {
			Tag struct {
				Name string `json:"name"`
			} `json:"tag"`
		} `json:"container_metadata"`
	} `json:"package_version"`
}

// readGHCR reads GitHub's event registry_package, or package as webhooks of
// repositories call it.
func readGHCR(f *findings, d delivery) error {
	event := d.header.Get("X-Github-Event")
	f.known(d.header.Get("X-Github-Delivery"))
	if event != "registry_package" && event != "package" {
		return f.skip("the event %.60q is about no package", event)
	}
	var in struct {
		Action          string    `json:"action"`
		RegistryPackage *packaged `json:"registry_package"`
		Package         *packaged `json:"package"`
	}
	if err := d.decode(&in); err != nil {
		return err
	}
	p := in.RegistryPackage
	if p == nil {
		p = in.Package
	}
	switch {
	case p == nil || p.Name == "" || p.Owner.Login == "":
		return f.skip("it names no package")
	case !strings.EqualFold(p.Type, "container") && !strings.EqualFold(p.Type, "docker"):
		return f.skip("the package is no image")
	}
	if f.action(in.Action, "published", "updated") && f.hereIfTold(hostBefore(p.Version.URL)) && f.tagged(p.tag()) {
		f.add(strings.ToLower(p.Owner.Login + "/" + p.Name))
	}
	return nil
}

// tag is what was pushed, "" where the version has none: then the reference, too,
// ends where a tag would begin.
func (p *packaged) tag() string {
	if name := p.Version.Container.Tag.Name; name != "" {
		return name
	}
	_, last, _ := strings.Cut(p.Version.URL, "/")
	_, tag, _ := strings.Cut(last, ":")
	return tag
}
