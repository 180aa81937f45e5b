import * as uapi from '../../abi/memfd.ts'
import { KernelError } from '../../machine/kernel-error.ts'

const ALL =
  uapi.F_SEAL_SEAL |
  uapi.F_SEAL_SHRINK |
  uapi.F_SEAL_GROW |
  uapi.F_SEAL_WRITE |
  uapi.F_SEAL_FUTURE_WRITE |
  uapi.F_SEAL_EXEC
/** The seals that come with F_SEAL_EXEC on an executable file. */
const WITH_EXEC =
  uapi.F_SEAL_SHRINK | uapi.F_SEAL_GROW | uapi.F_SEAL_WRITE | uapi.F_SEAL_FUTURE_WRITE
const MFD_FLAGS =
  uapi.MFD_CLOEXEC |
  uapi.MFD_ALLOW_SEALING |
  uapi.MFD_HUGETLB |
  uapi.MFD_NOEXEC_SEAL |
  uapi.MFD_EXEC
/** MFD_NAME_MAX_LEN: NAME_MAX without `memfd:`. */
const LONGEST_NAME = 249

/**
 * The seals that a new memfd has, from the flags of memfd_create. EINVAL for unknown flags, for both
 * MFD_EXEC and MFD_NOEXEC_SEAL, and for a name that is too long; ENOSYS for huge pages.
 * Source: memfd_create in mm/memfd.c of Linux 6.12.
 */
export function firstSeals(name: string, flags: number): number {
  if ((flags & uapi.MFD_HUGETLB) !== 0) {
    throw new KernelError('ENOSYS', 'this kernel has no huge pages (CONFIG_HUGETLBFS)')
  }
  if ((flags & ~MFD_FLAGS) !== 0) {
    throw new KernelError('EINVAL', `flags 0x${flags.toString(16)} are not all known`)
  }
  const noexec = (flags & uapi.MFD_NOEXEC_SEAL) !== 0
  if (noexec && (flags & uapi.MFD_EXEC) !== 0) {
    throw new KernelError('EINVAL', 'MFD_EXEC and MFD_NOEXEC_SEAL contradict each other')
  }
  const bytes = new TextEncoder().encode(name).length
  if (bytes > LONGEST_NAME) {
    throw new KernelError('EINVAL', `the name has ${bytes} bytes, ${LONGEST_NAME} are allowed`)
  }
  if (noexec) return uapi.F_SEAL_EXEC
  return (flags & uapi.MFD_ALLOW_SEALING) === 0 ? uapi.F_SEAL_SEAL : 0
}

/** The obstacle to F_SEAL_WRITE; undefined: none. */
export type WriteUse = string | undefined

/**
 * The seals after F_ADD_SEALS of `added`. EINVAL for unknown bits, EPERM under F_SEAL_SEAL, EBUSY
 * for F_SEAL_WRITE while a writer exists. Source: memfd_add_seals in mm/memfd.c of Linux 6.12.
 */
export function withSeals(
  { seals, executable, inUse }: { seals: number; executable: boolean; inUse: () => WriteUse },
  added: number,
): number {
  if ((added & ~ALL) !== 0) {
    throw new KernelError('EINVAL', `seals 0x${added.toString(16)} are not all known`)
  }
  if ((seals & uapi.F_SEAL_SEAL) !== 0) {
    throw new KernelError(
      'EPERM',
      'the file is sealed against more seals, as without ALLOW_SEALING',
    )
  }
  const isExec = executable && (added & uapi.F_SEAL_EXEC) !== 0
  const all = isExec ? added | WITH_EXEC : added
  if ((all & uapi.F_SEAL_WRITE) !== 0 && (seals & uapi.F_SEAL_WRITE) === 0) {
    const use = inUse()
    if (use !== undefined) throw new KernelError('EBUSY', `F_SEAL_WRITE: ${use}`)
  }
  return seals | all
}
