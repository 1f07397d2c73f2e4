/* Preloaded into `offhook serve`: what a disk, and the line to a CRM, may do to it at the worst moment.
 *
 * OFFHOOK_HARM names a file of 64-bit numbers (harm.rs has their meaning), shared with the test, which may change them
 * while the process runs: kill it at its Nth operation, slow the disk down, fail writes. A kill with `power` off also
 * takes back every write to the database that was not synced: what a power cut may leave.
 * OFFHOOK_HARM_LOG names a file that is told, in order, of marked bytes that arrive, are written, are synced, and of
 * answers. A mark is "mark-" and six digits. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { DISK_OPS, WIRE_OPS, DISK_AT, WIRE_AT, HOW, POWER, DELAY_US, ERRNO, PORT, STRUCK, SLOTS };
enum { BEFORE, MIDST, AFTER };
enum { WRITE = 1, SYNC, CUT, SEND, RECEIVE };
enum { FDS = 4096, MARK = 11, UNSYNCED_MAX = 1 << 16 };

static volatile uint64_t *told;
static int log_fd = -1;
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;
/* What a socket is: of the CRM, or of somebody who asked us; the mark of what was asked. */
static char wire[FDS], asked[FDS];
static char marks[FDS][MARK + 1];
/* What was there before each write that is not synced. */
static struct unsynced { char path[256]; off_t at, size; size_t length; char *bytes; } unsynced[UNSYNCED_MAX];
static int unsynced_count;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_send)(int, const void *, size_t, int);
static ssize_t (*real_recv)(int, void *, size_t, int);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_fsync)(int), (*real_ftruncate)(int, off_t), (*real_close)(int);
static int (*real_connect)(int, const struct sockaddr *, socklen_t);
static int (*real_accept4)(int, struct sockaddr *, socklen_t *, int);

__attribute__((constructor)) static void begin(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_send = dlsym(RTLD_NEXT, "send");
  real_recv = dlsym(RTLD_NEXT, "recv");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_close = dlsym(RTLD_NEXT, "close");
  real_connect = dlsym(RTLD_NEXT, "connect");
  real_accept4 = dlsym(RTLD_NEXT, "accept4");
  const char *name = getenv("OFFHOOK_HARM"), *log = getenv("OFFHOOK_HARM_LOG");
  int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
  void *at = fd < 0 ? MAP_FAILED : mmap(0, SLOTS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) told = at;
  if (log) log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(char what, const char *which) {
  char line[64];
  int length = snprintf(line, sizeof line, "%c %s\n", what, which);
  if (log_fd >= 0) syscall(SYS_write, log_fd, line, length);
}

/* Notes every mark in some bytes; the last of them. */
static const char *noted(char what, const char *bytes, size_t length) {
  static __thread char mark[MARK + 1];
  const char *at = bytes, *end = bytes + length;
  mark[0] = 0;
  if (log_fd < 0) return mark;
  while (at + MARK <= end && (at = memmem(at, end - at, "mark-", 5)) && at + MARK <= end) {
    memcpy(mark, at, MARK);
    note(what, mark);
    at += MARK;
  }
  return mark;
}

/* Whether a descriptor is the database or its log; its path. */
static int is_disk(int fd, char *path, size_t size) {
  char link[32];
  if (!told) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length < 4) return 0;
  path[length] = 0;
  return !strcmp(path + length - 3, ".db") || !strcmp(path + length - 4, "-wal");
}

static int due(int counter, int at) {
  uint64_t nth = __atomic_add_fetch(&told[counter], 1, __ATOMIC_SEQ_CST);
  return told[at] && nth == told[at];
}

/* SIGKILL, now; without what was not synced where the power went. */
static void strike(int what) {
  told[STRUCK] = what;
  while (told[POWER] && unsynced_count-- > 0) {
    struct unsynced *last = &unsynced[unsynced_count];
    int fd = open(last->path, O_RDWR);
    if (fd < 0) continue;
    if (last->length) real_pwrite(fd, last->bytes, last->length, last->at);
    real_ftruncate(fd, last->size);
    syscall(SYS_close, fd);
  }
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

/* Keeps what is there, until it is synced. */
static void remember(int fd, const char *path, off_t at, size_t length) {
  struct stat now;
  if (!told[POWER] || fstat(fd, &now)) return;
  if (unsynced_count == UNSYNCED_MAX) abort();
  struct unsynced *next = &unsynced[unsynced_count++];
  snprintf(next->path, sizeof next->path, "%s", path);
  next->at = at;
  next->size = now.st_size;
  next->bytes = malloc(length);
  ssize_t got = pread(fd, next->bytes, length, at);
  next->length = got > 0 ? got : 0;
}

static void forget(const char *path) {
  int kept = 0;
  for (int n = 0; n < unsynced_count; n++) {
    if (strcmp(unsynced[n].path, path)) unsynced[kept++] = unsynced[n];
    else free(unsynced[n].bytes);
  }
  unsynced_count = kept;
}

/* The disk takes its time, and may fail. */
static int ails(void) {
  uint64_t us = told[DELAY_US];
  struct timespec wait = {us / 1000000, us % 1000000 * 1000};
  if (us) nanosleep(&wait, 0);
  errno = told[ERRNO];
  return errno != 0;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
  char path[256];
  if (!is_disk(fd, path, sizeof path)) return real_pwrite(fd, bytes, length, at);
  if (ails()) return -1;
  pthread_mutex_lock(&disk);
  int hit = due(DISK_OPS, DISK_AT);
  if (hit && told[HOW] == BEFORE) strike(WRITE);
  remember(fd, path, at, length);
  if (hit && told[HOW] == MIDST) {
    real_pwrite(fd, bytes, length / 2, at);
    strike(WRITE);
  }
  ssize_t written = real_pwrite(fd, bytes, length, at);
  noted('W', bytes, length);
  if (hit) strike(WRITE);
  pthread_mutex_unlock(&disk);
  return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

int fsync(int fd) {
  char path[256];
  if (!is_disk(fd, path, sizeof path)) return real_fsync(fd);
  if (ails()) return -1;
  pthread_mutex_lock(&disk);
  int hit = due(DISK_OPS, DISK_AT);
  if (hit && told[HOW] != AFTER) strike(SYNC);
  int done = real_fsync(fd);
  if (!done) forget(path);
  if (!done) note('S', strrchr(path, '/') + 1);
  if (hit) strike(SYNC);
  pthread_mutex_unlock(&disk);
  return done;
}

int fdatasync(int fd) { return fsync(fd); }

int ftruncate64(int fd, off_t size) {
  char path[256];
  struct stat now;
  if (!is_disk(fd, path, sizeof path)) return real_ftruncate(fd, size);
  if (ails()) return -1;
  pthread_mutex_lock(&disk);
  int hit = due(DISK_OPS, DISK_AT);
  if (hit && told[HOW] != AFTER) strike(CUT);
  if (!fstat(fd, &now) && now.st_size > size) remember(fd, path, size, now.st_size - size);
  int done = real_ftruncate(fd, size);
  if (hit) strike(CUT);
  pthread_mutex_unlock(&disk);
  return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

/* --- the wire */

int connect(int fd, const struct sockaddr *to, socklen_t length) {
  const struct sockaddr_in *in = (const void *)to;
  if (told && fd < FDS) wire[fd] = to->sa_family == AF_INET && ntohs(in->sin_port) == told[PORT];
  return real_connect(fd, to, length);
}

int accept4(int fd, struct sockaddr *from, socklen_t *length, int flags) {
  int new = real_accept4(fd, from, length, flags);
  if (new >= 0 && new < FDS) asked[new] = 1;
  return new;
}

int close(int fd) {
  if (fd >= 0 && fd < FDS) wire[fd] = asked[fd] = marks[fd][0] = 0;
  return real_close(fd);
}

static void answered(int fd, const char *bytes, size_t length) {
  char said[32];
  if (log_fd < 0 || fd >= FDS || !asked[fd] || !marks[fd][0] || length < 12) return;
  snprintf(said, sizeof said, "%.3s %s", bytes + 9, marks[fd]);
  note('A', said);
  marks[fd][0] = 0;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  answered(fd, bytes, length);
  int hit = told && fd < FDS && wire[fd] && due(WIRE_OPS, WIRE_AT);
  if (hit && told[HOW] == BEFORE) strike(SEND);
  if (hit && told[HOW] == MIDST) length = length / 2;
  ssize_t sent = real_send(fd, bytes, length, flags);
  if (hit) strike(SEND);
  return sent;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (count > 0) answered(fd, parts[0].iov_base, parts[0].iov_len);
  int hit = told && fd >= 0 && fd < FDS && wire[fd] && due(WIRE_OPS, WIRE_AT);
  if (hit && told[HOW] == BEFORE) strike(SEND);
  if (hit && told[HOW] == MIDST) count = 1;
  ssize_t sent = real_writev(fd, parts, count);
  if (hit) strike(SEND);
  return sent;
}

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
  int hit = told && fd < FDS && wire[fd] && due(WIRE_OPS, WIRE_AT);
  if (hit && told[HOW] == BEFORE) strike(RECEIVE);
  ssize_t got = real_recv(fd, bytes, length, flags);
  if (hit) strike(RECEIVE);
  if (got > 0 && fd < FDS && asked[fd] && log_fd >= 0) {
    const char *mark = noted('R', bytes, got);
    if (mark[0]) memcpy(marks[fd], mark, sizeof marks[fd]);
  }
  return got;
}
