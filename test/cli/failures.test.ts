import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith, once } from './command.ts'
import { program } from './programs.ts'

const later = 'new Promise((resolve) => setTimeout(resolve, 5))'

const folder = folderWith({
  'throws.ts': program(
    'interface Gone { moves: "the lines" }',
    'const fail = (): never => {',
    '  throw new RangeError("no such luck")',
    '}',
    'fail()',
  ),
  'never-yields.ts': program('for (;;) kernel.now()'),
  'spins.ts': 'let n = 0\nfor (;;) n++\nexport default () => n\n',
  'timer.ts': program('await new Promise((resolve) => setTimeout(resolve, 600_000))'),
  'stuck.ts': program(
    'await using camera = await VideoDevice.open(kernel)',
    "const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })",
    'using heap = DmaHeap.open(kernel)',
    'await camera.start(await heap.allocateBuffers(1, format.sizeImage))',
    'const frames = camera.frames()[Symbol.asyncIterator]()',
    'const held = [await frames.next(), await frames.next()]',
  ),
  'rejects-later.ts': program(
    'const late = async (): Promise<void> => {',
    `  await ${later}`,
    '  throw new Error("too late")',
    '}',
    'void late()',
  ),
  'rejects-now.ts': program('void Promise.reject(new Error("alone"))', `for (;;) await ${later}`),
  'exits.ts': program('process.exit(0)'),
  'not-awaited.ts': program('void kernel.sleep(1e9)'),
})

describe.concurrent('a program that fails by itself', () => {
  const cases: [file: string, words: string[], texts: (string | RegExp)[]][] = [
    [
      'throws.ts',
      [],
      ['no such luck', '--> throws.ts:5:11', '> 5 |     throw new', 'from throws.ts:7:3'],
    ],
    ['never-yields.ts', ['--timeout', '1'], ['did not end within 1 s', '--timeout SECONDS']],
    ['spins.ts', ['--timeout', '1'], ['did not end within 1 s']],
    ['timer.ts', [], ['is waiting for something outside the kernel']],
    ['stuck.ts', [], ['no device will deliver']],
    ['rejects-later.ts', [], ['had returned', 'too late', '--> rejects-later.ts:5:11']],
    ['rejects-now.ts', [], ['was rejected', 'alone', '--> rejects-now.ts:3:23']],
    ['exits.ts', [], ['process.exit(0)']],
    ['not-awaited.ts', [], ['returned while it was still waiting']],
  ]

  it.each(cases)('%s ends with 2 and says why', async (file, words, texts) => {
    const { code, stdout } = await dmabuf(folder, ['run', file, ...once, ...words])
    for (const text of texts) expect(stdout).toContain(text)
    expect(stdout).toMatch(/^arm-soc +lazy +failed /m)
    expect(code).toBe(2)
  })
})
