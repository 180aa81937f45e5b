/** Any sequence of sealing, mapping and truncating follows the man page, taken literally. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as uapi from '../uapi.ts'
import { PAGE, RW, start } from './rig.ts'

const { errno } = uapi

/** fcntl(2), File Sealing, one sentence after the other. */
class NaiveFile {
  readonly seals = new Set<number>()
  size = 0
  writable = 0

  add(seals: readonly number[]): number {
    if (this.seals.has(uapi.F_SEAL_SEAL)) return -errno.EPERM
    const asksNoWrites = seals.includes(uapi.F_SEAL_WRITE) && !this.seals.has(uapi.F_SEAL_WRITE)
    if (asksNoWrites && this.writable > 0) return -errno.EBUSY
    for (const seal of seals) this.seals.add(seal)
    return 0
  }

  truncate(size: number): number {
    if (size < this.size && this.seals.has(uapi.F_SEAL_SHRINK)) return -errno.EPERM
    if (size > this.size && this.seals.has(uapi.F_SEAL_GROW)) return -errno.EPERM
    this.size = size
    return 0
  }

  /** The outcome of a shared mapping: 0, or the error. */
  map(writes: boolean): number {
    if (writes && this.isSealedAgainstWrites) return -errno.EPERM
    if (!this.isSealedAgainstWrites) this.writable++
    return 0
  }

  get isSealedAgainstWrites(): boolean {
    return this.seals.has(uapi.F_SEAL_WRITE) || this.seals.has(uapi.F_SEAL_FUTURE_WRITE)
  }
}

// All but F_SEAL_EXEC, of which the man page says nothing.
const all = [1, 2, 4, 8, 16]
const step = fc.oneof(
  fc.record({ kind: fc.constant('seal' as const), seals: fc.subarray(all, { maxLength: 2 }) }),
  fc.record({ kind: fc.constant('truncate' as const), size: fc.nat(3 * PAGE) }),
  fc.record({ kind: fc.constant('map' as const), writes: fc.boolean() }),
  fc.record({ kind: fc.constant('unmap' as const), which: fc.nat() }),
)

test('seals are what the man page says', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { sys } = start()
      const fd = sys.memfdCreate('a', uapi.MFD_ALLOW_SEALING)
      const naive = new NaiveFile()
      const mapped: { address: number; counts: boolean }[] = []
      for (const one of steps) {
        if (one.kind === 'seal') {
          const seals = one.seals.reduce((bits, seal) => bits | seal, 0)
          expect(sys.fcntl(fd, uapi.F_ADD_SEALS, seals)).toBe(naive.add(one.seals))
        } else if (one.kind === 'truncate') {
          expect(sys.ftruncate(fd, one.size)).toBe(naive.truncate(one.size))
        } else if (one.kind === 'map') {
          const protection = one.writes ? RW : uapi.PROT_READ
          const before = naive.writable
          const address = sys.mmap(PAGE, protection, uapi.MAP_SHARED, fd, 0)
          expect(Math.min(0, address)).toBe(naive.map(one.writes))
          if (address > 0) mapped.push({ address, counts: naive.writable > before })
        } else {
          const [gone] = mapped.splice(one.which % Math.max(1, mapped.length), 1)
          if (gone === undefined) continue
          expect(sys.munmap(gone.address, PAGE)).toBe(0)
          if (gone.counts) naive.writable--
        }
        const seals = [...naive.seals].reduce((bits, seal) => bits | seal, 0)
        expect(sys.fcntl(fd, uapi.F_GET_SEALS, 0)).toBe(seals)
        expect(sys.lseek(fd, 0, uapi.SEEK_END)).toBe(naive.size)
      }
    }),
    { numRuns: 200 },
  )
})
