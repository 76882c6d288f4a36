//go:build unix

package command

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and group of another, so that a container
// that runs as root over a mounted checkout leaves nothing of root's behind.
// Who may not do that keeps the file for himself, as with any editor.
func keepOwner(file *os.File, like fs.FileInfo) {
	if stat, ok := like.Sys().(*syscall.Stat_t); ok {
		_ = file.Chown(int(stat.Uid), int(stat.Gid))
	}
}
