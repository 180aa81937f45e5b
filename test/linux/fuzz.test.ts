import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from './here.ts'
import { LinuxBundle } from './linux-bundle.ts'

const CALLS = 2000
/** Two that are always the same, and one that is new; a failure names it. */
const seeds = [1, 2, Date.now() % 1_000_000]

describe.skipIf(skipped !== '')(`random calls on the real kernel${skipped}`, () => {
  let bundle: LinuxBundle
  beforeAll(async () => {
    bundle = await LinuxBundle.make()
    execFileSync('mkfifo', [join(bundle.folder, 'fifo')])
  })
  afterAll(() => bundle?.[Symbol.dispose]())

  for (const memory of ['direct', 'copy']) {
    for (const seed of seeds) {
      test(`give a number or an assertion, and leave nothing behind: ${memory}, seed ${seed}`, () => {
        const program = join(import.meta.dirname, 'fuzz-program.mjs')
        const words = [`${seed}`, `${CALLS}`, memory, join(bundle.folder, 'fifo')]
        const library = join(bundle.folder, 'linux.mjs')
        const run = spawnSync(process.execPath, ['--expose-gc', program, library, ...words], {
          encoding: 'utf8',
          timeout: 100_000,
        })
        expect({ seed, status: run.status, signal: run.signal, stderr: run.stderr }).toEqual({
          seed,
          status: 0,
          signal: null,
          stderr: '',
        })
      }, 120_000)
    }
  }
})
