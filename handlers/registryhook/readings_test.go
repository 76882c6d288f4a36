package registryhook_test

// reading is one file of testdata, and what is to be read in it.
type reading struct {
	file, host, header string
	want               string // images, or "!" and a part of why there is none
}

// The files in testdata follow these descriptions of what the sources send:
//
//   - acr: Azure's "webhook reference" for container registries
//   - cloudevents: the CloudEvents specification 1.0, HTTP binding
//   - distribution, gitlab: "notifications" of distribution/distribution
//   - dockerhub: Docker's page on webhooks
//   - ecr: Amazon's "EventBridge events" of ECR
//   - gar: Google's "Pub/Sub notifications" of Artifact Registry, in an envelope of Pub/Sub push
//   - ghcr: GitHub's events registry_package and package, as Apps and repositories get them
//   - harbor: "configure webhooks" of Harbor, both payload formats
//   - jfrog: "domain: docker" of the JFrog Platform's event types
//   - nexus: Sonatype's "example headers and payloads"
//   - quay: "repository push" of Quay's notifications
//   - zot: the events extension of zot
func readings() []reading {
	const (
		harbor  = "harbor.orchard.example:8443"
		amazon  = "210987654321.dkr.ecr.eu-north-1.amazonaws.com"
		google  = "europe-north1-docker.pkg.dev"
		azure   = "orchard.azurecr.io"
		plain   = "registry.orchard.example:5000"
		gitlab  = "registry.gitlab.orchard.example"
		zot     = "zot.orchard.example"
		jfrog   = "orchard.jfrog.example"
		nexus   = "nexus.orchard.example:8082"
		generic = "images.orchard.example"
		event   = "X-Github-Event: "
		nexusID = "X-Nexus-Webhook-Id: rm:repository:component"
	)
	return []reading{
		{"dockerhub-push", "", "", "docker.io/orchard/pear"},
		{"dockerhub-push", "registry-1.docker.io", "", "docker.io/orchard/pear"},
		{"dockerhub-official", "", "", "docker.io/library/busybox"},
		{"dockerhub-untagged", "", "", "!nothing was tagged"},
		{"dockerhub-traversal", "", "", "!no name of an image"},

		{"ghcr-app", "", event + "registry_package", "ghcr.io/orchard/fruit/plum"},
		{"ghcr-repository", "GHCR.io", event + "package", "ghcr.io/orchard/fruit/plum"},
		{"ghcr-tag-in-url", "", event + "registry_package", "ghcr.io/orchard/fruit/plum"},
		{"ghcr-untagged", "", event + "registry_package", "!nothing was tagged"},
		{"ghcr-npm", "", event + "registry_package", "!the package is no image"},
		{"ghcr-deleted", "", event + "package", `!"deleted", brings no new tag`},
		{"ghcr-otherhost", "", event + "package", `!"containers.example.org", not about ghcr.io`},
		{"ghcr-otherhost", "containers.example.org", event + "package", "containers.example.org/orchard/fruit/plum"},
		{"ghcr-ping", "", event + "ping", `!"ping" is about no package`},
		{"ghcr-app", "", event + "push", `!"push" is about no package`},
		{"ghcr-app", "", "", "!is about no package"},

		{"quay-push", "", "", "quay.io/orchard/fig"},
		{"quay-otherhost", "", "", `!"quay.example.org", not about quay.io`},
		{"quay-otherhost", "quay.example.org", "", "quay.example.org/orchard/fig"},
		{"quay-untagged", "", "", "!nothing was tagged"},

		{"harbor-push", harbor, "", harbor + "/orchard/fig"},
		{"harbor-event", harbor, "", harbor + "/orchard/fig"},
		{"harbor-event-pull", harbor, "", `!"harbor.artifact.pulled", brings no new tag`},
		{"harbor-untagged", harbor, "", "!nothing was tagged"},
		{"harbor-delete", harbor, "", `!"DELETE_ARTIFACT", brings no new tag`},
		{"harbor-otherhost", harbor, "", `!"harbor.orchard.example", not about ` + harbor},

		{"acr-push", azure, "", azure + "/orchard/fig"},
		{"acr-otherhost", azure, "", `!"orchard.azurecr.io.example.net", not about ` + azure},
		{"acr-nohost", azure, "", "!not about " + azure},
		{"acr-untagged", azure, "", "!nothing was tagged"},
		{"acr-chart", azure, "", `!"chart_push", brings no new tag`},
		{"acr-delete", azure, "", `!"delete", brings no new tag`},
		{"acr-ping", azure, "", `!"ping", brings no new tag`},

		{"ecr-push", amazon, "", amazon + "/orchard/fig"},
		{"ecr-otheraccount", amazon, "", `!account "210987654320"`},
		{"ecr-otherregion", amazon, "", `!in "eu-north-2"`},
		{"ecr-failed", amazon, "", "!did not succeed"},
		{"ecr-delete", amazon, "", `!"DELETE", brings no new tag`},
		{"ecr-untagged", amazon, "", "!nothing was tagged"},
		{"ecr-scan", amazon, "", `!"ECR Image Scan" is about no image`},
		{"ecr-event", amazon, "", amazon + "/orchard/fig"},
		{"ecr-event-otherregion", amazon, "", `!in "us-east-1"`},
		{"ecr-event-otheraccount", amazon, "", `!account "111111111111"`},

		{"gar-push", google, "", google + "/orchard/fruit/fig"},
		{"gar-untagged", google, "", "!nothing was tagged"},
		{"gar-delete", google, "", `!"DELETE", brings no new tag`},
		{"gar-otherhost", google, "", `!"us-docker.pkg.dev", not about ` + google},
		{"gar-notag", google, "", "!no name of an image"},
		{"gar-empty", google, "", "!the message is empty"},

		{"distribution-mixed", plain, "", plain + "/orchard/fig " + plain + "/orchard/pear"},
		{"distribution-pulls", plain, "", `!"pull", brings no new tag`},
		{"distribution-blobs", plain, "", "!nothing was tagged"},
		{"distribution-none", plain, "", "!it names no image"},
		{"gitlab-push", gitlab, "", gitlab + "/orchard/tools/fig/debug"},

		{"zot-push", zot, "", zot + "/orchard/fig"},
		{"zot-untagged", zot, "", "!nothing was tagged"},
		{"zot-delete", zot, "", `!"zotregistry.image.deleted", brings no new tag`},
		{"zot-data", zot, "Ce-Specversion: 1.0\nCe-Type: zotregistry.image.updated\nCe-Id: 4\nCe-Source: zot", zot + "/orchard/fig"},

		{"jfrog-push", jfrog, "", jfrog + "/images-local/orchard/fig"},
		{"jfrog-push", "images-local." + jfrog, "", "images-local." + jfrog + "/orchard/fig"},
		{"jfrog-noorigin", jfrog, "", jfrog + "/images-local/orchard/fig"},
		{"jfrog-otherhost", jfrog, "", `!"evil.example", not about ` + jfrog},
		{"jfrog-otherhost", "images-local." + jfrog, "", `!"evil.example", not about`},
		{"jfrog-artifact", jfrog, "", "!about no image"},
		{"jfrog-helm", jfrog, "", "!about no image"},
		{"jfrog-delete", jfrog, "", `!"deleted", brings no new tag`},
		{"jfrog-untagged", jfrog, "", "!nothing was tagged"},

		{"nexus-created", nexus, nexusID, nexus + "/orchard/fig " + nexus + "/docker-hosted/orchard/fig"},
		{"nexus-created", nexus, "X-Nexus-Webhook-Id: rm:repository:asset", `!"rm:repository:asset" is about no component`},
		{"nexus-deleted", nexus, nexusID, `!"DELETED", brings no new tag`},
		{"nexus-maven", nexus, nexusID, "!the component is no image"},

		{"cloudevents-data", generic, "", generic + "/orchard/fig"},
		{"cloudevents-subject", generic, "", generic + "/orchard/fig"},
		{"cloudevents-image", generic, "", generic + "/orchard/fig"},
		{"cloudevents-base64", generic, "", generic + "/orchard/fig"},
		{"cloudevents-otherhost", generic, "", `!"evil.example", not about ` + generic},
		{"cloudevents-deleted", generic, "", `!"org.orchard.image.deleted", brings no new tag`},
		{"cloudevents-none", generic, "", "!it names no image"},
		{"zot-data", generic, "Ce-Specversion: 1.0\nCe-Type: pushed", generic + "/orchard/fig"},
	}
}
