/** Lines and columns of transformed programs: those of the file as it is written. */
import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith, once } from './command.ts'

/** `^` is under the place that a finding or error must name. */
const marked = {
  'call.ts': [
    'interface Gone { moves: "the lines" }',
    "import { DmaHeap, type Kernel } from 'dmabuf'",
    'enum Kind { Read, Write }',
    'export default async (kernel: Kernel): Promise<void> => {',
    '  using heap = DmaHeap.open(kernel)',
    '  const open = { of: async () => await heap.allocate(4096) } as const satisfies object',
    '  using buffer = await open.of()',
    "  if (Kind.Write === 1) { const äö = '😀'; void äö; await buffer.withCpuAccess('nope' as 'read', (bytes) => { bytes.fill(1) }) }",
    '                                                                 ^',
    '}',
  ],
  'thrown.ts': [
    "import type { Kernel } from 'dmabuf'",
    'export default (kernel: Kernel): void => {',
    '  const fail = (a: number, b?: string): never => { if (a > 1) { throw new Error(String(b)) } else { throw kernel } }',
    '                                                                      ^',
    '  fail(',
    '    2,',
    '  )',
    '}',
  ],
  'leak.mts': [
    "import { DmaHeap, type Kernel } from 'dmabuf'",
    'abstract class Base<T> { constructor(protected readonly value: T, public extra?: string) {} }',
    'class Opener extends Base<Kernel> { open(): DmaHeap { return DmaHeap.open(this.value as Kernel) } }',
    '                                                                     ^',
    'export default (kernel: Kernel): void => { void new Opener(kernel).open() }',
  ],
  'plain.mjs': [
    "import { DmaHeap } from 'dmabuf'",
    'export default (kernel) => {',
    '  /* unchanged */ DmaHeap.open(kernel)',
    '                          ^',
    '}',
  ],
}

const isMark = (line: string): boolean => /^ *\^$/.test(line)
const sources = Object.entries(marked).map(([name, lines]) => {
  const row = lines.findIndex(isMark)
  const place = `${name}:${row}:${lines[row]?.length}`
  return { name, place, text: `${lines.filter((line) => !isMark(line)).join('\n')}\n` }
})
const folder = folderWith(Object.fromEntries(sources.map(({ name, text }) => [name, text])))

describe.concurrent('the place of a mistake', () => {
  it.each(sources)('in $name is that of its file', async ({ name, place }) => {
    const { stdout } = await dmabuf(folder, ['run', name, ...once])
    expect(stdout).toContain(`--> ${place}\n`)
  })
})
