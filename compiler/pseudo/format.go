package pseudo

import (
	"encoding/json"
	"regexp"
	"strings"
)

// asksJSON finds "Return a JSON object with …", "as JSON", but not "the name in the JSON" or "from JSON".
var asksJSON = regexp.MustCompile(`(?i)\b(?:return|output|respond with|reply with|answer with|write|produce|give|emit)(?: (?:only|just|exactly|me|back|a|an|one|the|single|valid|flat|compact|minified|strict|well-formed|result|results|answer|it|them))* json\b|\b(?:as|in|into|to) (?:a |an |one )?(?:single |valid |flat |compact |minified |strict )?json\b`)

// wantsJSON is what the examples agree on; without any, what the task says. A wrong format would forbid right
// answers, so that a single example that is none decides against it.
func wantsJSON(s Spec) bool {
	if len(s.Labels) > 0 {
		return false
	}
	for _, e := range s.Examples {
		if text := strings.TrimSpace(e.Output); text == "" || !strings.ContainsAny(text[:1], "{[") || !json.Valid([]byte(text)) {
			return false
		}
	}
	return len(s.Examples) > 0 || asksJSON.MatchString(s.Task)
}
