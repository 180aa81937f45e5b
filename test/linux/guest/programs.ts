/** Programs that the sim runs too, as they are: this kernel's findings and values are the same. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LinuxKernel } from 'dmabuf/linux'
import { type Program, type RunResult, runProgram } from 'dmabuf/sim'
import * as swapsClosed from '../../../bugs/B45-sync-file-per-swap.fixed.ts'
import * as swaps from '../../../bugs/B45-sync-file-per-swap.ts'
import * as importBorrowed from '../../../bugs/B61-import-took-fd.fixed.ts'
import * as importTook from '../../../bugs/B61-import-took-fd.ts'
import * as closedAfter from '../../../bugs/B62-closed-before-import.fixed.ts'
import * as closedBefore from '../../../bugs/B62-closed-before-import.ts'
import * as framesOwned from '../../../bugs/B63-buffer-per-frame.fixed.ts'
import * as frames from '../../../bugs/B63-buffer-per-frame.ts'
import * as allPlanes from '../../../bugs/B64-first-plane-only.fixed.ts'
import * as firstPlane from '../../../bugs/B64-first-plane-only.ts'
import * as heapCopy from '../../../examples/heap-copy.ts'
import { formatOrigin } from '../../../src/tap/format-origin.ts'
import { openFds } from './fixtures.ts'

interface Module {
  readonly default: Program
}

interface Bug {
  readonly file: string
  readonly bug: Module
  readonly fixed: Module
  readonly rule: string
  /** Whether it returns the result of the fixed one. */
  readonly right: boolean
}

const bugs: readonly Bug[] = [
  {
    file: 'B45-sync-file-per-swap.ts',
    bug: swaps,
    fixed: swapsClosed,
    rule: 'fd-leak',
    right: true,
  },
  {
    file: 'B61-import-took-fd.ts',
    bug: importTook,
    fixed: importBorrowed,
    rule: 'fd-misuse',
    right: true,
  },
  {
    file: 'B62-closed-before-import.ts',
    bug: closedBefore,
    fixed: closedAfter,
    rule: 'fd-misuse',
    right: false,
  },
  {
    file: 'B63-buffer-per-frame.ts',
    bug: frames,
    fixed: framesOwned,
    rule: 'fd-leak',
    right: true,
  },
  {
    file: 'B64-first-plane-only.ts',
    bug: firstPlane,
    fixed: allPlanes,
    rule: 'fd-leak',
    right: false,
  },
]

/** May sleep. Runs it on this kernel; the kernel object closes forgotten files. */
async function run({ default: program }: Module): Promise<RunResult> {
  const kernel = new LinuxKernel({ reportForgotten: false })
  try {
    return await runProgram(program, { kernel })
  } finally {
    kernel.close()
  }
}

/** `rule line` of each place in `file`, once; `rule elsewhere` where a finding points to no line of it. */
function places({ findings, error }: RunResult, file: string): Set<string> {
  assert.equal(error, undefined)
  return new Set(
    findings.map(({ rule, origin }) => {
      const frames = formatOrigin(origin)?.frames ?? []
      const line = frames.find((frame) => frame.file.endsWith(`bugs/${file}`))?.line
      return `${rule} ${line ?? 'elsewhere'}`
    }),
  )
}

/** May sleep. The same of the sim. */
async function placesOnSim({ default: program }: Module, file: string): Promise<Set<string>> {
  return places(await runProgram(program, { board: 'pc' }), file)
}

describe('a program of the sim, unchanged', () => {
  it('copies from the heap to a udmabuf', async () => {
    const before = openFds()
    const result = await run(heapCopy)
    assert.deepEqual([result.verdict, result.findings, result.lints], ['clean', [], []])
    assert.equal(openFds(), before)
  })

  for (const { file, bug, fixed, rule, right } of bugs) {
    it(`${file} is told of ${rule} at the same line, and its fixed twin is clean`, async () => {
      const repaired = await run(fixed)
      assert.equal(repaired.error, undefined)
      assert.deepEqual(repaired.findings, [])
      const broken = await run(bug)
      const found = places(broken, file)
      assert.equal(found.size, 1)
      assert.match([...found][0] ?? '', new RegExp(`^${rule} \\d+$`))
      assert.deepEqual(found, await placesOnSim(bug, file))
      if (right) assert.deepEqual(broken.value, repaired.value)
      else assert.notDeepEqual(broken.value, repaired.value)
    })
  }
})
