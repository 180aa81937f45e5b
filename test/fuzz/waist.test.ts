/**
 * The waist under arbitrary calls. Replay a failure with FUZZ_SEED and FUZZ_PATH, as fast-check
 * prints them; look for longer with FUZZ_RUNS.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newDescriptor } from '../../src/syscalls/requests/index.ts'
import * as uapi from '../uapi.ts'
import { filesOf, type Numbers, pick, requestFrom, sizeFrom } from './requests.ts'
import { type Choice, HOSTILE_VALUE, runs, WILD, World } from './world.ts'

const TIMEOUT = 60_000
/** Virtual nanoseconds that a call may wait. */
const PATIENCE = 50e6

const PATHS = [
  ...['/dev/dma_heap/system', '/dev/udmabuf', '/dev/video0', '/dev/dri/card0', '/dev/dri/card1'],
  ...['/proc/self/fdinfo/5', '/sys/kernel/debug/dma_buf/bufinfo', '/dev/none', ''],
] as const

interface Operation {
  readonly which: number
  readonly numbers: Numbers
}

/**
 * The common state of one program's calls: addresses and descriptors are taken from earlier
 * results.
 */
class Caller {
  readonly #world: World
  readonly #addresses: number[] = [0]
  readonly #fds: number[] = [-1, 99]

  constructor(world: World) {
    this.#world = world
  }

  #fd(number: number): number {
    return this.#fds[number % this.#fds.length] as number
  }

  #address(number: number): number {
    const base = this.#addresses[number % this.#addresses.length] as number
    return base + pick([0, 0, 0, 4096, 1, 8192], number)
  }

  /** Opens one of each, so that short programs get somewhere. */
  begin(): void {
    const { sys } = this.#world.kernel
    for (const path of PATHS.slice(0, 5)) this.#opened(sys.open(path, uapi.O_RDWR))
    const memfd = sys.memfdCreate('fuzz', uapi.MFD_ALLOW_SEALING)
    this.#opened(memfd)
    sys.ftruncate(memfd, 65536)
    sys.fcntl(memfd, uapi.F_ADD_SEALS, uapi.F_SEAL_SHRINK)
  }

  /** A result of the waist: an exact number, or a name of an error. */
  #legal(result: number): number {
    expect(Number.isSafeInteger(result)).toBe(true)
    if (result < 0) expect(uapi.errnoName(result)).toBeDefined()
    return result
  }

  #opened(result: number): void {
    if (this.#legal(result) >= 0) this.#fds.push(result)
  }

  /** May sleep. */
  async make({ which, numbers }: Operation): Promise<void> {
    const { sys } = this.#world.kernel
    const [a, b, c, d] = numbers
    switch (which % 20) {
      case 0:
        return this.#opened(sys.open(pick(PATHS, a), pick([2, 0, 1, 0xffffffff, -1, 0o4002], b)))
      case 1:
        return void this.#legal(sys.close(this.#fd(a)))
      case 2:
        return this.#opened(sys.dup(this.#fd(a)))
      case 3:
        return void this.#legal(
          sys.lseek(this.#fd(a), pick([0, 1, -1, 4096, 2 ** 53 - 1], b), c % 6),
        )
      case 4:
        return void this.#legal(
          sys.fcntl(this.#fd(a), pick([0, 1, 2, 3, 4, 1030, 1033, 1034, 77], b), c % 2048),
        )
      case 5:
        return void this.#legal(sys.read(this.#fd(a), new Uint8Array(b % 2048)))
      case 6:
        return this.#opened(sys.memfdCreate('x'.repeat(a % 300), pick([2, 0, 3, 1, 0x10, 0xff], b)))
      case 7:
        return void this.#legal(sys.ftruncate(this.#fd(a), b % 9 === 8 ? -1 : sizeFrom(b)))
      case 8:
      case 9: {
        const length = pick([4096, 8192, 4096, 65536, 2 ** 46, 0, 5], b)
        const address = this.#legal(
          sys.mmap(
            length,
            pick([3, 1, 2, 0, 7], c),
            pick([1, 1, 2, 3, 0, 0x21], d),
            this.#fd(a),
            pick([0, 0, 4096, 8192, 2 ** 52], c),
          ),
        )
        if (address > 0) this.#addresses.push(address)
        return
      }
      case 10:
        return void this.#legal(sys.munmap(this.#address(a), pick([4096, 8192, 0, 2 ** 46, 5], b)))
      case 11: {
        const moved = this.#legal(
          sys.mremap(
            this.#address(a),
            pick([4096, 8192, 0, 65536], b),
            pick([8192, 4096, 65536, 2 ** 46, 2 ** 52, 0], c),
            d % 3,
          ),
        )
        if (moved > 0) this.#addresses.push(moved)
        return
      }
      case 12: {
        const view = sys.view(
          this.#address(a),
          pick([4096, 8192, 1, 0, 2 ** 40], b),
          c % 2 === 0 ? 'bracket' : 'mapping',
        )
        if (typeof view === 'number') this.#legal(view)
        else if (view.length > 0) {
          view[d % view.length] = d
          view.fill(c, 0, d % 64)
        }
        return
      }
      case 13:
        return void this.#legal(sys.load(this.#address(a), new Uint8Array(b % 5000)))
      case 14:
        return void this.#legal(sys.store(this.#address(a), new Uint8Array(b % 5000).fill(c)))
      case 15: {
        const fds = Array.from({ length: b % 4 }, (_, i) => ({
          fd: this.#fd(a + i),
          events: c % 64,
          revents: 0,
        }))
        const timeout = pick([0, 1000, -1, 2 ** 53 - 1], d)
        return void this.#legal(
          await this.#world.within(PATIENCE, (signal) => sys.poll(fds, timeout, { signal })),
        )
      }
      default:
        return await this.#request(d, numbers)
    }
  }

  /** A count beside a pointer that says more than there is, is the guard's to refuse. */
  async #request(which: number, numbers: Numbers): Promise<void> {
    const { sys } = this.#world.kernel
    const { request, argument } = requestFrom(which, numbers)
    const able = this.#world.descriptors(filesOf(request))
    const [any, one] = [this.#fd(numbers[1]), pick(able, numbers[1])]
    const fd = able.length === 0 || numbers[1] % 8 === 0 ? any : one
    try {
      const result = await this.#world.within(PATIENCE, (signal) =>
        sys.ioctl(fd, request, argument, { signal }),
      )
      const made = newDescriptor(request, argument.bytes, this.#legal(result))
      if (made !== undefined) this.#fds.push(made)
    } catch (error) {
      expect(error).toMatchObject({
        code: 'ERR_ASSERTION',
        message: expect.stringMatching(/the counts beside it say|its count says|has no NUL/),
      })
    }
  }

  /** May sleep. A call with arguments of any type: a result, or the guard's assertion. */
  async makeWild({ which, numbers }: Operation): Promise<void> {
    const { sys } = this.#world.kernel
    const names = Object.keys(sys) as (keyof uapi.Syscalls)[]
    const name = names[which % names.length] as keyof uapi.Syscalls
    const wild = numbers.map((number) => WILD[number % WILD.length])
    try {
      const call = sys[name] as (...all: unknown[]) => unknown
      const result = await this.#world.within(PATIENCE, async (signal) =>
        call(
          ...(name === 'ioctl'
            ? wild.slice(0, 3)
            : name === 'poll'
              ? wild.slice(0, 2)
              : [...wild, 0]),
          { signal },
        ),
      )
      if (typeof result === 'number') this.#legal(result)
      else expect(result).toBeInstanceOf(Uint8Array)
    } catch (error) {
      expect(error).toMatchObject({ name: 'AssertionError', code: 'ERR_ASSERTION' })
    }
  }
}

const numbers: fc.Arbitrary<Numbers> = fc.tuple(
  fc.nat(1000),
  fc.nat(1000),
  fc.nat(1000),
  fc.nat(1000),
)
const operation: fc.Arbitrary<Operation> = fc.record({ which: fc.nat(1000), numbers })
const choice: fc.Arbitrary<Choice> = fc.record({
  board: fc.nat(5),
  policy: fc.nat(2),
  seed: fc.nat(1000),
  checked: fc.boolean(),
})

/**
 * May sleep. Makes the calls on a fresh kernel; returns the resources that are left, whether it
 * works, and its events.
 */
async function play(
  where: Choice,
  operations: readonly Operation[],
  wild: boolean,
): Promise<string> {
  const world = new World(where)
  const caller = new Caller(world)
  if (!wild) caller.begin()
  for (const one of operations) await (wild ? caller.makeWild(one) : caller.make(one))
  await world.expectNothingLeft()
  await world.expectSound()
  await world.expectNothingLeft()
  return world.report()
}

describe('the waist under random calls', () => {
  test(
    'gives results or errors, leaves nothing, stays sound, and does the same again',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          choice,
          fc.array(operation, { maxLength: 80, size: 'max' }),
          async (where, operations) => {
            expect(await play(where, operations, false)).toBe(await play(where, operations, false))
          },
        ),
        runs(60),
      )
    },
    TIMEOUT,
  )

  test(
    'with values of any type gives results or assertions',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          choice,
          fc.array(operation, { maxLength: 60, size: 'max' }),
          async (where, operations) => {
            await play(where, operations, true)
          },
        ),
        runs(60),
      )
    },
    TIMEOUT,
  )

  test('throws what a getter of an argument throws, and goes on', async () => {
    const world = new World({ board: 0, policy: 0, seed: 1, checked: false })
    const { sys } = world.kernel
    const call = sys.ioctl(3, 0, HOSTILE_VALUE as uapi.IoctlArg)
    await expect(call).rejects.toThrow('a getter of the argument threw')
    await world.expectSound()
    await world.expectNothingLeft()
  })
})
