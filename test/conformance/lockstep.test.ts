/** The comparison itself: two simulated kernels agree, and one that is different is found out. */
import { describe, expect, it } from 'vitest'
import { errno } from '../../src/abi/errno.ts'
import type { Kernel } from '../../src/syscalls/kernel.ts'
import type { Syscalls } from '../../src/syscalls/syscalls.ts'
import { found, rare } from './found.ts'
import type { Group, Sequence } from './operation.ts'
import { asCode, compareKernels, differenceOf, type RunRequest } from './run.ts'
import { Side } from './side.ts'
import { newSim } from './sides.ts'

const groups: Group[] = ['files', 'memory', 'buffers', 'sync-files', 'import', 'fences', 'dumb']
const CARD = '/dev/dri/card1'
const CALLS = 6000

/** A simulated kernel beside another one, whose calls `change` has altered. */
function simBeside(change: (sys: Syscalls) => Partial<Syscalls>): RunRequest['sides'] {
  return () => {
    const kernels = [newSim('swiotlb'), newSim('swiotlb')] as const
    const [one, other] = kernels
    const changed: Kernel = {
      name: 'sim',
      sys: { ...other.sys, ...change(other.sys) },
      now: () => other.now(),
      sleep: (time) => other.sleep(time),
      spawn: (name, body) => other.spawn(name, body),
    }
    const sides = [new Side(one, CARD), new Side(changed, CARD)]
    const end = (): void => {
      for (const kernel of kernels) kernel.exit()
    }
    return { sides, end }
  }
}

function compare(
  change: (sys: Syscalls) => Partial<Syscalls>,
  calls = 4000,
): ReturnType<typeof compareKernels> {
  return compareKernels({ sides: simBeside(change), groups, seed: 1, calls, enough: 1 })
}

describe('two kernels in lockstep', { timeout: 60_000 }, () => {
  it('agree when they are the same, in every operation', async () => {
    const { differences, tally, calls } = await compare(() => ({}), CALLS)
    expect(differences).toEqual([])
    expect(calls).toBeGreaterThanOrEqual(CALLS)
    const all = ['open', 'mmap', 'munmap', 'mremap', 'load', 'store', 'alloc', 'udmabuf', 'sync']
    const more = ['import', 'export', 'merge', 'fileInfo', 'attachFence', 'signalFence', 'mapDumb']
    for (const operation of [...all, ...more]) {
      expect(tally.successes(operation), operation).toBeGreaterThan(0)
    }
  })

  it.each(Object.entries({ ...found, ...rare }))(
    'agree, when they are the same, on: %s',
    async (_what, sequence) => {
      expect(await differenceOf({ sides: simBeside(() => ({})) }, sequence)).toBeUndefined()
    },
  )

  it.each<[string, string, (sys: Syscalls) => Partial<Syscalls>]>([
    ['another errno', 'close', (sys) => ({ close: (fd) => (sys.close(fd) < 0 ? -errno.EIO : 0) })],
    ['a store that is lost', 'store', () => ({ store: () => 0 })],
    [
      'another size',
      'lseek',
      (sys) => ({ lseek: (...words) => Math.min(sys.lseek(...words), 8192) }),
    ],
    ['another readiness', 'poll', () => ({ poll: () => Promise.resolve(0) })],
    [
      'an offset that is not heeded',
      'mmap',
      (sys) => ({
        mmap: (length, protection, flags, fd) => sys.mmap(length, protection, flags, fd, 0),
      }),
    ],
  ])('are told apart by %s', async (_what, _call, change) => {
    const { differences } = await compare(change)
    expect(differences.length).toBeGreaterThan(0)
  })

  it('show a difference with the few steps that it needs, which show it again', async () => {
    const change = (sys: Syscalls): Partial<Syscalls> => ({
      dup: (fd) => (sys.lseek(fd, 0, 2) === 20_480 ? -errno.EIO : sys.dup(fd)),
    })
    const [difference] = (await compare(change)).differences
    const sequence = difference?.sequence as Sequence
    expect(sequence.map(({ op }) => op)).toEqual(['open', 'alloc', 'dup'])
    const again = await differenceOf({ sides: simBeside(change) }, sequence)
    expect(again?.message).toBe(difference?.message)
    expect(asCode(difference as NonNullable<typeof difference>)).toContain('{"op":"dup"')
  })
})
