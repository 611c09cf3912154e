//go:build js

package main

import (
	"net/http"

	"github.com/syumai/workers/cloudflare/fetch"
)

// origin is the platform's fetch.
type origin struct{ client *fetch.Client }

func newOrigin() origin { return origin{fetch.NewClient()} }

func (o origin) Do(r *http.Request) (*http.Response, error) {
	return o.client.Do(&fetch.Request{Request: r}, &fetch.RequestInit{Redirect: fetch.RedirectModeManual})
}
