package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/imageupdater/imageupdater/config"
)

// locateHelp is the part of a command's help that says which file counts.
const locateHelp = `The configuration of a directory is the ` + config.FileName + ` at the top of its git
work tree, the only one that the App reads. Where the top has none, or there is
no work tree, it is that of the directory itself. No other folder is looked in.`

// misspelt is what the file is called by those for whom .yml is YAML's ending.
const misspelt = ".imageupdater.yml"

// source is the bytes of a configuration.
type source struct {
	name string // as the user would open the file; "" where there is none
	src  []byte
	// prefix is the path of the scanned directory below the folder from which
	// the paths of the configuration count.
	prefix   string
	warnings config.Warnings // of where the file stands
}

// shown is the name in messages, the same on every system.
func (s source) shown() string { return filepath.ToSlash(s.name) }

// locate finds the file that holds for a directory.
func locate(dir string) (source, error) {
	homes, err := homesOf(dir)
	if err != nil {
		return source{}, err
	}
	for i, home := range homes {
		if !home.holds(config.FileName) {
			continue
		}
		found := source{name: home.file(config.FileName), prefix: home.prefix, warnings: misplaced(homes, i)}
		found.src, err = readRegular(found.name)
		return found, err
	}
	return source{prefix: homes[0].prefix, warnings: misplaced(homes, len(homes))}, nil
}

// home is a directory in which the file may stand.
type home struct {
	dir    string // as the user would open it
	prefix string // the path of the scanned directory below it
}

func (h home) file(name string) string { return filepath.Join(h.dir, name) }

// holds tells whether there is anything by that name. What cannot be told is
// left to reading, which says why.
func (h home) holds(name string) bool {
	_, err := os.Lstat(h.file(name))
	return err == nil || !errors.Is(err, fs.ErrNotExist)
}

// homesOf are the directories in which the configuration of a directory may
// stand; the first that has one counts.
func homesOf(dir string) ([]home, error) {
	full, err := filepath.Abs(dir)
	if err == nil {
		full, err = filepath.EvalSymlinks(full)
	}
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", config.FileName, err)
	}
	top := workTree(full)
	if top == "" || top == full {
		return []home{{dir: dir}}, nil
	}
	below, err := filepath.Rel(top, full)
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", config.FileName, err)
	}
	return []home{{dir: shortest(dir, full, top), prefix: filepath.ToSlash(below)}, {dir: dir}}, nil
}

// workTree is the top of the git work tree that a directory lies in; "" for
// none. In submodules and linked work trees .git is a file.
func workTree(dir string) string {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// shortest names the directory above as seen from how the user named the one
// below, as "../..", unless links on the way make that another one.
func shortest(named, full, above string) string {
	up, err := filepath.Rel(full, above)
	if err != nil {
		return above
	}
	near := filepath.Join(named, up)
	one, errOne := os.Stat(near)
	other, errOther := os.Stat(above)
	if errOne != nil || errOther != nil || !os.SameFile(one, other) {
		return above
	}
	return near
}

// misplaced warns of files that look as if they counted: of those before the
// found one by a wrong name, and of right ones behind it. It warns too of a
// found one that the App would not see.
func misplaced(homes []home, found int) config.Warnings {
	var warnings config.Warnings
	warn := func(severity config.Severity, file, message, hint string) {
		warnings = append(warnings, config.Warning{
			Severity: severity, File: filepath.ToSlash(file), Line: 1, Column: 1, Message: message, Hint: hint,
		})
	}
	for i, home := range homes {
		name := home.file(config.FileName)
		switch {
		case i < found && home.holds(misspelt):
			warn(config.SeverityWarning, home.file(misspelt), "a file of this name is not read", "rename it to "+config.FileName)
		case i == found && i > 0:
			warn(config.SeverityNote, name, "the App does not read this file, which is not at the top of the repository", "move it to "+filepath.ToSlash(homes[0].dir))
		case i > found && home.holds(config.FileName):
			warn(config.SeverityWarning, name, "this file is not read: "+filepath.ToSlash(homes[found].file(config.FileName))+" holds for the whole repository",
				fmt.Sprintf("write a rule there, with match: {path: %q}", homes[found].prefix+"/**"))
		}
	}
	return warnings
}

// readRegular reads a file that a repository brought along. A link is not
// followed: errors quote the file, and a link could make them quote any.
func readRegular(name string) ([]byte, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a symbolic link, which is not followed: put the file itself there", name)
	case mode.IsDir():
		return nil, fmt.Errorf("%s is a directory: rename it, for the configuration is a file of that name", name)
	case !mode.IsRegular():
		return nil, fmt.Errorf("%s is no regular file: put one there, or remove it", name)
	}
	return readNamed(name)
}

// readNamed reads a file that the user named.
func readNamed(name string) ([]byte, error) {
	src, err := readConfig(os.Open(name))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return src, nil
}

// readConfig reads no more of a file than tells that it is too large. It takes
// what opening gives.
func readConfig(file fs.File, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, config.MaxSize+1))
}
