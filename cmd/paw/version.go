package main

import (
	"context"
	"fmt"
	"runtime"

	"paw/models"
	"paw/nn"
)

// version of the software; CHANGELOG.md says what changed.
const version = "0.3.0"

func versionCommand(_ context.Context, c *console, args []string) error {
	f := newFlags(c, "version", "", "Prints the version, the platform and the embedded interpreter.")
	if _, err := f.parse(args); err != nil {
		return err
	}
	_, digest, err := models.Mini()
	if err != nil {
		digest = ""
	}
	v := struct {
		Version  string `json:"version"`
		Go       string `json:"go"`
		Platform string `json:"platform"`
		CPU      string `json:"cpu"`
		Mini     string `json:"mini_sha256"`
	}{version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, nn.CPU(), digest}
	if *f.json {
		return printJSON(c.out, v)
	}
	fmt.Fprintf(c.out, "paw %s (%s, %s, %s)\nmini %.16s\n", v.Version, v.Go, v.Platform, v.CPU, v.Mini)
	return nil
}
