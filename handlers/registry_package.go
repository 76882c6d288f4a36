package handlers

import "strings"

// ghcr is where GitHub keeps images.
const ghcr = "ghcr.io"

// packaged is what GitHub tells of a package, to Apps as registry_package and to
// webhooks of repositories as package. Both hold the same fields, of which go-github
// knows neither as they are sent.
type packaged struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Type      string `json:"package_type"`
	Owner     account
}

// registryPackage is sent when an image was pushed to GitHub's own registry. It
// says that it is worth to ask, and nothing else is taken from it.
func registryPackage(_ *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		RegistryPackage *packaged `json:"registry_package"`
		Package         *packaged `json:"package"`
	}
	if err := decode("registry_package", body, &in); err != nil {
		return err
	}
	p := in.RegistryPackage
	if p == nil {
		p = in.Package
	}
	switch {
	case p == nil || p.Name == "" || p.Owner.Login == "":
		return n.ignore("it names no package")
	case !strings.EqualFold(p.Type, "container") && !strings.EqualFold(p.Type, "docker"):
		return n.ignore("the package is no image")
	case e.Action != "published" && e.Action != "updated":
		return n.ignore("nothing was pushed")
	}
	n.Images = []Image{{Registry: ghcr, Path: strings.ToLower(p.Owner.Login + "/" + p.Name)}}
	return nil
}
