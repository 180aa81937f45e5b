/** How much memory the simulation needs for the buffers that are alive. */

import { armSoc } from '../src/boards/arm-soc.ts'
import { pc } from '../src/boards/pc.ts'
import type { Board } from '../src/machine/board.ts'
import { Rig, type Shared } from './rig.ts'

const BUFFERS = 16
const SIZE = 16 * 1024 * 1024

/** The garbage of earlier benchmarks takes more than one collection. */
async function collect(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed
}

async function share(board: Board, checked: boolean): Promise<number> {
  const rig = new Rig(board, checked)
  const before = await collect()
  const kept: Shared[] = []
  for (let i = 0; i < BUFFERS; i++) kept.push(await rig.allocate(SIZE))
  const share = ((await collect()) - before) / (kept.length * SIZE)
  for (const { user } of kept) user.close()
  return share
}

export async function benchMemory(): Promise<void> {
  if (globalThis.gc === undefined) console.log('memory: run with --expose-gc for true figures')
  const report = (name: string, figure: number, limit: string): void =>
    console.log(`${name.padEnd(64)} ${figure.toFixed(2).padStart(6)}  ${''.padEnd(16)}  ${limit}`)
  report('memory over live buffers, arm-soc', await share(armSoc, true), 'at most 2.10')
  report('memory over live buffers, pc, content rules off', await share(pc, false), 'at most 1.10')
  report('memory over live buffers, pc, content rules on', await share(pc, true), 'reported')
}
