package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/registry"
)

// Registries spell the way to the next page in many ways.
func TestWaysToTheNextPage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		link []string
		next string // "" if there is none
	}{
		"relative":                        {[]string{`</v2/acme/web/tags/list?last=b&n=2>; rel="next"`}, "last=b&n=2"},
		"relative to the page":            {[]string{`<?last=b>; rel="next"`}, "last=b"},
		"absolute":                        {[]string{`<http://HOST/v2/acme/web/tags/list?last=b>; rel="next"`}, "last=b"},
		"quay: by another name":           {[]string{`<https://quay.internal/v2/acme/web/tags/list?last=b>; rel="next"`}, "last=b"},
		"artifactory: without its prefix": {[]string{`</v2/web/tags/list?last=b&n=2>; rel="next"`}, "last=b&n=2"},
		"to another repository":           {[]string{`</v2/other/secret/tags/list?last=b>; rel="next"`}, "last=b"},
		"without a relation":              {[]string{`</v2/acme/web/tags/list?last=b>`}, "last=b"},
		"with a comma":                    {[]string{`</v2/acme/web/tags/list?last=b,c>; rel="next"`}, "last=b,c"},
		"behind another":                  {[]string{`</v2/acme/web/tags/list?last=a>; rel="first", </v2/acme/web/tags/list?last=b>; rel="next"`}, "last=b"},
		"in a second header":              {[]string{`</x?last=a>; rel="prev"`, `</x?last=b>; rel=next`}, "last=b"},
		"by another scheme":               {[]string{`<http://quay.internal/v2/acme/web/tags/list?last=b>; rel="next"`}, "last=b"},
		"without a semicolon":             {[]string{`<?last=b>rel="next"`}, "last=b"},
		"of several relations":            {[]string{`<?last=b>; title="x"; REL = 'last next'`}, "last=b"},
		"the first alone":                 {[]string{`</x?last=a>; rel="first"`}, ""},
		"another with that title":         {[]string{`</x?last=a>; rel="first"; title="next"`}, ""},
		"a relation with a longer name":   {[]string{`</x?last=a>; rel=next-archive`}, ""},
		"what a proxy adds":               {[]string{`<https://cdn.example/style.css>; rel=preload`, `<https://docs.example/>`}, ""},
		"nothing":                         {[]string{``}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			f := fake(t, routes{"GET tags": func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.RawQuery)
				if len(asked) == 1 {
					for _, link := range test.link {
						w.Header().Add("Link", strings.ReplaceAll(link, "HOST", r.Host))
					}
				}
				text(fmt.Sprintf(`{"name":"x","tags":["t%d"]}`, len(asked)))(w, r)
			}})
			tags, err := f.client.Tags(t.Context(), f.repo)
			want, wantTags := []string{"n=1000"}, []string{"t1"}
			if test.next != "" {
				want, wantTags = append(want, test.next), append(wantTags, "t2")
			}
			if diff := cmp.Diff(want, asked); diff != "" || err != nil {
				t.Errorf("error %v, queries (-want +got)\n%s", err, diff)
			}
			if diff := cmp.Diff(wantTags, tags); diff != "" {
				t.Errorf("tags (-want +got)\n%s", diff)
			}
		})
	}
}

// Behind a page that nobody can find may be the newest tag.
func TestNextPageThatNobodyCanFind(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]string{
		"empty":                `<>; rel="next"`,
		"nonsense":             `next`,
		"no brackets":          `/v2/acme/web/tags/list?last=b; rel="next"`,
		"half of the brackets": `</v2/acme/web/tags/list?last=b; rel="next"`,
		"behind another":       `</x?last=a>; rel="first", /v2/acme/web/tags/list?last=b; rel="next"`,
		"no address":           `<%zz?a>; rel="next"`,
		"no page":              `</v2/acme/web/tags/list>; rel="next"`,
		"of another kind":      `<ftp://HOST/v2/acme/web/tags/list?last=b>; rel="next"`,
		"somewhere else":       `<https://pages.example/2?cursor=b>; rel="next"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fake(t, routes{"GET tags": func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Link", strings.ReplaceAll(link, "HOST", r.Host))
				text(`{"tags":["a"]}`)(w, r)
			}})
			tags, err := f.client.Tags(t.Context(), f.repo)
			if err == nil || !strings.Contains(err.Error(), "the list of tags is incomplete") || len(tags) > 0 {
				t.Errorf("tags %q, error %v", tags, err)
			}
			f.counted(t, registry.Counts{List: 1, Other: 1})
		})
	}
}

// zot answers 404 to a page that begins behind a tag which is gone.
func TestTagsThatGoWhileTheyAreListed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		gone int64 // how often
		want string
	}{"once": {1, ""}, "each time": {99, "the tags changed while they were listed"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var gone atomic.Int64
			f := fake(t, routes{"GET tags": func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Query().Get("last") == "":
					link("?last=a")(w, r)
				case gone.Add(1) <= test.gone:
					w.WriteHeader(http.StatusNotFound)
				default:
					text(`{"tags":["b"]}`)(w, r)
				}
			}})
			tags, err := f.client.Tags(t.Context(), f.repo)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || err == nil && len(tags) != 2 {
				t.Errorf("tags %q, error %v", tags, err)
			}
		})
	}
}

func TestListsOfManyTags(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want int
	}{
		"150,000":            {`{"name":"a","tags":[` + strings.Repeat(`"1.2.3-abcdef",`, 149_999) + `"x"]}`, 150_000},
		"null":               {`{"name":"a","tags":null}`, 0},
		"no tags":            {`{"name":"a"}`, 0},
		"with what is not":   {`{"tags":["a","b c","","sha256-` + strings.Repeat("0", 64) + `.sig"],"manifest":{"sha256:a":{"tag":["x"],"n":[1,{"a":null}]}},"child":[]}`, 1},
		"the tags come last": {`{"child":[[]],"manifest":{},"x":"y","tags":["a","b"]}`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fake(t, routes{"GET tags": text(test.body)})
			tags, err := f.client.Tags(t.Context(), f.repo)
			if err != nil || len(tags) != test.want {
				t.Errorf("%d tags, error %v, want %d", len(tags), err, test.want)
			}
			f.counted(t, registry.Counts{List: 1, Other: 1})
		})
	}
}
