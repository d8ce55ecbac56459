/* Lets time pass faster for the program that this is preloaded into (LD_PRELOAD), so that its pauses between requests
 * to AWS do not fill the tests: HURRY=20 makes its monotonic clock run 20 times as fast, and its waits for the network
 * as much shorter. The calendar is left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const long long SECOND = 1000000000;
static long long factor = 1, began;

static long long nanoseconds(const struct timespec *t) { return t->tv_sec * SECOND + t->tv_nsec; }

__attribute__((constructor)) static void begin(void) {
    const char *given = getenv("HURRY");
    struct timespec now;
    if (given && atoi(given) > 0) factor = atoi(given);
    if (!REAL(clock_gettime)(CLOCK_MONOTONIC, &now)) began = nanoseconds(&now);
}

int clock_gettime(clockid_t clock, struct timespec *t) {
    int failed = REAL(clock_gettime)(clock, t);
    if (!failed && clock == CLOCK_MONOTONIC && began) {
        long long at = began + (nanoseconds(t) - began) * factor;
        t->tv_sec = at / SECOND;
        t->tv_nsec = at % SECOND;
    }
    return failed;
}

int epoll_wait(int fd, struct epoll_event *events, int most, int milliseconds) {
    int shorter = milliseconds <= 0 ? milliseconds : (int)((milliseconds + factor - 1) / factor);
    return REAL(epoll_wait)(fd, events, most, shorter);
}
