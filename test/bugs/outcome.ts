/** Runs a program of bugs/ on a board, and collects its outcome. */
import { createHash } from 'node:crypto'
import type { Finding } from 'dmabuf/check'
import { type Board, patternSource, type RunOptions, runProgram } from 'dmabuf/sim'
import { formatOrigin } from '../../src/tap/format-origin.ts'
import type { BugProgram } from './programs.ts'

/** Small pictures: the programs ask for 640 by 360, and the camera gives its own size. */
const source = patternSource(64, 32)

export interface Outcome {
  /** Rules that were reported, each once. */
  readonly rules: readonly string[]
  /** Advice that was given, each rule once. */
  readonly lints: readonly string[]
  /** The files that findings point into, each once. */
  readonly files: readonly string[]
  /** The program's result and the pictures on the display, every byte; undefined if it threw. */
  readonly bytes: string | undefined
  readonly error: string | undefined
}

/** May sleep. */
export async function outcomeOf(
  { program, prepare, drivers }: BugProgram,
  options: Pick<RunOptions, 'board' | 'as' | 'policy' | 'seed' | 'disabledRules'>,
): Promise<Outcome> {
  const hash = createHash('sha256')
  const result = await runProgram(program, {
    ...options,
    source,
    prepare,
    drivers,
    onFrame: ({ first, bytes, width, height }) => {
      if (first) hash.update(`picture ${width}x${height};`).update(bytes)
    },
  })
  addValue(hash, result.value)
  return {
    rules: [...new Set(result.findings.map(({ rule }) => rule))].sort(),
    lints: [...new Set(result.lints.map(({ rule }) => rule))].sort(),
    files: [...new Set(result.findings.map(({ origin }) => fileOf(origin)))],
    bytes: result.error === undefined ? hash.digest('hex') : undefined,
    error: result.error?.kind,
  }
}

function fileOf(origin: Finding['origin']): string {
  const file = origin === undefined ? undefined : formatOrigin(origin)?.file
  return file?.split('/').at(-1) ?? 'nowhere'
}

function addValue(hash: ReturnType<typeof createHash>, value: unknown): void {
  if (value instanceof Uint8Array) hash.update(`bytes ${value.length};`).update(value)
  else if (Array.isArray(value)) for (const item of value) addValue(hash, item)
  else hash.update(`${String(value)};`)
}

/** `board` with devices that snoop and reach all memory: nothing can go wrong on it. */
export function harmless(board: Board): Board {
  const devices = Object.keys(board.devices).map((name) => [name, { snoops: true }])
  return {
    ...board,
    name: `${board.name}-harmless`,
    bounce: undefined,
    iommu: undefined,
    devices: Object.fromEntries(devices),
    otherDevices: { snoops: true },
    uncachedSnoops: true,
  }
}
