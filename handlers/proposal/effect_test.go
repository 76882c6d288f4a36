package proposal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// TestEffectOfNothing is none, whatever is about to be written anyway.
func TestEffectOfNothing(t *testing.T) {
	p := shop(t)
	now := p.desire()
	if e := proposal.Compare(&now, p.desire()); !e.None() || e.Text() != "" {
		t.Error(e.Text())
	}
	open := opened(now.Proposals[0], 1)
	p.past.All = []*proposal.Existing{open}
	p.tags["ghcr.io/acme/api"] = []string{"2.0.0", "2.0.1", "2.0.2"} // a newer version, which the base wants too
	now = p.desire()
	if e := proposal.Compare(&now, p.desire()); !e.None() {
		t.Error(e.Text())
	}
	if e := proposal.Compare(nil, p.desire()); len(e.Opens) != 1 || len(e.Changes) != 1 {
		t.Error(e.Text())
	}
}

func TestEffect(t *testing.T) {
	p := shop(t)
	before := p.desire()
	p.past.All = []*proposal.Existing{opened(before.Proposals[0], 1), opened(before.Proposals[1], 2)}
	tests := map[string]struct {
		config string
		want   string
	}{
		"regrouped": {
			"rules: [{match: {path: 'prod/**'}, group: prod}]\npullRequests: {perHour: 9}\n", `**Would be opened: 1 pull request**

- group ¬prod¬: 2 images
  - ¬ghcr.io/acme/web¬ ¬1.0.0¬ → ¬1.1.0¬ in ¬prod/web.yaml¬
  - ¬ghcr.io/acme/api¬ ¬2.0.0¬ → ¬2.0.1¬ in ¬prod/web.yaml¬

**Would change: 1 pull request**

- #2, group ¬acme/web¬: 1 image
  - ¬ghcr.io/acme/web¬ ¬1.0.0¬ → ¬1.1.0¬ in ¬dev/web.yaml¬

**Would be closed: 1 pull request**

- #1: Its updates are not wanted any more, or are part of another pull request.

`,
		},
		"ignored": {
			"ignore: [{image: ghcr.io/acme/api, versions: '>=2'}]\n", `**Would be closed: 1 pull request**

- #1: Its updates are not wanted any more, or are part of another pull request.

`,
		},
		"frozen": {
			"rules: [{match: {path: 'dev/**'}, group: dev}]\nfreeze: [{from: 2026-11-17, to: 2026-11-19, reason: '<b>@all'}]\n", `**Would change: 1 pull request**

- #2, group ¬acme/web¬: 1 image
  - ¬ghcr.io/acme/web¬ ¬1.0.0¬ → ¬1.1.0¬ in ¬prod/web.yaml¬

<details>
<summary>Would wait: 1 update</summary>

- ¬ghcr.io/acme/web¬ ¬1.0.0¬ → ¬1.1.0¬ in ¬dev/web.yaml¬, group ¬dev¬: nothing is proposed on these days, until 2026-11-20 00:00 UTC (¬<b>@all¬)

</details>
`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			now := p.desire()
			p.config = tt.config
			e := proposal.Compare(&now, p.desire())
			p.config = ""
			if got := strings.ReplaceAll(e.Text(), "`", "¬"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestEffectOfWhatIsNotOpenYet tells of what this very look opens.
func TestEffectOfWhatIsNotOpenYet(t *testing.T) {
	p := shop(t)
	now := p.desire()
	p.config = "rules: [{match: {image: ghcr.io/acme/web}, enabled: false}]\n"
	e := proposal.Compare(&now, p.desire())
	if len(e.Drops) != 1 || !strings.HasPrefix(e.Text(), "**Would not be opened: 1 pull request**\n\n- group `acme/web`: 1 image\n") {
		t.Error(e.Text())
	}
}

// TestEffectIsCut keeps the text short, and says that it was cut.
func TestEffectIsCut(t *testing.T) {
	p := &place{t: t, files: map[string]string{}, tags: tags{}}
	for n := range 300 {
		image := fmt.Sprintf("ghcr.io/acme/%s%d", strings.Repeat("x", 200), n)
		p.files[fmt.Sprintf("%s/%d.yaml", strings.Repeat("y", 200), n)] = pod(image + ":1.0.0")
		p.tags[image] = []string{"1.0.0", "1.1.0"}
	}
	for config, want := range map[string]string{
		"pullRequests: {limit: 100, perHour: 100}\n": "more\n",
		"defaults: {group: all}\n":                   "  - and 280 more\n",
		"pullRequests: {limit: 1}\n":                 "- and 259 more\n",
	} {
		p.config = config
		e := proposal.Compare(nil, p.desire())
		if text := e.Text(); len(text) > 60_000 || !strings.Contains(text, want) {
			t.Errorf("%s: %d bytes\n%s", config, len(text), text[max(0, len(text)-300):])
		}
	}
}
