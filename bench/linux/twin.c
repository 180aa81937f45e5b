// The same calls as main.ts makes, as a C program makes them: prints microseconds for one.
//   twin cycle SIZE COUNT    allocate, map, SYNC START, SYNC END, unmap, close
//   twin heap SIZE COUNT     SYNC START and END of a mapped buffer of the system heap
//   twin udmabuf SIZE COUNT  the same of a udmabuf, whose every page is synchronised
//   twin ioctl SIZE COUNT    one SYNC END
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int heap;

static int check(int result) {
  if (result < 0) {
    perror("twin");
    exit(1);
  }
  return result;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int allocate(size_t size) {
  struct dma_heap_allocation_data data = {.len = size, .fd_flags = O_RDWR | O_CLOEXEC};
  check(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data));
  return data.fd;
}

static int udmabuf(size_t size) {
  int memfd = check(memfd_create("twin", MFD_ALLOW_SEALING | MFD_CLOEXEC));
  check(ftruncate(memfd, size));
  check(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK));
  struct udmabuf_create create = {.memfd = memfd, .size = size};
  return check(ioctl(check(open("/dev/udmabuf", O_RDWR)), UDMABUF_CREATE, &create));
}

static char *map(int fd, size_t size) {
  char *bytes = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  check(bytes == MAP_FAILED ? -1 : 0);
  return bytes;
}

static void sync_cpu(int fd, unsigned long flags) {
  struct dma_buf_sync sync = {.flags = flags};
  check(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
}

static void pair(int fd) {
  sync_cpu(fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START);
  sync_cpu(fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END);
}

static void cycle(size_t size) {
  int fd = allocate(size);
  char *bytes = map(fd, size);
  pair(fd);
  munmap(bytes, size);
  close(fd);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const char *what = argv[1];
  size_t size = atol(argv[2]);
  long count = atol(argv[3]);
  int cycles = !strcmp(what, "cycle"), single = !strcmp(what, "ioctl");
  heap = check(open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC));
  int fd = cycles ? -1 : !strcmp(what, "udmabuf") ? udmabuf(size) : allocate(size);
  if (!cycles) map(fd, size)[0] = 1;
  double begin = 0;
  // The first tenth warms up.
  for (long i = -count / 10; i < count; i++) {
    if (i == 0) begin = now();
    if (cycles) cycle(size);
    else if (single) sync_cpu(fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END);
    else pair(fd);
  }
  printf("%f\n", (now() - begin) / count);
  return 0;
}
