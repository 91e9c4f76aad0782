// Files, the environment and open descriptors. HOST_FILE is chosen by whoever builds it.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attempts.h"

extern char **environ;

static bool can_read(const char *path) {
  char byte;
  int fd = open(path, O_RDONLY);
  if (fd < 0) return false;
  bool got = read(fd, &byte, 1) == 1;
  close(fd);
  return got;
}

static bool can_list(const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) return false;
  bool got = readdir(folder) != NULL;
  closedir(folder);
  return got;
}

static bool can_create(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return false;
  close(fd);
  unlink(path);
  return true;
}

static bool can_read_of_parent(const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", getppid(), name);
  return can_read(path);
}

static bool read_passwd(void) { return can_read("/etc/passwd"); }
static bool read_host_file(void) { return can_read(HOST_FILE); }
static bool read_relative(void) { return can_read("../../../../../../../../../../etc/passwd"); }
static bool read_through_root(void) { return can_read("/proc/1/root/etc/passwd") || can_read("/proc/self/root/etc/passwd"); }
static bool read_through_cwd(void) { return can_read("/proc/self/cwd/../../../../../../../etc/passwd"); }
static bool list_root(void) { return can_list("/"); }
static bool list_etc(void) { return can_list("/etc"); }
static bool list_processes(void) { return can_list("/proc"); }
static bool list_here(void) { return can_list("."); }
static bool create_in_tmp(void) { return can_create("/tmp/openclaw-test-file"); }
static bool create_in_shm(void) { return can_create("/dev/shm/openclaw-test-file"); }
static bool create_in_root(void) { return can_create("/openclaw-test-file"); }
static bool create_here(void) { return can_create("openclaw-test-file"); }
static bool create_unnamed(void) {
  int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static bool write_host_file(void) {
  int fd = open(HOST_FILE, O_WRONLY);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static bool truncate_host_file(void) {
  struct stat file = {0};
  stat(HOST_FILE, &file);
  return truncate(HOST_FILE, file.st_size) == 0;
}

static bool make_link(void) {
  bool got = symlink(HOST_FILE, "/tmp/openclaw-test-link") == 0;
  if (got) unlink("/tmp/openclaw-test-link");
  return got;
}

static bool make_hard_link(void) {
  bool got = link(HOST_FILE, HOST_FILE ".link") == 0;
  if (got) unlink(HOST_FILE ".link");
  return got;
}

static bool make_folder(void) {
  bool got = mkdir("/tmp/openclaw-test-folder", 0700) == 0;
  if (got) rmdir("/tmp/openclaw-test-folder");
  return got;
}

static bool make_pipe(void) {
  bool got = mknod("/tmp/openclaw-test-pipe", S_IFIFO | 0600, 0) == 0;
  if (got) unlink("/tmp/openclaw-test-pipe");
  return got;
}

static bool rename_host_file(void) { return rename(HOST_FILE, HOST_FILE) == 0; }
static bool unlink_host_file(void) {
  int fd = open(HOST_FILE ".victim", O_CREAT | O_WRONLY, 0600);
  if (fd >= 0) close(fd);
  return unlink(HOST_FILE ".victim") == 0;
}
static bool change_mode(void) { return chmod(HOST_FILE, 0644) == 0; }
static bool change_owner(void) { return chown(HOST_FILE, (uid_t)-1, (gid_t)-1) == 0; }
static bool change_times(void) { return utimensat(AT_FDCWD, HOST_FILE, NULL, 0) == 0; }
static bool read_attributes(void) { return listxattr(HOST_FILE, NULL, 0) >= 0; }
static bool change_directory(void) { return chdir("/etc") == 0; }
static bool status_of_file(void) {
  struct stat file;
  return stat("/etc/passwd", &file) == 0;
}

static bool read_link(void) {
  char target[256];
  return readlink("/etc/localtime", target, sizeof target) > 0 || readlink("/proc/self/exe", target, sizeof target) > 0;
}

static bool read_parent_link(void) {
  char path[64], target[256];
  snprintf(path, sizeof path, "/proc/%d/exe", getppid());
  return readlink(path, target, sizeof target) > 0;
}

static bool access_file(void) { return access("/etc/passwd", R_OK) == 0; }

static bool read_own_memory(void) {
  int fd = open("/proc/self/mem", O_RDWR);
  if (fd >= 0) close(fd);
  return fd >= 0;
}
static bool read_own_environment(void) { return can_read("/proc/self/environ"); }
static bool read_own_maps(void) { return can_read("/proc/self/maps"); }
static bool read_parent_environment(void) { return can_read_of_parent("environ"); }
static bool read_parent_maps(void) { return can_read_of_parent("maps"); }
static bool read_parent_status(void) { return can_read_of_parent("status"); }
static bool open_parent_memory(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", getppid());
  int fd = open(path, O_RDWR);
  if (fd >= 0) close(fd);
  return fd >= 0;
}
static bool list_parent_descriptors(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", getppid());
  return can_list(path);
}
static bool read_device(void) { return can_read("/dev/zero"); }
static bool open_terminal(void) {
  int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

// Names are seen wherever they can be stated. The descriptors of the process itself are the only names inside.
static bool reopen_descriptors(void) {
  char path[32];
  bool got = false;
  for (int fd = 0; fd < 64; fd++) {
    struct stat file;
    // The log pipe leads to the skill's own words, the image is the skill itself, and the empty file is empty.
    if (fstat(fd, &file) != 0 || S_ISFIFO(file.st_mode) || S_ISSOCK(file.st_mode) || fd == 4 || fd == 5) continue;
    for (int in_root = 0; in_root < 2; in_root++) {
      snprintf(path, sizeof path, in_root ? "/%d" : "/proc/self/fd/%d", fd);
      int copy = open(path, O_RDWR);
      if (copy >= 0) close(copy);
      got = got || copy >= 0;
    }
  }
  return got;
}

static bool write_image(void) { return pwrite(4, "", 1, 0) == 1; }
static bool grow_image(void) { return syscall(SYS_ftruncate, 4, 1 << 24) == 0; }
static bool write_image_anew(void) {
  int fd = open("/4", O_RDWR);
  if (fd < 0) fd = open("/proc/self/fd/4", O_RDWR);
  if (fd < 0) return false;
  bool got = pwrite(fd, "", 1, 0) == 1;
  int reason = errno;
  close(fd);
  errno = reason;
  return got;
}

static bool environment(void) { return environ == NULL || environ[0] != NULL; }

// The kernel lays the strings of the environment on the stack, between the vector of auxiliary values and the program's name.
static bool environment_on_stack(void) {
  const char *end = (const char *)(uintptr_t)getauxval(AT_EXECFN);
  const char *at = (const char *)(uintptr_t)getauxval(AT_RANDOM);
  if (end == NULL || at == NULL) return false;
  for (; at + 5 < end; at++)
    if (memcmp(at, "PATH=", 5) == 0) return true;
  return false;
}

// 0 to 6 are the runner's own: null, log, log, socket, image, empty file, randomness.
static bool leaked_descriptor(void) {
  for (int fd = 7; fd < 4096; fd++)
    if (fcntl(fd, F_GETFD) >= 0) return true;
  return false;
}

static bool descriptor_from_host(void) {
  char byte, control[256];
  struct iovec part = {&byte, 1};
  struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  return recvmsg(3, &packet, MSG_DONTWAIT | MSG_PEEK) >= 0;
}

static bool signal_on_socket(void) { return fcntl(3, F_SETOWN, getppid()) == 0; }

const attempt file_attempts[] = {
    RUN("read /etc/passwd", read_passwd),
    RUN("read a file of the host", read_host_file),
    RUN("read by a relative path", read_relative),
    RUN("read through /proc/1/root", read_through_root),
    RUN("read through /proc/self/cwd", read_through_cwd),
    RUN("list /", list_root),
    RUN("list /etc", list_etc),
    RUN("list /proc", list_processes),
    RUN("list the working directory", list_here),
    RUN("create in /tmp", create_in_tmp),
    RUN("create in /dev/shm", create_in_shm),
    RUN("create in /", create_in_root),
    RUN("create in the working directory", create_here),
    RUN("create a file without a name", create_unnamed),
    RUN("open a file of the host for writing", write_host_file),
    RUN("truncate a file of the host", truncate_host_file),
    RUN("rename a file of the host", rename_host_file),
    RUN("unlink a file of the host", unlink_host_file),
    RUN("symbolic link", make_link),
    RUN("hard link", make_hard_link),
    RUN("make a folder", make_folder),
    RUN("make a named pipe", make_pipe),
    RUN("chmod", change_mode),
    RUN("chown", change_owner),
    RUN("set times", change_times),
    RUN("extended attributes", read_attributes),
    RUN("change directory", change_directory),
    RUN("stat a file of the host", status_of_file),
    RUN("ask for access to a file of the host", access_file),
    RUN("read a symbolic link", read_link),
    RUN("where the host's program lies", read_parent_link),
    RUN("own memory through /proc", read_own_memory),
    RUN("own memory map through /proc", read_own_maps),
    RUN("environment through /proc", read_own_environment),
    RUN("the host's environment", read_parent_environment),
    RUN("the host's memory map", read_parent_maps),
    RUN("the host's memory through /proc", open_parent_memory),
    RUN("the host's status", read_parent_status),
    RUN("the host's descriptors", list_parent_descriptors),
    RUN("read a device", read_device),
    RUN("open a terminal", open_terminal),
    RUN("open own descriptors anew", reopen_descriptors),
    RUN("write to the image", write_image),
    RUN("grow the image", grow_image),
    RUN("write to the image opened anew", write_image_anew),
    RUN("the environment", environment),
    RUN("the environment's copy on the stack", environment_on_stack),
    RUN("a descriptor that leaked", leaked_descriptor),
    RUN("a descriptor sent by the host", descriptor_from_host),
    RUN("own a socket's signals", signal_on_socket),
    END,
};
