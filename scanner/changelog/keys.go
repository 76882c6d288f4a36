package changelog

// sourceKeys are of labels and annotations, by precedence. Of pages only a
// repository on GitHub is taken: they are about the software as a rule.
func sourceKeys() (sure, pages []string) {
	return []string{"org.opencontainers.image.source", "org.label-schema.vcs-url", "vcs-url"},
		[]string{"org.opencontainers.image.url", "org.label-schema.url", "org.opencontainers.image.documentation"}
}

func revisionKeys() []string {
	return []string{"org.opencontainers.image.revision", "org.label-schema.vcs-ref", "vcs-ref"}
}

func versionKeys() []string {
	return []string{"org.opencontainers.image.version", "org.label-schema.version"}
}

// version is what the first layer says of the image's version.
func (f *finder) version() string {
	for _, labels := range []map[string]string{f.facts.Index, f.facts.Descriptor, f.facts.Manifest, f.facts.Config} {
		for _, key := range versionKeys() {
			text := labels[key]
			if _, ok := parse(text); ok && f.facts.Base[key] != text {
				return text
			}
		}
	}
	return ""
}
