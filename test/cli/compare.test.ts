import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith } from './command.ts'

const program = (draw: string): string => `
import { DmaHeap, DrmDevice } from 'dmabuf'
export default async (kernel) => {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const layout = { width: 64, height: 32, format: 'XR24', stride: 256 }
  using buffer = await heap.allocate(layout.stride * layout.height)
  await using shared = await display.importBuffer(buffer)
  using map = buffer.map()
  ${draw}
  await display.show(buffer, layout)
}
`
const folder = folderWith({
  'loose.ts': program('map.fill(1)'),
  'synced.ts': program("await buffer.withCpuAccess('write', (bytes) => bytes.fill(1))"),
  'prints.ts': "export default () => { console.log('to stdout'); console.error('to stderr') }",
  'throws.ts': "export default () => { throw new Error('no camera') }",
})

interface Row {
  readonly mechanism: string
  readonly imports: string
  readonly board: string
  readonly verdict: string
  readonly rules: readonly string[]
  readonly error: string | null
}

describe('dmabuf compare', () => {
  it('shows under which mechanism a program is right', async () => {
    const { code, stdout } = await dmabuf(folder, ['compare', 'loose.ts', '--json'])
    const { rows, version } = JSON.parse(stdout) as { rows: Row[]; version: number }
    expect([code, version, rows.length]).toEqual([0, 1, 16])
    const clean = rows.filter(({ verdict }) => verdict === 'clean')
    expect(
      clean.map(({ board, imports, mechanism }) => `${board} ${imports} ${mechanism}`),
    ).toEqual([
      'pc kept uncached',
      'pc per-use shootdown',
      'pc per-use uncached',
      'arm-soc kept uncached',
      'arm-soc per-use shootdown',
      'arm-soc per-use uncached',
    ])
  })

  it('prints a table, a chart and the reasons', async () => {
    const words = [
      'compare',
      'synced.ts',
      '--board',
      'arm-soc',
      '--mechanism',
      'sync,shootdown',
      '--imports',
      'kept',
    ]
    const { code, stdout } = await dmabuf(folder, words)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^arm-soc +kept +sync +clean +0 of 1$/m)
    expect(stdout).toMatch(/^arm-soc +kept +shootdown +import-not-renewed /m)
    expect(stdout).toMatch(/^arm-soc +kept +sync +█+ [\d.]+ KiB$/m)
    expect(stdout).toMatch(/^import-not-renewed\n {2}shootdown, imports kept, on arm-soc$/m)
    expect(stdout).toContain('cached pages, maintained at SYNC (merged, Linux 4.6)')
    expect(stdout).not.toContain('temporary-copy')
  })

  it('prints the output of the first run', async () => {
    const { stdout, stderr } = await dmabuf(folder, ['compare', 'prints.ts', '--board', 'pc'])
    expect(stdout).toContain('no mechanism makes a difference')
    expect(stdout.match(/to stdout/g)).toHaveLength(1)
    expect(stderr.match(/to stderr/g)).toHaveLength(1)
    const json = await dmabuf(folder, ['compare', 'prints.ts', '--board', 'pc', '--json'])
    expect(JSON.parse(json.stdout).rows).toHaveLength(8)
    expect(json.stderr).toContain('to stdout')
  })

  it('writes the table to a file', async () => {
    const words = ['compare', 'synced.ts', '--board', 'pc', '--json', '--output', 'table.json']
    const { code, stdout } = await dmabuf(folder, words)
    expect([code, stdout]).toEqual([0, ''])
    const again = await dmabuf(folder, ['compare', 'synced.ts', '--board', 'pc', '--json'])
    const { readFileSync } = await import('node:fs')
    expect(readFileSync(`${folder}/table.json`, 'utf8')).toBe(again.stdout)
  })

  it('shows the error of a program that does not get to its end', async () => {
    const { code, stdout } = await dmabuf(folder, ['compare', 'throws.ts', '--board', 'pc'])
    expect(code).toBe(2)
    expect(stdout).toMatch(/^pc +kept +sync +failed /m)
    expect(stdout).toMatch(/no\s+camera/)
    expect(stdout).toContain(
      '\n  sync, shootdown, uncached, temporary-copy, imports kept and per-use, on pc\n',
    )
    expect(stdout).not.toContain('no mechanism makes a difference')
  })

  it.each([
    [['compare', 'loose.ts', '--mechanism', 'synk'], "'sync'"],
    [['compare', 'loose.ts', '--imports', 'once'], '--imports'],
    [['compare', 'loose.ts', '--board', 'none'], '--board'],
    [['compare', 'loose.ts', '--mechanism', ','], '--mechanism needs at least one name'],
    [['compare', 'missing.ts'], 'missing.ts'],
  ])('%j is wrong use', async (words, message) => {
    const { code, stderr } = await dmabuf(folder, words)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})
