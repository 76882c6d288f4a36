package command

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// buildInfo is what the toolchain wrote into the binary, with the version that
// the linker wrote, if any.
func buildInfo(linked string) func() (*debug.BuildInfo, bool) {
	return func() (*debug.BuildInfo, bool) {
		info, ok := debug.ReadBuildInfo()
		if ok && linked != "" {
			info.Main.Version = linked
		}
		return info, ok
	}
}

// build says which program this is. All of it comes from what was written into
// the binary when it was built.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Time     string `json:"time"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

type versionOutput string

const (
	versionText versionOutput = "text"
	versionJSON versionOutput = "json"
)

func newVersion(env Environment) *cobra.Command {
	var output versionOutput
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return printVersion(env, output)
		},
	}
	enumFlag(cmd, &output, "output", "o", "how to print it", versionText, versionJSON)
	return cmd
}

func printVersion(env Environment, output versionOutput) error {
	b := readBuild(env.BuildInfo)
	if output == versionJSON {
		return encodeJSON(env.Stdout, b)
	}
	_, err := fmt.Fprintf(env.Stdout, "%s %s\n", programName, b)
	return err
}

func readBuild(read func() (*debug.BuildInfo, bool)) build {
	b := build{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := read()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value
		case "vcs.time":
			b.Time = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	return b
}

// String is the line that people read.
func (b build) String() string {
	s := b.Version
	if b.Revision != "" {
		s += fmt.Sprintf(" (commit %.12s", b.Revision)
		if b.Modified {
			s += ", modified"
		}
		s += ")"
	}
	return s + " " + b.Go + " " + b.Platform
}
