package models

import (
	"fmt"
	"strings"
)

// RuntimeManifest tells an SDK how to run programs of one runtime id (docs/formats.md §3). Servers
// answer with it, and meta.json may embed it under "runtime".
type RuntimeManifest struct {
	RuntimeID            string         `json:"runtime_id"`
	ManifestVersion      int            `json:"manifest_version"`
	DisplayName          string         `json:"display_name"`
	Interpreter          string         `json:"interpreter"`
	AdapterFormat        string         `json:"adapter_format"`
	PromptTemplate       PromptTemplate `json:"prompt_template"`
	ProgramAssets        ProgramAssets  `json:"program_assets"`
	LocalSDK             LocalSDK       `json:"local_sdk"`
	JSSDK                JSSDK          `json:"js_sdk"`
	InferenceProviderURL *string        `json:"inference_provider_url"`
	Capabilities         Capabilities   `json:"capabilities"`
}

// PromptTemplate says how prompt_template.txt is filled in.
type PromptTemplate struct {
	Format      string `json:"format"`
	Placeholder string `json:"placeholder"`
}

// ProgramAssets names the files of a program. A prefix cache is what the official host keeps beside
// its GPT-2 programs; ours have none, since it is computed in a moment.
type ProgramAssets struct {
	AdapterFilename      string  `json:"adapter_filename"`
	PrefixCacheRequired  bool    `json:"prefix_cache_required"`
	PrefixCacheFilename  *string `json:"prefix_cache_filename"`
	PrefixTokensFilename *string `json:"prefix_tokens_filename"`
}

// BaseModel is where an SDK finds the interpreter's file.
type BaseModel struct {
	Provider string `json:"provider"`
	Repo     string `json:"repo"`
	File     string `json:"file"`
	URL      string `json:"url"`
	Bytes    int64  `json:"size_bytes"`
	SHA256   string `json:"sha256"`
}

// LocalSDK is what the Python SDK needs.
type LocalSDK struct {
	Supported bool       `json:"supported"`
	BaseModel *BaseModel `json:"base_model"`
	Context   int        `json:"n_ctx"`
}

// JSSDK is what the JavaScript SDK needs.
type JSSDK struct {
	Supported            bool       `json:"supported"`
	BaseModel            *BaseModel `json:"base_model"`
	PrefixCacheSupported bool       `json:"prefix_cache_supported"`
}

// Capabilities sums up which SDKs can run a program.
type Capabilities struct {
	PythonLocal bool `json:"python_local"`
	JSBrowser   bool `json:"js_browser"`
}

const (
	adapterFile  = "adapter.gguf"
	placeholder  = "{INPUT_PLACEHOLDER}"
	pinContext   = 2048 // of both official interpreters; the SDK refuses another number
	miniContext  = 512
	miniProvider = "paw"
	hubURL       = "https://huggingface.co/"
)

// Manifest is the manifest of a pinned runtime id or of the embedded mini. The mini's base model has
// no address of its own: a server that offers the file sets BaseModel.URL, in both places.
func Manifest(id string) (RuntimeManifest, error) {
	if id == MiniID {
		file, digest, err := Mini()
		if err != nil {
			return RuntimeManifest{}, err
		}
		b := BaseModel{Provider: miniProvider, File: MiniID + ".gguf", Bytes: file.Size(), SHA256: digest}
		return manifest(id, "PAW mini", MiniID, b, miniContext, true), nil
	}
	for _, p := range Pins {
		if p.ID == id {
			return p.manifest(), nil
		}
	}
	return RuntimeManifest{}, fmt.Errorf("%w %q: paw models list shows those that can be had", ErrUnknown, id)
}

// manifest agrees with what the official SDK pins for this id: it refuses any other.
func (p Pin) manifest() RuntimeManifest {
	repo := strings.TrimSuffix(strings.TrimPrefix(p.URL, hubURL), "/resolve/main/"+p.File)
	b := BaseModel{Provider: "huggingface", Repo: repo, File: p.File, URL: p.URL, Bytes: p.Bytes, SHA256: p.SHA256}
	gpt2 := p.Interpreter == "gpt2" // the one that the official JavaScript SDK runs
	m := manifest(p.ID, p.Name, p.Interpreter, b, pinContext, gpt2)
	if gpt2 {
		cache, tokens := "prefix_cache.bin", "prefix_tokens.json"
		m.ProgramAssets.PrefixCacheRequired = true
		m.ProgramAssets.PrefixCacheFilename, m.ProgramAssets.PrefixTokensFilename = &cache, &tokens
		m.JSSDK.PrefixCacheSupported = true
	}
	return m
}

func manifest(id, name, interpreter string, b BaseModel, context int, browser bool) RuntimeManifest {
	m := RuntimeManifest{
		RuntimeID: id, ManifestVersion: 1, DisplayName: name, Interpreter: interpreter, AdapterFormat: "gguf_lora",
		PromptTemplate: PromptTemplate{Format: "rendered_text", Placeholder: placeholder},
		ProgramAssets:  ProgramAssets{AdapterFilename: adapterFile},
		LocalSDK:       LocalSDK{Supported: true, BaseModel: &b, Context: context},
		Capabilities:   Capabilities{PythonLocal: true, JSBrowser: browser},
	}
	if browser {
		own := b
		m.JSSDK = JSSDK{Supported: true, BaseModel: &own}
	}
	return m
}
