package registry

import (
	"net/netip"
	"slices"
	"syscall"
)

// addresses are the networks that nobody outside can mean.
type addresses struct{ refused []netip.Prefix }

func newAddresses() *addresses {
	list := []string{
		"0.0.0.0/8",        // this host
		"10.0.0.0/8",       // private
		"100.64.0.0/10",    // carrier-grade NAT, and metadata of one cloud
		"127.0.0.0/8",      // loopback
		"168.63.129.16/32", // Azure's host
		"169.254.0.0/16",   // link-local, metadata of most clouds
		"172.16.0.0/12",    // private
		"192.0.0.0/24",     // protocol assignments
		"192.0.2.0/24",     // documentation
		"192.88.99.0/24",   // 6to4 relays
		"192.168.0.0/16",   // private
		"198.18.0.0/15",    // benchmarks
		"198.51.100.0/24",  // documentation
		"203.0.113.0/24",   // documentation
		"224.0.0.0/4",      // multicast
		"240.0.0.0/4",      // reserved, broadcast
		"::/96",            // unspecified, loopback, IPv4-compatible
		"64:ff9b::/96",     // NAT64: an IPv4 address in disguise
		"64:ff9b:1::/48",   // NAT64, local
		"100::/64",         // discard
		"2001::/32",        // Teredo
		"2001:db8::/32",    // documentation
		"2002::/16",        // 6to4: an IPv4 address in disguise
		"fc00::/7",         // private, metadata
		"fe80::/10",        // link-local
		"fec0::/10",        // site-local
		"ff00::/8",         // multicast
	}
	a := &addresses{}
	for _, prefix := range list {
		a.refused = append(a.refused, netip.MustParsePrefix(prefix))
	}
	return a
}

// control is called by the dialer for each address before it connects.
func (a *addresses) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return refused(address, "no address")
	}
	if a.refuses(to.Addr()) {
		return refused(address, "a private or local address; if it is yours, allow the host with allowPrivate or --plain-http")
	}
	return nil
}

func (a *addresses) refuses(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(a.refused, func(p netip.Prefix) bool { return p.Contains(ip) })
}
