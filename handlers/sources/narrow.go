package sources

import (
	"fmt"
	"strings"
	"sync"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// narrow keeps the readers of the App, since each has a token that is good for an hour.
type narrow struct {
	github *forge.GitHub

	mu      sync.Mutex
	readers map[narrowed]*forge.Reader
}

// narrowed is an installation, and what its token is for: the target by its id,
// or a source by its name.
type narrowed struct {
	installation, target int64
	source               string
}

// maxReaders is how many are kept.
const maxReaders = 4096

func newNarrow(g *forge.GitHub) *narrow {
	return &narrow{github: g, readers: map[narrowed]*forge.Reader{}}
}

// onlooker reads what is public.
func (n *narrow) onlooker(installation, target int64) (*forge.Reader, error) {
	return n.reader(narrowed{installation: installation, target: target}, func(c *forge.Client) (*forge.Reader, error) {
		return c.Onlooker(target)
	})
}

// readerOf reads a repository of the installation.
func (n *narrow) readerOf(installation int64, name string) (*forge.Reader, error) {
	return n.reader(narrowed{installation: installation, source: strings.ToLower(name)}, func(c *forge.Client) (*forge.Reader, error) {
		return c.ReaderOf(name)
	})
}

func (n *narrow) reader(of narrowed, open func(*forge.Client) (*forge.Reader, error)) (*forge.Reader, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if known := n.readers[of]; known != nil {
		return known, nil
	}
	reader, err := open(n.github.As(of.installation))
	if err != nil {
		return nil, fmt.Errorf("a reader for installation %d: %w", of.installation, err)
	}
	for old := range n.readers { // any one makes room: a token is soon made again
		if len(n.readers) < maxReaders {
			break
		}
		delete(n.readers, old)
	}
	n.readers[of] = reader
	return reader, nil
}
