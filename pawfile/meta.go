package pawfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Meta is meta.json: the official keys, then ours, which other readers ignore.
type Meta struct {
	Version                int             `json:"version,omitempty"` // 3 or 4
	ProgramID              string          `json:"program_id"`
	Spec                   string          `json:"spec"`
	Examples               json.RawMessage `json:"examples,omitempty"`
	Interpreter            string          `json:"interpreter"`
	CompilerSnapshot       string          `json:"compiler_snapshot,omitempty"`
	CompilerFingerprint    string          `json:"compiler_fingerprint,omitempty"`
	CompilerKind           string          `json:"compiler_kind,omitempty"` // mapper_lora or finetune_lora
	PseudoProgramStrategy  string          `json:"pseudo_program_strategy,omitempty"`
	RuntimeID              string          `json:"runtime_id,omitempty"`
	RuntimeManifestVersion int             `json:"runtime_manifest_version,omitempty"`
	Runtime                json.RawMessage `json:"runtime,omitempty"` // the runtime manifest
	LoraRank               int             `json:"lora_rank,omitempty"`
	LoraAlpha              float64         `json:"lora_alpha,omitempty"`
	PrefixSteps            int             `json:"prefix_steps,omitempty"`
	CreatedAt              string          `json:"created_at,omitempty"`

	BaseSHA256     string          `json:"base_sha256,omitempty"` // of the interpreter's file
	Labels         []string        `json:"labels,omitempty"`
	LabelsInferred bool            `json:"labels_inferred,omitempty"`
	TargetPrefix   *string         `json:"target_prefix,omitempty"` // what training put before every answer
	Calibration    *Calibration    `json:"calibration,omitempty"`
	Report         json.RawMessage `json:"report,omitempty"`
	Warnings       []string        `json:"warnings,omitempty"` // what the spec's writer may want to mend

	extra map[string]json.RawMessage // keys that this version does not know
}

// Calibration of label probabilities, fitted on examples that were held out.
type Calibration struct {
	Temperature float32 `json:"temperature"` // divides log-probabilities
}

// Limits of what meta.json may hold.
const (
	maxLabels = 4096
	maxLabel  = 1024
	maxDepth  = 64
)

func (m *Meta) check() error {
	if d := m.BaseSHA256; d != "" && (len(d) != 64 || !ValidID(d)) {
		return fail(memberMeta, ErrMeta, "base_sha256 %.80q is no SHA-256", d)
	}
	if len(m.Labels) > maxLabels {
		return fail(memberMeta, ErrMeta, "%d labels, at most %d are possible", len(m.Labels), maxLabels)
	}
	seen := map[string]bool{}
	for _, l := range m.Labels {
		if l == "" || len(l) > maxLabel || seen[l] {
			return fail(memberMeta, ErrMeta, "label %.40q is empty, too long or listed twice", l)
		}
		seen[l] = true
	}
	if c := m.Calibration; c != nil && !(c.Temperature > 0 && c.Temperature < 1e4) {
		return fail(memberMeta, ErrMeta, "temperature %v: a positive number is needed", c.Temperature)
	}
	if math.IsNaN(m.LoraAlpha) || math.IsInf(m.LoraAlpha, 0) {
		return fail(memberMeta, ErrMeta, "lora_alpha is no number")
	}
	return nil
}

// known are the JSON keys of Meta's fields.
var known = func() map[string]bool {
	k := map[string]bool{}
	t := reflect.TypeFor[Meta]()
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
			k[name] = true
		}
	}
	return k
}()

// parseMeta reads meta.json and keeps keys that it does not know.
func parseMeta(b []byte) (Meta, error) {
	var m Meta
	if !utf8.Valid(b) {
		return m, fail(memberMeta, ErrMeta, "it is no UTF-8 text")
	}
	if err := checkDepth(b); err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fail(memberMeta, ErrMeta, "%v", err)
	}
	if err := json.Unmarshal(b, &m.extra); err != nil {
		return m, fail(memberMeta, ErrMeta, "%v", err)
	}
	maps.DeleteFunc(m.extra, func(key string, _ json.RawMessage) bool { return known[key] })
	return m, nil
}

// checkDepth bounds nesting before anything recursive sees the text.
func checkDepth(b []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fail(memberMeta, ErrMeta, "it is nested more than %d deep", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// encode writes the known keys in the order of the struct, then the others by name.
func (m *Meta) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("pawfile: meta.json: %w", err)
	}
	out := bytes.TrimSpace(b.Bytes())
	if len(m.extra) == 0 {
		return append(out, '\n'), nil
	}
	extra, err := json.Marshal(m.extra) // sorted keys
	if err != nil {
		return nil, fmt.Errorf("pawfile: meta.json: %w", err)
	}
	out = append(out[:len(out)-1], ',')
	return append(append(out, extra[1:]...), '\n'), nil
}
