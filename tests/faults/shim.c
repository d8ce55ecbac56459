/* Fails one file operation of the program that this is preloaded into (LD_PRELOAD), so that every place where a disk
 * can fail is tried. Only operations below one directory count, and of those not sled's own reads of its log (pread):
 * where one of them fails at its start, sled 0.34.7 overwrites what it could not read. The program reads all of the log
 * (read) before it lets sled do so.
 *
 *   FAULT_DIR    the directory, absolute
 *   FAULT_KIND   what fails, and how:
 *                  eio     any operation, once: nothing is done, EIO
 *                  enospc  what needs space, from there on: half of the first write is done, ENOSPC
 *                  short   a write, once: half of it is done, and the caller is told so
 *                  kill    what changes something: half of a write is done, or nothing, and the process is killed
 *   FAULT_AT     which one, counted from 1 over the operations that this kind applies to; 0 only counts
 *   FAULT_LOG    a file outside the directory, to which goes what failed, and at the end how many there were
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READS = 1, WRITES = 2, NEEDS_SPACE = 4, FREES = 8 };

static const struct kind { const char *name; int of, error, stays, half; } KINDS[] = {
    { "eio", READS | WRITES | NEEDS_SPACE | FREES, EIO, 0, 0 },
    { "enospc", WRITES | NEEDS_SPACE, ENOSPC, 1, 1 },
    { "short", WRITES, 0, 0, 1 },
    { "kill", WRITES | NEEDS_SPACE | FREES, 0, 0, 1 },
}, *kind;
static const char *dir, *log_path;
static long at;
static atomic_long count;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void tell(const char *what, const char *path) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%s %s\n", what, path);
    int fd = log_path ? REAL(open)(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && REAL(write)(fd, line, length) == length) REAL(close)(fd);
}

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("FAULT_KIND"), *number = getenv("FAULT_AT");
    for (size_t i = 0; name && i < sizeof KINDS / sizeof *KINDS; i++)
        if (!strcmp(KINDS[i].name, name)) kind = &KINDS[i];
    log_path = getenv("FAULT_LOG");
    at = number ? atol(number) : 0;
    dir = kind ? getenv("FAULT_DIR") : NULL;
}

__attribute__((destructor)) static void end(void) {
    char number[32];
    snprintf(number, sizeof number, "%ld", atomic_load(&count));
    tell("count", number);
}

static int die(void) { return raise(SIGKILL); }

/* Whether an operation on a path, or on an open file if it is relative or NULL, has to fail; errno is set then. */
static int fails(const char *operation, int does, int fd, const char *path) {
    char open_file[PATH_MAX], link[32];
    if (!dir || !(does & kind->of)) return 0;
    if (!path || *path != '/') {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        int before = errno;
        ssize_t length = readlink(link, open_file, sizeof open_file - 1);
        errno = before;
        if (length < 0) return 0;
        open_file[length] = 0;
        path = open_file;
    }
    size_t length = strlen(dir), whole = strlen(path);
    if (!strncmp(operation, "pread", 5) && whole > 9 && !strcmp(path + whole - 9, "/store/db")) return 0;
    if (strncmp(path, dir, length) || (path[length] && path[length] != '/')) return 0;
    long n = atomic_fetch_add(&count, 1) + 1;
    if (!at || n < at || (n > at && !kind->stays)) return 0;
    if (n == at) tell(operation, path);
    if (kind->error == 0 && does != WRITES) die();
    errno = kind->error;
    return n == at ? 1 : 2;
}

/* What a write that fails returns, when `done` bytes were written. */
static ssize_t after(ssize_t done) {
    if (!strcmp(kind->name, "kill")) die();
    if (!strcmp(kind->name, "short")) return done;
    errno = kind->error;
    return -1;
}

#define WRITE(name, parameters, all, part)                                        \
    ssize_t name parameters {                                                     \
        int failed = fails(#name, WRITES, fd, NULL);                              \
        if (!failed) return REAL(name) all;                                       \
        return after(failed == 1 && kind->half ? REAL(name) part : 0);            \
    }
WRITE(write, (int fd, const void *b, size_t n), (fd, b, n), (fd, b, (n + 1) / 2))
WRITE(pwrite, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o), (fd, b, (n + 1) / 2, o))
WRITE(pwrite64, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o), (fd, b, (n + 1) / 2, o))
WRITE(writev, (int fd, const struct iovec *v, int n), (fd, v, n), (fd, v, (n + 1) / 2))

#define CALL(type, name, does, fd, path, parameters, arguments) \
    type name parameters { return fails(#name, does, fd, path) ? -1 : REAL(name) arguments; }
CALL(ssize_t, read, READS, fd, NULL, (int fd, void *b, size_t n), (fd, b, n))
CALL(ssize_t, pread, READS, fd, NULL, (int fd, void *b, size_t n, off_t o), (fd, b, n, o))
CALL(ssize_t, pread64, READS, fd, NULL, (int fd, void *b, size_t n, off64_t o), (fd, b, n, o))
CALL(int, fsync, NEEDS_SPACE, fd, NULL, (int fd), (fd))
CALL(int, fdatasync, NEEDS_SPACE, fd, NULL, (int fd), (fd))
CALL(int, sync_file_range, NEEDS_SPACE, fd, NULL, (int fd, off64_t o, off64_t n, unsigned f), (fd, o, n, f))
CALL(int, fallocate, NEEDS_SPACE, fd, NULL, (int fd, int m, off_t o, off_t n), (fd, m, o, n))
CALL(int, fallocate64, NEEDS_SPACE, fd, NULL, (int fd, int m, off64_t o, off64_t n), (fd, m, o, n))
CALL(int, ftruncate, FREES, fd, NULL, (int fd, off_t n), (fd, n))
CALL(int, ftruncate64, FREES, fd, NULL, (int fd, off64_t n), (fd, n))
CALL(int, mkdir, NEEDS_SPACE, -1, p, (const char *p, mode_t m), (p, m))
CALL(int, rename, NEEDS_SPACE, -1, p, (const char *p, const char *q), (p, q))
CALL(int, renameat, NEEDS_SPACE, d, p, (int d, const char *p, int e, const char *q), (d, p, e, q))
CALL(int, renameat2, NEEDS_SPACE, d, p, (int d, const char *p, int e, const char *q, unsigned f), (d, p, e, q, f))
CALL(int, unlink, FREES, -1, p, (const char *p), (p))
CALL(int, unlinkat, FREES, d, p, (int d, const char *p, int f), (d, p, f))
CALL(int, rmdir, FREES, -1, p, (const char *p), (p))

/* These return the error instead of setting errno. */
#define RESERVE(name, type) \
    int name(int fd, type o, type n) { return fails(#name, NEEDS_SPACE, fd, NULL) ? errno : REAL(name)(fd, o, n); }
RESERVE(posix_fallocate, off_t)
RESERVE(posix_fallocate64, off64_t)

#define OPEN(name, fd, parameters, arguments)                                                          \
    int name parameters {                                                                              \
        va_list rest;                                                                                  \
        va_start(rest, flags);                                                                         \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;                      \
        va_end(rest);                                                                                  \
        return fails(#name, flags & (O_CREAT | O_TRUNC) ? NEEDS_SPACE : READS, fd, p) ? -1 : REAL(name) arguments; \
    }
OPEN(open, AT_FDCWD, (const char *p, int flags, ...), (p, flags, mode))
OPEN(open64, AT_FDCWD, (const char *p, int flags, ...), (p, flags, mode))
OPEN(openat, d, (int d, const char *p, int flags, ...), (d, p, flags, mode))
OPEN(openat64, d, (int d, const char *p, int flags, ...), (d, p, flags, mode))
