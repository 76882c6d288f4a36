package command

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	var p process
	if got := p.run(t, "schema"); got != 0 {
		t.Fatalf("exit code %d: %s", got, p.errs.String())
	}
	if diff := cmp.Diff(read(t, "docs/imageupdater.schema.json"), p.out.String()); diff != "" {
		t.Errorf("docs/imageupdater.schema.json is stale: go run ./cmd/imageupdater schema > docs/imageupdater.schema.json\n-want +got\n%s", diff)
	}
}
