package fetch

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const maxRedirects = 10

// checkURL allows https, and http where loopback is allowed.
func (f *Fetcher) checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrForbidden, err)
	}
	return allowURL(f.options, u)
}

func allowURL(o Options, u *url.URL) error {
	if u.Scheme != "https" && (u.Scheme != "http" || !o.AllowLoopback) || u.Host == "" || u.User != nil {
		return fmt.Errorf("%w: %s: an https address without user name is needed", ErrForbidden, u.Redacted())
	}
	return nil
}

// reserved are the networks that a public name must not lead to, beyond those netip knows.
var reserved = func() (p []netip.Prefix) {
	for _, s := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10"} {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}()

// public tells whether an address belongs to the open network.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("") // a prefix holds no address with a zone
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// allowAddress is asked for every connection, after DNS: a name cannot change its mind in between.
func allowAddress(o Options, address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrForbidden, address)
	}
	if public(ap.Addr()) || o.AllowLoopback && ap.Addr().Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("%w: %s is no public address", ErrForbidden, ap.Addr())
}

func newClient(o Options) *http.Client {
	dialer := &net.Dialer{
		Timeout: 15 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return allowAddress(o, address)
		},
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:           dialer.DialContext,
			TLSHandshakeTimeout:   15 * time.Second,
			ResponseHeaderTimeout: o.Stall,
			ForceAttemptHTTP2:     true,
			DisableCompression:    true,
			MaxIdleConns:          4,
			IdleConnTimeout:       30 * time.Second,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) >= maxRedirects {
				return fmt.Errorf("%w: more than %d redirects", ErrFailed, maxRedirects)
			}
			return allowURL(o, req.URL)
		},
	}
}
