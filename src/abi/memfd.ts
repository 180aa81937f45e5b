/**
 * Numbers for memfd_create and for seals.
 *
 * Source: include/uapi/linux/memfd.h and include/uapi/linux/fcntl.h; man memfd_create(2), fcntl(2).
 */

/** memfd_create: the descriptor does not survive exec. */
export const MFD_CLOEXEC = 1
/** memfd_create: seals may be added. */
export const MFD_ALLOW_SEALING = 2
/** memfd_create: pages of hugetlbfs. */
export const MFD_HUGETLB = 4
/** memfd_create: not executable, and sealed so with F_SEAL_EXEC; seals may be added. Linux 6.3. */
export const MFD_NOEXEC_SEAL = 8
/** memfd_create: executable. Linux 6.3. */
export const MFD_EXEC = 0x10

/** Seal: no more seals. */
export const F_SEAL_SEAL = 1
/** Seal: the file does not get shorter. */
export const F_SEAL_SHRINK = 2
/** Seal: the file does not get longer. */
export const F_SEAL_GROW = 4
/** Seal: no writes; EBUSY while a writable mapping exists. */
export const F_SEAL_WRITE = 8
/** Seal: no new writable mappings, and no writes. */
export const F_SEAL_FUTURE_WRITE = 0x10
/** Seal: whether it can be executed does not change. Linux 6.3. */
export const F_SEAL_EXEC = 0x20
