/* SPDX-License-Identifier: BSD-3-Clause */
/* The one list of reasons for which a packet is dropped: feeds the counters, the trace, JSON and
 * metrics. Names are part of the interface; add freely, rename never. No DPDK in here. */
#ifndef HPSR_DATAPLANE_DROP_H
#define HPSR_DATAPLANE_DROP_H

/* X(NAME, name, what it means) */
#define DROP_REASONS(X)                                                                            \
	/* link layer and classification: counted on the port, no virtual router is known yet */   \
	X(RUNT, runt, "frame shorter than its headers")                                            \
	X(NO_UNTAGGED, no_untagged, "untagged frame on a port without an untagged interface")      \
	X(UNKNOWN_VLAN, unknown_vlan, "802.1Q or 802.1ad tag of no interface")                     \
	X(VLAN_RESERVED, vlan_reserved, "tag with VID 4095, which IEEE 802.1Q 9.6 forbids")        \
	X(HANDOVER_FULL, handover_full, "the home worker's ring is full")                          \
	X(TUNNEL_UNKNOWN, tunnel_unknown, "of no tunnel: addresses, VNI or key")                   \
	X(TUNNEL_HEADER, tunnel_header, "VXLAN or GRE header malformed, or VXLAN without VNI")     \
	X(TUNNEL_FRAGMENT, tunnel_fragment, "outer packet in fragments")                           \
	X(TUNNEL_TAGGED, tunnel_tagged, "VLAN tag inside of VXLAN (RFC 7348 6.1)")                 \
	X(TUNNEL_ECN, tunnel_ecn, "congestion marked outside, not to be told inside (RFC 6040)")   \
	X(UNDERLAY_TRANSIT, underlay_transit, "to a backbone port, not to its own addresses")      \
	/* link layer, of a virtual router's interface */                                          \
	X(INPUT_QUEUE_FULL, input_queue_full,                                                      \
		"its router wants more than its share of the worker")                              \
	X(OTHER_MAC, other_mac, "unicast frame to another station")                                \
	X(UNKNOWN_ETHERTYPE, unknown_ethertype, "neither IPv4, IPv6 nor ARP")                      \
	X(VLAN_HOP, vlan_hop, "another tag behind that of the interface")                          \
	X(PUNT_LIMITED, punt_limited, "its router gets more for itself than it may look at")       \
	X(IP6_DISABLED, ip6_disabled, "IPv6 on an interface without it")                           \
	X(VR_DOWN, vr_down, "the virtual router is stopped or suspended")                          \
	X(ARP_MALFORMED, arp_malformed, "ARP that RFC 826 does not allow, or of no station")       \
	X(ARP_GROUP_MAC, arp_group_mac,                                                            \
		"ARP that claims a broadcast or multicast MAC (RFC 1812 3.3.2)")                   \
	X(ARP_CONFLICT, arp_conflict, "another station claims one of our addresses")               \
	X(ARP_NOT_FOR_US, arp_not_for_us, "ARP about another address")                             \
	/* IPv4 input, RFC 1812 */                                                                 \
	X(IP4_LENGTH, ip4_length, "total length below the header or beyond the frame")             \
	X(IP4_HEADER, ip4_header, "version or header length wrong")                                \
	X(IP4_CHECKSUM, ip4_checksum, "header checksum wrong")                                     \
	X(IP4_OPTIONS, ip4_options, "malformed options (RFC 791 3.1)")                             \
	X(IP4_SOURCE_ROUTE, ip4_source_route, "source route option (RFC 7126 4.3, 4.4)")           \
	X(IP4_FRAGMENT, ip4_fragment,                                                              \
		"fragment that hides a TCP header (RFC 1858, RFC 3128), or ends beyond 65535")     \
	X(IP4_MARTIAN_SOURCE, ip4_martian_source, "source that no host can have")                  \
	X(IP4_MARTIAN_DESTINATION, ip4_martian_destination, "destination that is never forwarded") \
	X(MULTICAST, multicast, "group address without multicast routing")                         \
	X(DIRECTED_BROADCAST, directed_broadcast, "to a network's broadcast address")              \
	X(L2_BROADCAST, l2_broadcast, "unicast packet in a broadcast or multicast frame")          \
	/* IPv6 input, RFC 8200, RFC 4291 */                                                       \
	X(IP6_LENGTH, ip6_length, "payload length beyond the frame (RFC 8200 3)")                  \
	X(IP6_HEADER, ip6_header, "version is not 6 (RFC 8200 3)")                                 \
	X(IP6_MARTIAN_SOURCE, ip6_martian_source,                                                  \
		"source that no host can have (RFC 4291 2.5, 2.7)")                                \
	X(IP6_MARTIAN_DESTINATION, ip6_martian_destination,                                        \
		"destination that is never forwarded (RFC 4291 2.5)")                              \
	X(IP6_SCOPE, ip6_scope, "link-local, to beyond its link (RFC 4007 9)")                     \
	X(IP6_OPTIONS, ip6_options,                                                                \
		"malformed extension header, or an option that forbids (RFC 8200 4.2)")            \
	X(IP6_ROUTING_HEADER, ip6_routing_header,                                                  \
		"to the router, to be routed on by it (RFC 5095)")                                 \
	X(IP6_EXTENSION_HEADERS, ip6_extension_headers,                                            \
		"more headers or options than are looked at (RFC 8504 5.3)")                       \
	X(IP6_TENTATIVE, ip6_tentative,                                                            \
		"to an own address that is not known to be ours (RFC 4862 5.4)")                   \
	X(ND_HOP_LIMIT, nd_hop_limit,                                                              \
		"Neighbor Discovery from beyond the link: hop limit below 255 (RFC 4861 7.1)")     \
	X(ND_MALFORMED, nd_malformed,                                                              \
		"Neighbor Discovery that RFC 4861 6.1 or 7.1 does not allow")                      \
	X(ND_CONFLICT, nd_conflict, "another station claims one of our addresses (RFC 4862 5.4)")  \
	X(ND_NOT_FOR_US, nd_not_for_us, "Neighbor Discovery about another address, or for hosts")  \
	X(LAND, land, "source and destination are the same (RFC 4291 2.5, land)")                  \
	X(RPF, rpf, "its source is not reached by where it came in: spoofed, or asymmetric")       \
	X(FILTER_IN, filter_in, "a rule of the filter where it came in")                           \
	X(FILTER_OUT, filter_out, "a rule of the filter where it would leave")                     \
	/* forwarding */                                                                           \
	X(NO_ROUTE, no_route, "no route; net unreachable is sent")                                 \
	X(BLACKHOLE, blackhole, "a route or policy that says drop")                                \
	X(TTL_EXPIRED, ttl_expired, "TTL or hop limit ran out; time exceeded is sent")             \
	X(MTU_EXCEEDED, mtu_exceeded, "larger than the MTU, not to be cut; the sender is told")    \
	X(FRAGMENT_FAILED, fragment_failed, "no buffers for fragments")                            \
	X(NEIGHBOR_HOLD_FULL, neighbor_hold_full, "too many packets wait for this neighbour")      \
	X(NEIGHBOR_FAILED, neighbor_failed, "the neighbour does not answer; host unreachable")     \
	X(NEIGHBOR_TABLE_FULL, neighbor_table_full, "no room for another neighbour")               \
	X(NO_PROTOCOL, no_protocol, "to the router, for a protocol that it does not speak")        \
	X(NO_PORT, no_port, "UDP to the router, for a port nobody has; port unreachable is sent")  \
	X(LOCAL_FRAGMENT, local_fragment, "to the router itself, in fragments")                    \
	X(LOCAL_MALFORMED, local_malformed, "to the router, with a bad ICMP or UDP header")        \
	/* shapers and transmit */                                                                 \
	X(LINK_QUEUE_FULL, link_queue_full, "the virtual link's queue is at its limit")            \
	X(LINK_POLICED, link_policed, "over the virtual link's rate, and it polices")              \
	X(PORT_QUEUE_FULL, port_queue_full, "its queue at the port is at its limit")               \
	X(INTERFACE_GONE, interface_gone, "its interface or router was removed meanwhile")         \
	X(TX_FULL, tx_full, "the port takes no more")                                              \
	X(PORT_DOWN, port_down, "the port is gone or has no link")

enum drop_reason {
#define DROP_ENUM(NAME, name, text) DROP_##NAME,
	DROP_REASONS(DROP_ENUM)
#undef DROP_ENUM
		DROP_REASON_COUNT
};

#endif
