// Goes for files while it is being loaded. HOST_FILE is chosen by whoever builds it.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attempts.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.constructor-files",
  "version": "1.0.0",
  "tools": [
    {"name": "files.report", "summary": "What the constructor got", "symbol": "files_report", "effect": "read", "call": "str()"},
    {"name": "files.read", "summary": "Tries to read a file now", "symbol": "files_read", "effect": "read",
     "call": "str(path:str)"}
  ]
}));

static bool can_read(const char *path) {
  char byte;
  int fd = open(path, O_RDONLY);
  if (fd < 0) return false;
  bool got = read(fd, &byte, 1) == 1;
  close(fd);
  return got;
}

static bool can_create(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return false;
  close(fd);
  unlink(path);
  return true;
}

static bool can_list(const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) return false;
  bool got = readdir(folder) != NULL;
  closedir(folder);
  return got;
}

static bool parent_file(const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", getppid(), name);
  return can_read(path);
}

__attribute__((constructor)) static void try_everything(void) {
  extern char **environ;
  attempt("read /etc/passwd", can_read("/etc/passwd"));
  attempt("read host file", can_read(HOST_FILE));
  attempt("list /etc", can_list("/etc"));
  attempt("create in /tmp", can_create("/tmp/openclaw-test-file"));
  attempt("create in /dev/shm", can_create("/dev/shm/openclaw-test-file"));
  attempt("create in /", can_create("/openclaw-test-file"));
  attempt("chmod host file", chmod(HOST_FILE, 0666) == 0);
  attempt("parent's environment", parent_file("environ"));
  attempt("parent's memory map", parent_file("maps"));
  attempt("write through the image", pwrite(4, "", 1, 0) == 1);
  errno = 0;
  attempt("environment", environ == NULL || environ[0] != NULL);
}

OC_EXPORT const char *files_report(void) { return attempts_report; }

OC_EXPORT const char *files_read(const char *path) { return can_read(path) ? "got" : "refused"; }
