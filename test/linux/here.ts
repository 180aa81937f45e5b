import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { F_ADD_SEALS, MAP_SHARED, PROT_READ, PROT_WRITE } from '../../src/abi/fcntl.ts'
import { F_SEAL_SHRINK, MFD_ALLOW_SEALING, MFD_CLOEXEC } from '../../src/abi/memfd.ts'
import type { Syscalls } from '../../src/syscalls/syscalls.ts'

/** Why the tests of the real kernel cannot run here; undefined where they can. */
export function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux'
  try {
    createRequire(import.meta.url)('koffi')
    return undefined
  } catch {
    return 'koffi is not installed'
  }
}

/** ` (skipped: why)` for the name of a group of tests, or nothing. */
export const skipped: string = whyNot() === undefined ? '' : ` (skipped: ${whyNot()})`

setFlagsFromString('--expose-gc')
/** Collects garbage at once. */
export const collect: () => void = runInNewContext('gc')

/** Collects garbage, and runs the finalizers. */
export async function collectAll(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const PAGE = 4096
export const READ_WRITE: number = PROT_READ | PROT_WRITE

/** A memfd of `size` bytes that cannot become shorter. */
export function sealedMemfd(sys: Syscalls, size: number): number {
  const fd = sys.memfdCreate('test', MFD_ALLOW_SEALING | MFD_CLOEXEC)
  sys.ftruncate(fd, size)
  sys.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)
  return fd
}

/** Maps all of it for reading and writing. */
export function mapAll(sys: Syscalls, fd: number, size: number): number {
  return sys.mmap(size, READ_WRITE, MAP_SHARED, fd, 0)
}

/** Bytes at `address`, by an exact load. */
export function loaded(sys: Syscalls, address: number, length: number): number[] | number {
  const bytes = new Uint8Array(length)
  const result = sys.load(address, bytes)
  return result < 0 ? result : [...bytes]
}

/** The mappings of this process that touch `[address, address + length)`, as /proc lists them. */
export function mapsAt(address: number, length: number): string[] {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => {
      const [start = Number.NaN, end = Number.NaN] = (line.split(' ')[0] ?? '')
        .split('-')
        .map((hex) => Number.parseInt(hex, 16))
      return start < address + length && end > address
    })
}

/** A pipe with a name, opened for both ends: empty, and never at its end. */
export class Fifo implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'dmabuf-fifo-'))
  readonly fd: number
  readonly path: string = join(this.#folder, 'fifo')

  constructor() {
    execFileSync('mkfifo', [this.path])
    this.fd = openSync(this.path, 'r+')
  }

  [Symbol.dispose](): void {
    closeSync(this.fd)
    rmSync(this.#folder, { recursive: true })
  }
}
