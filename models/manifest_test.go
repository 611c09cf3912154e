package models

import (
	"encoding/json"
	"errors"
	"testing"
)

// The official SDK pins this manifest and refuses programs that embed another.
const gpt2Manifest = `{"runtime_id":"gpt2-q8_0","manifest_version":1,"display_name":"GPT-2 124M (Q8_0)","interpreter":"gpt2","adapter_format":"gguf_lora",` +
	`"prompt_template":{"format":"rendered_text","placeholder":"{INPUT_PLACEHOLDER}"},` +
	`"program_assets":{"adapter_filename":"adapter.gguf","prefix_cache_required":true,"prefix_cache_filename":"prefix_cache.bin","prefix_tokens_filename":"prefix_tokens.json"},` +
	`"local_sdk":{"supported":true,"base_model":` + gpt2Base + `,"n_ctx":2048},` +
	`"js_sdk":{"supported":true,"base_model":` + gpt2Base + `,"prefix_cache_supported":true},` +
	`"inference_provider_url":null,"capabilities":{"python_local":true,"js_browser":true}}`

const gpt2Base = `{"provider":"huggingface","repo":"programasweights/GPT2-GGUF-Q8_0","file":"gpt2-q8_0.gguf",` +
	`"url":"https://huggingface.co/programasweights/GPT2-GGUF-Q8_0/resolve/main/gpt2-q8_0.gguf","size_bytes":139804832,` +
	`"sha256":"0aa260efb2cce9def922e0546b88ad731cf1a68554db73fa2d4a0949cfa958c5"}`

func TestManifestOfPins(t *testing.T) {
	m, err := Manifest("gpt2-q8_0")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := json.Marshal(m); err != nil || string(b) != gpt2Manifest {
		t.Errorf("manifest %s, %v", b, err)
	}
	m, err = Manifest("qwen3-0.6b-q6_k")
	if err != nil {
		t.Fatal(err)
	}
	if m.JSSDK.Supported || m.JSSDK.BaseModel != nil || m.LocalSDK.BaseModel.Repo != "programasweights/Qwen3-0.6B-GGUF-Q6_K" || m.LocalSDK.Context != 2048 ||
		m.ProgramAssets.PrefixCacheRequired || m.ProgramAssets.PrefixCacheFilename != nil {
		t.Errorf("manifest %+v", m)
	}
	if _, err := Manifest("../x"); !errors.Is(err, ErrUnknown) {
		t.Errorf("an unknown id: %v", err)
	}
}

func TestManifestOfTheMini(t *testing.T) {
	m, err := Manifest(MiniID)
	if errors.Is(err, ErrNoMini) {
		t.Skip(err)
	}
	_, digest, _ := Mini()
	if err != nil || m.Interpreter != MiniID || m.LocalSDK.BaseModel.SHA256 != digest || m.LocalSDK.Context != 512 || !m.JSSDK.Supported {
		t.Errorf("manifest %+v, %v", m, err)
	}
}
