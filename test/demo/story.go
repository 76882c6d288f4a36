package main

import (
	"slices"

	"github.com/imageupdater/imageupdater/handlers/contact"
	"github.com/imageupdater/imageupdater/handlers/dashboard"
)

// beginning is how many steps of the story the demo takes by itself. The others
// are for people, and for --once.
const beginning = 2

// story is what --once tells and checks.
func story() []step {
	return slices.Concat(opening(), meeting(), listening(), telling(), waiting(), pausing(), ignoring(),
		merging(), rollingBack(), refusing(), configuring(), breaking(), soaking(), mistrusting(), freezing(), resting())
}

// opening is the first minute.
func opening() []step {
	return []step{
		{"The organisation acme has repositories of manifests, and images in a registry.", (*world).found, nil},
		{"It installs the App.", (*world).install, []claim{
			proposes("shop", "dev", "Update dev images (3)",
				change{"values.yaml", `tag: "1.4.2"`, `tag: "1.5.0"`},
				change{"values.yaml", "tag: v2.3.0", "tag: v2.3.1"},
				change{"values.yaml", "worker:0.9.4@DIGEST(acme/worker:0.9.4)", "worker:0.9.5@DIGEST(acme/worker:0.9.5)"}),
			proposes("shop", "dev-major", "Update REGISTRY/acme/worker to 1.0.0",
				change{"values.yaml", "worker:0.9.4@DIGEST(acme/worker:0.9.4)", "worker:1.0.0@DIGEST(acme/worker:1.0.0)"}),
			proposes("shop", "prod", "Update prod images (3)",
				change{"values-prod.yaml", `tag: "1.4.2"`, `tag: "1.5.0"`},
				change{"values-prod.yaml", "tag: v2.2.1", "tag: v2.3.1"},
				change{"values-prod.yaml", "worker:0.9.3@DIGEST(acme/worker:0.9.3)", "worker:0.9.5@DIGEST(acme/worker:0.9.5)"}),
			proposes("platform", "base", "Update base images (2)",
				change{"base/gateway.yaml", "certbot:v2.10.0", "certbot:v2.11.0"},
				change{"base/gateway.yaml", "nginx:1.27.1-alpine", "nginx:1.27.3-alpine"}),
			proposes("platform", "base-major", "Update REGISTRY/certbot/certbot to v3.0.0",
				change{"base/gateway.yaml", "certbot:v2.10.0", "certbot:v3.0.0"}),
			proposes("platform", "dev", "Update dev images (2)",
				change{"overlays/dev/kustomization.yaml", `"2024.11.1"`, `"2024.12.3"`},
				change{"overlays/dev/kustomization.yaml", "1.2.0-rc.1", "1.2.0-rc.2"}),
			proposes("edge", "edge", "Update REGISTRY/acme/proxy to 3.2.1", change{"proxy.yaml", "proxy:3.2.0", "proxy:3.2.1"}),
			proposes("edge", "edge-major", "Update REGISTRY/acme/proxy to 4.0.0", change{"proxy.yaml", "proxy:3.2.0", "proxy:4.0.0"}),
			offers("website"),
			tells("shop", dashboard.Title, "### Open pull requests"),
			tells("platform", dashboard.Title, "### Waiting"),
		}},
	}
}

// meeting is what becomes of a repository that had no .imageupdater.yaml.
func meeting() []step {
	return []step{
		{writer + " merges the first .imageupdater.yaml of website.", accepting("website", contact.Branch), []claim{
			proposes("website", "dev", "Update dev images (2)",
				change{"envs/dev/website.yaml", "website:3.1.1", "website:3.2.0"}, change{"envs/dev/website.yaml", "nginx:1.27.1-alpine", "nginx:1.27.3-alpine"}),
			proposes("website", "prod", "Update prod images (2)",
				change{"envs/prod/website.yaml", "website:3.1.0", "website:3.2.0"}, change{"envs/prod/website.yaml", "nginx:1.27.1-alpine", "nginx:1.27.3-alpine"}),
		}},
	}
}

// resting is what happens when nothing has changed.
func resting() []step {
	return []step{
		{"It looks twice more.", inTurn(everywhere, remembering, everywhere), []claim{
			{"nothing is written to GitHub, since nothing has changed", (*world).quiet},
		}},
	}
}
