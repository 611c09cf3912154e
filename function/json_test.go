package function

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestJSONText(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `""`, `0`, `-0.5e-7`, `12E+3`, `true`, `null`, ` {"a": [1, 2.0, {"b": "c\"\u00e9\\"}], "": false}`, "[\n  1,\n  [ ]\n]", `"ünïcode"`, `[[[]],{}]`,
	} {
		var j jsonText
		if after, ok := j.feed([]byte(text)); !ok || !after.whole() {
			t.Errorf("%s is refused", text)
		}
	}
	for _, text := range []string{
		`{]`, `[}`, `[1,]`, `{"a":1,}`, `{a:1}`, `{"a" 1}`, `01`, `-a`, `1.e`, `1e+}`, `tru]`, `nul1`, `"\x"`, `"\u00g"`, "\"\n\"", `[1 2]`, `{} {}`, `1 2`, `'a'`, `+1`, `.5`,
		strings.Repeat("[", jsonDepth+1), "[" + strings.Repeat(" ", jsonWhite+1),
	} {
		var j jsonText
		if after, ok := j.feed([]byte(text)); ok && after.whole() {
			t.Errorf("%s is taken", text)
		}
	}
}

// Whatever is accepted becomes valid JSON with its rest, and valid JSON is accepted.
func FuzzJSONText(f *testing.F) {
	for _, s := range []string{`{"a":[1,"x\u00e9",-0.5e3,true,null]}`, `[[{"a`, `"\`, `{"a":`, `-`, `1.`, `[fal`, ` [1, `, `{"k`, `"\u0`, `{"a":1,`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var j jsonText
		n := 0
		for n < len(text) {
			before := j
			if !j.next(text[n]) {
				j = before
				break
			}
			n++
		}
		taken := text[:n]
		if whole := taken + j.rest(); !json.Valid([]byte(whole)) {
			t.Fatalf("%q with the rest %q is no JSON", taken, j.rest())
		}
		if j.whole() != json.Valid([]byte(taken)) {
			t.Fatalf("%q: whole %v", taken, j.whole())
		}
		if json.Valid([]byte(text)) && n < len(text) && utf8.ValidString(text) && len(text) <= jsonDepth {
			t.Fatalf("%q is JSON and refused at %d", text, n)
		}
	})
}

// The random interpreter writes nonsense; held to JSON it is valid JSON, wherever decoding ends, and the first
// token that keeps the format is the likeliest one that does.
func TestFreeTextIsHeldToJSON(t *testing.T) {
	fx := newFixture(t, 256, true)
	e := fx.simd(t)
	p := fx.program(0)
	plain := call(t, openFunction(t, e, p, Options{}), "hello", Call{MaxTokens: 12})
	if json.Valid([]byte(plain.Output)) {
		t.Fatalf("%q is JSON by chance: the test shows nothing", plain.Output)
	}
	p.Meta.OutputFormat = "json"
	f := openFunction(t, e, p, Options{})
	seen := map[string]bool{}
	for _, input := range []string{"hello", "", "a b c", "42", "{"} {
		for limit := 1; limit < 24; limit++ {
			var streamed strings.Builder
			a := call(t, f, input, Call{MaxTokens: limit, Piece: func(s string) { streamed.WriteString(s) }})
			if !json.Valid([]byte(a.Output)) {
				t.Fatalf("%q, %d tokens: %q is no JSON", input, limit, a.Output)
			}
			if streamed.String() != a.Output {
				t.Errorf("streamed %q, answered %q", streamed.String(), a.Output)
			}
			seen[a.Output] = true
		}
	}
	if len(seen) < 5 {
		t.Errorf("only %d different answers", len(seen))
	}
	labels := fx.program(0, "yes", "no")
	labels.Meta.OutputFormat = "json"
	if a := call(t, openFunction(t, e, labels, Options{}), "hello", Call{}); a.Label == "" {
		t.Error("labels do not go before the format")
	}
}
