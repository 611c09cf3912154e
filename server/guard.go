package server

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"paw/rest"
)

// guard keeps strangers out: a name that another site has pointed at this machine (DNS rebinding),
// and requests that a page of another origin makes in the user's name.
func (s *Server) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(s.handle(func(http.ResponseWriter, *http.Request) error {
		return problem(http.StatusForbidden, "cross_origin", "pages of other origins may not change anything here")
	}))
	protected := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest.Guard(w)
		if name := hostName(r.Host); !s.ownName(r, name) {
			s.handle(func(http.ResponseWriter, *http.Request) error {
				return problem(http.StatusMisdirectedRequest, "unknown_host",
					"this server does not answer to the name "+name+": use localhost, or, if that name is yours, start it with --host "+name)
			}).ServeHTTP(w, r)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// hostName is the name or address in a Host header, or one that the owner allows: without port, brackets
// and the root's dot, in lower case.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// ownName tells whether a request's host names this machine: a loopback name, the very address that
// the connection came to, or a name that the owner allowed.
func (s *Server) ownName(r *http.Request, host string) bool {
	if host == "localhost" || slices.ContainsFunc(s.o.Hosts, func(h string) bool { return hostName(h) == host }) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if ip.Unmap().IsLoopback() {
		return true
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	return err == nil && at.Addr().Unmap() == ip.Unmap()
}
