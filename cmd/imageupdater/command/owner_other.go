//go:build !unix

package command

import (
	"io/fs"
	"os"
)

// keepOwner has nothing to do where files take their owner from the folder.
func keepOwner(*os.File, fs.FileInfo) {}
