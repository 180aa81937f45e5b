/** Runs share threads, and yet each is the program's first. */
import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith } from './command.ts'
import { program } from './programs.ts'

const counting = (...body: string[]): string =>
  program('console.log("run", ++count)', ...body).replace(
    'export default',
    'let count = 0\nexport default',
  )

const folder = folderWith({
  'module.ts': counting(),
  'thread.ts': `import { threadId } from 'node:worker_threads'\n${program("console.log('thread', threadId)")}`,
  'parts.ts': "import { next } from './part.ts'\nexport default () => console.log('run', next())\n",
  'part.ts': 'let count = 0\nexport const next = (): number => ++count\n',
  'required.cjs':
    "const part = require('./part.cjs')\nmodule.exports = () => console.log('run', part.next())\n",
  'part.cjs': 'let count = 0\nexports.next = () => ++count\n',
  'package.ts': "import { next } from 'counter'\nexport default () => console.log('run', next())\n",
  'node_modules/counter/package.json':
    '{ "name": "counter", "type": "module", "exports": "./index.js" }',
  'node_modules/counter/index.js': 'let count = 0\nexport const next = () => ++count\n',
  'global.ts': counting(
    'const all = globalThis as { left?: number }',
    'all.left = (all.left ?? 0) + 1',
    'console.log("left", all.left)',
  ),
  'prototype.ts': counting(
    'const a: { at: unknown } = Array.prototype',
    'console.log("native", String(a.at).includes("native"))',
    'a.at = () => 1',
  ),
  'package-class.ts': counting(
    'const a: { open: unknown } = DmaHeap',
    'console.log("native", !String(a.open).includes("mine"))',
    'a.open = () => "mine"',
  ),
  'environment.ts': counting(
    'console.log("left", process.env.LEFT)',
    'process.env.LEFT = "1"',
  ).replace('let count', 'declare const process: { env: Record<string, string> }\nlet count'),
  'timer.ts': counting(
    'const timers = process.getActiveResourcesInfo().filter((kind: string) => kind === "Timeout")',
    'console.log("timers", timers.length)',
    'setInterval(() => {}, 1e6)',
  ).replace('let count', 'declare const process: any\nlet count'),
  'listener.ts': counting(
    'console.log("left", process.listenerCount("exit"))',
    'process.on("exit", () => {})',
  ).replace('let count', 'declare const process: any\nlet count'),
})

/** Three runs: on a machine of few cores some of them share a thread. */
const words = ['--board', 'arm-soc', '--policy', 'lazy,eager,random']

describe.concurrent('every run of a command', () => {
  it.each([
    'module.ts',
    'parts.ts',
    'required.cjs',
    'package.ts',
    'global.ts',
    'prototype.ts',
    'package-class.ts',
    'environment.ts',
    'timer.ts',
    'listener.ts',
  ])('finds everything as new: %s', async (file) => {
    const { code, stdout, stderr } = await dmabuf(folder, ['run', file, ...words])
    // Output that is the same in all runs is shown once.
    expect(stdout).toContain('the program printed on every run:\nrun 1\n')
    expect(stdout).not.toContain('run 2')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

it('runs share threads where they leave nothing behind', async () => {
  const { code, stdout } = await dmabuf(folder, ['run', 'thread.ts', '--board', 'all'])
  const threads = new Set([...stdout.matchAll(/^thread (\d+)$/gm)].map(([, id]) => id))
  // All boards under three policies are more runs than any machine gets threads.
  expect(threads.size).toBeGreaterThan(0)
  expect(threads.size).toBeLessThanOrEqual(4)
  expect(code).toBe(0)
})
