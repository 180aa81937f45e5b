import * as uapi from '../abi/memfd.ts'
import * as check from '../syscalls/arguments.ts'

/**
 * A seal forbids for good: to shrink or grow a memfd, to write it, to write it through new mappings, to
 * change whether it is executable, or to add seals.
 */
export type Seal = 'shrink' | 'grow' | 'write' | 'future-write' | 'exec' | 'seal'

const BITS: Readonly<Record<Seal, number>> = {
  shrink: uapi.F_SEAL_SHRINK,
  grow: uapi.F_SEAL_GROW,
  write: uapi.F_SEAL_WRITE,
  'future-write': uapi.F_SEAL_FUTURE_WRITE,
  exec: uapi.F_SEAL_EXEC,
  seal: uapi.F_SEAL_SEAL,
}

/**
 * The F_SEAL_ bits of `seals`. ERR_INVALID_ARG_TYPE and ERR_INVALID_ARG_VALUE unless each is one.
 */
export function sealBits(seals: readonly Seal[]): number {
  check.list('seals', seals)
  return seals.reduce((bits, seal) => {
    check.oneOf('seal', seal, Object.keys(BITS))
    return bits | BITS[seal]
  }, 0)
}

/** The seals that `bits` stand for. */
export function sealNames(bits: number): Seal[] {
  return (Object.keys(BITS) as Seal[]).filter((seal) => (bits & BITS[seal]) !== 0)
}
