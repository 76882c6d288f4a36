package registry

const statementType = "application/vnd.in-toto+json"

// pushAttestation stores what BuildKit says of an image's build, and describes it
// for the index.
func (r *Registry) pushAttestation(repo, digest string, image Image) (descriptor, error) {
	made := manifest{SchemaVersion: 2, MediaType: manifestType, Annotations: map[string]string{"attests": digest}}
	config, err := r.blob(repo, configType, encode(Image{Platform: "unknown/unknown"}.config()))
	if err != nil {
		return descriptor{}, err
	}
	made.Config = &config
	for _, statement := range []map[string]any{
		{"predicateType": "https://spdx.dev/Document", "predicate": map[string]any{"packages": []any{}}},
		{"predicateType": "https://slsa.dev/provenance/v1", "predicate": image.provenance()},
	} {
		layer, err := r.blob(repo, statementType, encode(statement))
		if err != nil {
			return descriptor{}, err
		}
		predicate, _ := statement["predicateType"].(string)
		layer.Annotations = map[string]string{"in-toto.io/predicate-type": predicate}
		made.Layers = append(made.Layers, layer)
	}
	described := describe(manifestType, encode(made))
	described.Platform = &platform{OS: "unknown", Architecture: "unknown"}
	described.Annotations = map[string]string{
		"vnd.docker.reference.type":   "attestation-manifest",
		"vnd.docker.reference.digest": digest,
	}
	return described, r.put(repo, described.Digest, made)
}

// provenance is where BuildKit writes what its client says of a folder's commit.
func (i Image) provenance() map[string]any {
	vcs := map[string]string{"source": i.Source, "revision": i.Revision}
	return map[string]any{"runDetails": map[string]any{"metadata": map[string]any{"buildkit_metadata": map[string]any{"vcs": vcs}}}}
}
