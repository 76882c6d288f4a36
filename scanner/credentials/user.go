package credentials

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// User is what a person is logged in with, by Docker or by podman. A host that
// neither knows is asked anonymously.
type User struct {
	files []*dockerConfig
}

var _ registry.Credentials = (*User)(nil)

// NewUser looks where Docker and podman do: at $DOCKER_CONFIG/config.json, or
// ~/.docker/config.json; then at $REGISTRY_AUTH_FILE, or containers/auth.json
// in $XDG_RUNTIME_DIR and ~/.config. home is the user's folder; it may be "".
func NewUser(env Environment, home string) *User {
	u := &User{}
	for _, path := range userFiles(env.Getenv, home) {
		if filepath.IsAbs(path) {
			u.files = append(u.files, newDockerConfig(path, env))
		}
	}
	return u
}

func userFiles(getenv func(string) string, home string) []string {
	var files []string
	below := func(dir string, path ...string) {
		if dir != "" {
			files = append(files, filepath.Join(append([]string{dir}, path...)...))
		}
	}
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		below(dir, "config.json")
	} else {
		below(home, ".docker", "config.json")
	}
	if path := getenv("REGISTRY_AUTH_FILE"); path != "" {
		return append(files, path)
	}
	below(getenv("XDG_RUNTIME_DIR"), "containers", "auth.json")
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		below(dir, "containers", "auth.json")
	} else {
		below(home, ".config", "containers", "auth.json")
	}
	return files
}

// For gives what the first file that knows the host says.
func (u *User) For(ctx context.Context, repo image.Repository) (registry.Credential, error) {
	for _, file := range u.files {
		if _, err := os.Stat(file.file.path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		credential, err := file.user(ctx, repo)
		if isNoEntry(err) {
			continue
		}
		return credential, err
	}
	return registry.Credential{}, nil
}

func (c *dockerConfig) user(ctx context.Context, repo image.Repository) (registry.Credential, error) {
	at, err := c.find(repo)
	if err != nil {
		return registry.Credential{}, unusable(repo.Registry, "", err)
	}
	name := "user:" + repo.Registry + "#" + digest(c.file.path) + at.suffix()
	return found{c.at(at), name, true}.credential(ctx, repo.Registry, "")
}
