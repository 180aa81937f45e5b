/** Runs programs with custom drivers, and collects misuses and releases. */
import type { Kernel } from 'dmabuf'
import type { Driver } from 'dmabuf/driver'
import {
  type DmabufEvent,
  type Program,
  type RunOptions,
  type RunResult,
  runProgram,
  type SimKernel,
} from 'dmabuf/sim'
import { formatOrigin } from '../../src/tap/format-origin.ts'

type Misuse = Extract<DmabufEvent, { kind: 'misuse' }>

export interface Told extends RunResult {
  /** `code operation driver`, in order. */
  readonly misuse: string[]
  /** The file and the text of the line that each points to. */
  readonly lines: (string | undefined)[]
  readonly texts: string[]
  /** The objects at the end: buffers, attachments, mappings, memory and files, by kind. */
  readonly left: Record<string, number>
}

/** May sleep. */
export async function tell(
  program: Program,
  drivers: readonly Driver[],
  options: Omit<RunOptions, 'drivers'> = {},
): Promise<Told> {
  const events: DmabufEvent[] = []
  const onEvent = (event: DmabufEvent): void => void events.push(event)
  const result = await runProgram(program, { ...options, drivers, onEvent })
  const misuse = events.filter((event): event is Misuse => event.kind === 'misuse')
  return {
    ...result,
    misuse: misuse.map(({ code, operation, driver }) => `${code} ${operation} ${driver.name}`),
    texts: misuse.map(({ text }) => text),
    lines: misuse.map(({ origin }) => formatOrigin(origin)?.file.replace(/.*\//, '')),
    left: leftBy(events),
  }
}

const PAIRS: Partial<Record<DmabufEvent['kind'], [string, 1 | -1]>> = {
  export: ['buffer', 1],
  memory: ['memory', 1],
  attach: ['attachment', 1],
  detach: ['attachment', -1],
  'dma-map': ['mapping', 1],
  'dma-unmap': ['mapping', -1],
  'fd-open': ['fd', 1],
  'fd-close': ['fd', -1],
  'cpu-map': ['cpu mapping', 1],
  'cpu-unmap': ['cpu mapping', -1],
}

function leftBy(events: readonly DmabufEvent[]): Record<string, number> {
  const left: Record<string, number> = {}
  const add = (what: string, by: number): void => {
    left[what] = (left[what] ?? 0) + by
    if (left[what] === 0) delete left[what]
  }
  for (const event of events) {
    const pair = PAIRS[event.kind]
    if (pair !== undefined) add(...pair)
    if (event.kind === 'release') add(event.buffer > 0 ? 'buffer' : 'memory', -1)
  }
  return left
}

/** A request to a device of a driver's, with numbers as its argument. Negative: an errno. */
export async function request(
  kernel: Kernel,
  path: string,
  number: number,
  ...values: number[]
): Promise<number> {
  const fd = kernel.sys.open(path, 2)
  if (fd < 0) return fd
  const bytes = new Uint8Array(new Int32Array(values).buffer)
  const result = await kernel.sys.ioctl(fd, number, { bytes })
  kernel.sys.close(fd)
  return result
}

export type { SimKernel }
