package registry

import (
	"encoding/json"
	"testing"
)

// FuzzStatement: whatever is read is short, and no size is less than nothing.
func FuzzStatement(f *testing.F) {
	for _, seed := range []string{
		`{"predicateType":"https://slsa.dev/provenance/v1","predicate":{"buildDefinition":{"externalParameters":{"configSource":{"uri":"u","digest":{"sha1":"s"}}}}}}`,
		`{"predicateType":"https://slsa.dev/provenance/v1","predicate":{"runDetails":{"metadata":{"buildkit_metadata":{"vcs":{"source":"u","revision":"r"}}}}}}`,
		`{"predicateType":"https://slsa.dev/provenance/v0.2","predicate":{"invocation":{"configSource":7},"metadata":{"https://mobyproject.org/buildkit@v1#metadata":{"vcs":{"source":"u","revision":[]}}}}}`,
		`{"layers":[{"size":9223372036854775807},{"size":-1},7,null,{"annotations":{"in-toto.io/predicate-type":"https://slsa.dev/provenance/v1"}}]}`,
		`{"layers":[{"size":1e3},{"size":1e999}],"predicate":[]}`, `null`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := readProvenance(raw)
		if len(got.Source) > maxSource || len(got.Revision) > maxRevision || err != nil && got != (Provenance{}) {
			t.Errorf("%+v, error %v", got, err)
		}
		var read document
		if json.Unmarshal(raw, &read) != nil {
			return
		}
		if size := read.size(); size < 0 || size > maxSize {
			t.Errorf("a size of %d", size)
		}
		for _, layer := range read.layers() {
			layer.isProvenance()
		}
	})
}
