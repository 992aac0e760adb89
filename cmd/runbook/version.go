package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

type versionInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Time     string `json:"time,omitempty"`     // of the commit
	Modified bool   `json:"modified,omitempty"` // built from files that are not in the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (c *cli) versionCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  runbook version\n  runbook version -o json",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return c.printVersion(format) },
	}
	choice(cmd, &format, "output", "o", "text", "json")
	return cmd
}

func (c *cli) printVersion(format string) error {
	return c.write("", func(w io.Writer) error { return writeVersion(w, buildVersion(), format) })
}

func writeVersion(w io.Writer, v versionInfo, format string) error {
	if format == "json" {
		return json.NewEncoder(w).Encode(v)
	}
	line := "runbook " + v.Version
	if v.Commit != "" {
		line += ", commit " + v.Commit[:min(12, len(v.Commit))]
		if v.Modified {
			line += " with changes"
		}
	}
	_, err := fmt.Fprintf(w, "%s, %s, %s\n", line, v.Go, v.Platform)
	return err
}

func buildVersion() versionInfo {
	v := versionInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Commit = s.Value
			case "vcs.time":
				v.Time = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
		if v.Version == "" && info.Main.Version != "(devel)" {
			v.Version = info.Main.Version
		}
	}
	if v.Version == "" {
		v.Version = "devel"
	}
	return v
}
