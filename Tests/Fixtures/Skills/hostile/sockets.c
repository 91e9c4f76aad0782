// The network, and every other family of sockets.
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "attempts.h"

// Sends a byte to itself over the loopback: if it arrives, there is a network.
static bool over_loopback(int family, int protocol) {
  struct sockaddr_in6 address6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  struct sockaddr_in address4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr *address = family == AF_INET6 ? (struct sockaddr *)&address6 : (struct sockaddr *)&address4;
  socklen_t size = family == AF_INET6 ? sizeof address6 : sizeof address4;
  int listener = socket(family, SOCK_STREAM, protocol), caller = socket(family, SOCK_STREAM, protocol);
  if (listener < 0 || caller < 0) return false;
  if (bind(listener, address, size) != 0 || listen(listener, 1) != 0) return false;
  if (getsockname(listener, address, &size) != 0 || connect(caller, address, size) != 0) return false;
  int accepted = accept(listener, NULL, NULL);
  char byte = 0;
  bool got = write(caller, "x", 1) == 1 && read(accepted, &byte, 1) == 1 && byte == 'x';
  close(accepted);
  close(caller);
  close(listener);
  return got;
}

static bool datagram_over_loopback(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
  if (receiver < 0 || sender < 0) return false;
  if (bind(receiver, (struct sockaddr *)&address, size) != 0) return false;
  if (getsockname(receiver, (struct sockaddr *)&address, &size) != 0) return false;
  char byte = 0;
  bool got = sendto(sender, "x", 1, 0, (struct sockaddr *)&address, size) == 1 && read(receiver, &byte, 1) == 1;
  close(sender);
  close(receiver);
  return got;
}

static bool tcp(void) { return over_loopback(AF_INET, 0); }
static bool tcp6(void) { return over_loopback(AF_INET6, 0); }
static bool mptcp(void) { return over_loopback(AF_INET, 262); }

static bool unix_path(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/openclaw-test-socket"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return false;
  bool got = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
  if (got) unlink(address.sun_path);
  close(fd);
  return got;
}

static bool unix_abstract(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0openclaw-test-socket"};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), caller = socket(AF_UNIX, SOCK_STREAM, 0);
  if (listener < 0 || caller < 0) return false;
  bool got = bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0 &&
             connect(caller, (struct sockaddr *)&address, sizeof address) == 0;
  close(caller);
  close(listener);
  return got;
}

static bool pair(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return false;
  close(ends[0]);
  close(ends[1]);
  return true;
}

static bool peer_of_runner(void) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(3, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
}

static bool redirect_runner(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/notify"};
  return connect(3, (struct sockaddr *)&address, sizeof address) == 0 || listen(3, 1) == 0 ||
         bind(3, (struct sockaddr *)&address, sizeof address) == 0;
}

static bool accept_on_runner(void) { return accept4(3, NULL, NULL, SOCK_NONBLOCK) >= 0; }

#define OPEN(name, family, type, protocol) CALL(name, SYS_socket, family, type, protocol)

const attempt socket_attempts[] = {
    RUN("tcp to itself", tcp),
    RUN("tcp over ipv6 to itself", tcp6),
    RUN("mptcp to itself", mptcp),
    RUN("udp to itself", datagram_over_loopback),
    RUN("unix socket at a path", unix_path),
    RUN("unix socket without a path", unix_abstract),
    RUN("pair of sockets", pair),
    RUN("who is at the runner's socket", peer_of_runner),
    RUN("connect the runner's socket anew", redirect_runner),
    RUN("accept on the runner's socket", accept_on_runner),
    OPEN("tcp", AF_INET, SOCK_STREAM, 0),
    OPEN("udp", AF_INET, SOCK_DGRAM, 0),
    OPEN("udp over ipv6", AF_INET6, SOCK_DGRAM, 0),
    OPEN("mptcp", AF_INET, SOCK_STREAM, 262),
    OPEN("sctp", AF_INET, SOCK_STREAM, 132),
    OPEN("raw", AF_INET, SOCK_RAW, IPPROTO_ICMP),
    OPEN("ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
    OPEN("unix", AF_UNIX, SOCK_STREAM, 0),
    OPEN("packet", AF_PACKET, SOCK_RAW, 0),
    OPEN("netlink: routes", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE),
    OPEN("netlink: devices", AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT),
    OPEN("vsock", 40, SOCK_STREAM, 0),
    OPEN("kernel cryptography", 38, SOCK_SEQPACKET, 0),
    OPEN("bluetooth", 31, SOCK_RAW, 1),
    OPEN("can", 29, SOCK_RAW, 1),
    OPEN("tipc", 30, SOCK_STREAM, 0),
    OPEN("express data path", 44, SOCK_RAW, 0),
    OPEN("key management", 15, SOCK_RAW, 2),
    END,
};
