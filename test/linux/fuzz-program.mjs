/**
 * Random calls on the waist of the real kernel, in a process of its own: `SEED CALLS MODE`. Each call returns
 * a number (or memory), or throws an AssertionError of the guard; at the end everything that was made is
 * given back, and as many descriptors are open as before.
 */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'

const [library, seedText, callsText, memory, fifo] = process.argv.slice(2)
const { openLinux } = await import(library)

/** Numbers from 0 to 2^32 - 1, mulberry32. */
function randomFrom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

const next = randomFrom(Number(seedText))
const below = (limit) => next() % limit
const oneOf = (list) => list[below(list.length)]
const page = 4096
/** A copy is compared with its memory at every request. */
const HUGE = memory === 'copy' ? 1 << 18 : 1 << 24
const odd = [0, -1, 1, 4095, 4096, 8192, 2 ** 31, 2 ** 32, 2 ** 46, 2 ** 52, 0.5, Number.NaN]
const length = () => (below(4) === 0 ? oneOf(odd) : below(5) * page)
const number = () => (below(3) === 0 ? oneOf(odd) : below(1 << 12))

const kernel = openLinux({ memory, reportForgotten: false })
const { sys } = kernel
const fds = new Set()
const mappings = new Map()
const arrays = []
/** Numbers that were never a descriptor of this process, besides its own. */
const fd = () => (fds.size > 0 && below(8) > 0 ? oneOf([...fds]) : oneOf([-1, 99_999, 0.5]))
const address = () => {
  const known = [...mappings.keys()]
  return known.length > 0 && below(8) > 0 ? oneOf(known) + below(3) * page : oneOf(odd)
}
const made = (result) => {
  if (result >= 0) fds.add(result)
  return result
}
const bytes = (most) => new Uint8Array(below(most)).map(() => next())

/** Requests that this package knows, some of whose files are not what they are for. */
const known = [0x40086200, 0xc0184800, 0xc0585611, 0xc058560f, 0xc0d05605, 0x40187542, 0xc0383e03]
/** FIONREAD, TCGETS, TIOCGWINSZ, FIONBIO off, and numbers of no driver. */
const unknown = [0x541b, 0x5401, 0x5413, 0x80007a01, 0xc0407a02, 0x1234]

const operations = {
  open: () =>
    made(sys.open(oneOf(['/dev/null', '/dev/zero', '/nowhere', fifo, '']), oneOf([0, 2, 0o4002]))),
  memfd: () => {
    const result = made(sys.memfdCreate('fuzz', 3))
    if (result >= 0 && below(4) > 0) sys.ftruncate(result, (1 + below(4)) * page)
    if (result >= 0 && below(3) > 0) sys.fcntl(result, 1033, 2)
    return result
  },
  dup: () => made(sys.dup(fd())),
  close: () => {
    const gone = fd()
    fds.delete(gone)
    return sys.close(gone)
  },
  lseek: () => sys.lseek(fd(), number(), below(6)),
  fcntl: () => {
    const command = oneOf([1, 3, 5, 7, 8, 36, 1026, 1034, 1035])
    return sys.fcntl(fd(), command, below(4))
  },
  read: () => sys.read(fd(), new Uint8Array(below(64))),
  ftruncate: () =>
    sys.ftruncate(fd(), below(6) === 0 ? oneOf(odd.filter((n) => n < 2 ** 31)) : below(6) * page),
  mmap: () => {
    const size = length()
    const where = sys.mmap(
      size,
      oneOf([1, 3]),
      oneOf([1, 2, 3]),
      fd(),
      oneOf([0, page, 2 * page, 1]),
    )
    if (where > 0) mappings.set(where, size)
    return where
  },
  munmap: () => {
    const where = address()
    const result = sys.munmap(where, length())
    return result
  },
  mremap: () => {
    const where = address()
    const result = sys.mremap(where, length(), oneOf([0, page, 2 * page, HUGE]), below(3))
    if (result > 0) mappings.set(result, HUGE)
    return result
  },
  view: () => {
    const result = sys.view(address(), length(), oneOf(['bracket', 'mapping']))
    if (typeof result !== 'number') arrays.push(result)
    if (arrays.length > 20) arrays.shift()
    return typeof result === 'number' ? result : 0
  },
  touch: () => {
    for (const array of arrays) if (array.length > 0) array[below(array.length)] = next()
    return 0
  },
  load: () => sys.load(address(), new Uint8Array(below(9000))),
  store: () => sys.store(address(), bytes(9000)),
  collect: () => {
    gc()
    return 0
  },
  ioctl: async () => {
    const request = below(3) > 0 ? oneOf(known) : oneOf(unknown)
    const size = (request >>> 16) & 0x3fff
    const signal = AbortSignal.timeout(below(20))
    return await sys.ioctl(fd(), request, { bytes: new Uint8Array(size + below(3)) }, { signal })
  },
  wild: async () => {
    const pointers = new Map([[0, { bytes: new Uint8Array(below(16)) }]])
    return await sys.ioctl(fd(), oneOf(unknown), { bytes: bytes(24), pointers })
  },
  poll: async () => {
    const entries = Array.from({ length: below(3) }, () => ({
      fd: fd(),
      events: below(8),
      revents: 0,
    }))
    return await sys.poll(entries, below(2_000_000))
  },
}

const before = readdirSync('/proc/self/fd').length
const names = Object.keys(operations)
const pending = []
for (let i = 0; i < Number(callsText); i++) {
  const name = oneOf(names)
  try {
    const result = operations[name]()
    if (typeof result === 'number') assert.ok(Number.isSafeInteger(result), `${name}: ${result}`)
    else pending.push(result.then((value) => assert.ok(Number.isSafeInteger(value), name), refused))
  } catch (error) {
    refused(error)
  }
  if (pending.length > 8) await Promise.all(pending.splice(0))
}
await Promise.all(pending)

/** Only what no program could pass in C is refused by an exception. */
function refused(error) {
  if (error.code !== 'ERR_ASSERTION') throw error
}

for (const one of fds) sys.close(one)
arrays.length = 0
kernel.close()
gc()
await new Promise((resolve) => setTimeout(resolve, 20))
assert.equal(readdirSync('/proc/self/fd').length, before)
