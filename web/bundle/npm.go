package bundle

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// NPM writes the package for bundlers and registries into out, from a site that Build has written: the
// SDK and the element, the worker with its modules below assets/, the manifests, and the integrity of every
// file. Its types come from the type checker (scripts/npm.sh).
func NPM(_ context.Context, root, site, out string) error {
	text, err := os.ReadFile(filepath.Join(site, "assets.json"))
	if err != nil {
		return err
	}
	var assets map[string]Asset
	if err := json.Unmarshal(text, &assets); err != nil {
		return err
	}
	files := map[string][]byte{}
	for name, a := range assets { // what a worker loads; the rest is the site's page
		if slices.Contains([]string{"page.js", "client.js", "style.css", "icon.svg"}, name) {
			continue
		}
		at := "assets/" + path.Base(a.URL)
		if files[at], err = os.ReadFile(filepath.Join(site, filepath.FromSlash(at))); err != nil {
			return err
		}
	}
	for _, name := range []string{"paw", "element"} {
		if files[name+".js"], err = sdkFile(root, name, "./assets/"+path.Base(assets["worker.js"].URL), ""); err != nil {
			return err
		}
	}
	sums := map[string]string{}
	for name, data := range files {
		sum := sha512.Sum384(data)
		sums[name] = "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	if text, err = json.MarshalIndent(sums, "", "  "); err != nil {
		return err
	}
	files["integrity.json"] = append(text, '\n')
	for name, from := range map[string]string{
		"package.json": "web/sdk/package.json", "custom-elements.json": "web/sdk/custom-elements.json", "README.md": "web/sdk/README.md", "LICENSE": "LICENSE",
	} {
		if files[name], err = os.ReadFile(filepath.Join(root, filepath.FromSlash(from))); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(out); err != nil { // an older build's assets have other names
		return err
	}
	for name, data := range files {
		to := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
