package command

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	for file, args := range map[string][]string{
		"docs/imageupdater.schema.json":        {"schema"},
		"docs/imageupdater-server.schema.json": {"schema", "--server"},
	} {
		var p process
		if got := p.run(t, args...); got != 0 {
			t.Fatalf("%v: exit code %d: %s", args, got, p.errs.String())
		}
		if diff := cmp.Diff(read(t, file), p.out.String()); diff != "" {
			t.Errorf("%s is stale: go run ./cmd/imageupdater %s > %s\n-want +got\n%s", file, strings.Join(args, " "), file, diff)
		}
	}
}
