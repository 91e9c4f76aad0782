// Goes for the network while it is being loaded.
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attempts.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.constructor-sockets",
  "version": "1.0.0",
  "tools": [
    {"name": "sockets.report", "summary": "What the constructor got", "symbol": "sockets_report", "effect": "read",
     "call": "str()"}
  ]
}));

static bool can_open(int family, int type, int protocol) {
  int fd = socket(family, type, protocol);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

__attribute__((constructor)) static void try_everything(void) {
  int pair[2];
  attempt("tcp", can_open(AF_INET, SOCK_STREAM, 0));
  attempt("tcp over ipv6", can_open(AF_INET6, SOCK_STREAM, 0));
  attempt("mptcp", can_open(AF_INET, SOCK_STREAM, 262));
  attempt("udp", can_open(AF_INET, SOCK_DGRAM, 0));
  attempt("raw", can_open(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  attempt("netlink", can_open(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  attempt("unix", can_open(AF_UNIX, SOCK_STREAM, 0));
  attempt("vsock", can_open(AF_VSOCK, SOCK_STREAM, 0));
  attempt("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
}

OC_EXPORT const char *sockets_report(void) { return attempts_report; }
