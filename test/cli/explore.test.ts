import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith } from './command.ts'

const program = (join: string): string => `
import { DmaHeap, DrmDevice } from 'dmabuf'
export default async (kernel) => {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(4096)
  const handle = await display.primeFdToHandle(buffer)
  using map = buffer.map()
  const draw = async () => {
    await buffer.startCpuAccess('write')
    map.fill(1)
    await buffer.endCpuAccess('write')
  }
  const read = async () => {
    await buffer.startCpuAccess('read')
    map.read(0, 64)
    await buffer.endCpuAccess('read')
  }
  ${join}
  await display.closeHandle(handle)
}
`
const folder = folderWith({
  'racy.ts': program("await Promise.all([kernel.spawn('draw', draw), kernel.spawn('read', read)])"),
  'ordered.ts': program("await kernel.spawn('draw', draw); await kernel.spawn('read', read)"),
  'prints.ts': `export default async (kernel) => {
    console.log('to stdout')
    console.error('to stderr')
    const sleep = () => kernel.sleep(10)
    await Promise.all([kernel.spawn('a', sleep), kernel.spawn('b', sleep)])
  }`,
  'careless.ts': `import { DmaHeap, DrmDevice } from 'dmabuf'
  export default async (kernel) => {
    await using display = await DrmDevice.open(kernel)
    using heap = DmaHeap.open(kernel)
    using buffer = await heap.allocate(4096)
    await using shared = await display.importBuffer(buffer)
    using map = buffer.map()
    await buffer.startCpuAccess('write').catch(() => {})
    map.fill(1)
    await buffer.endCpuAccess('write')
  }`,
  'endless.ts': 'export default async (kernel) => { for (;;) await kernel.sleep(1000) }',
})

describe('dmabuf explore', () => {
  it('names an order for each finding, which dmabuf run repeats', async () => {
    const { code, stdout } = await dmabuf(folder, ['explore', 'racy.ts'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/error\[unbalanced-bracket\]/)
    expect(stdout).toMatch(/orders: +in \d+ of \d+/)
    const [, schedule = ''] = /board arm-soc, policy lazy, schedule (1\.z\S+)/.exec(stdout) ?? []
    const words = ['run', 'racy.ts', '--board', 'arm-soc', '--policy', 'lazy']
    const again = await dmabuf(folder, [...words, '--schedule', schedule, '--json'])
    expect(again.code).toBe(1)
    const rules = JSON.parse(again.stdout).runs[0].findings.map((one: { rule: string }) => one.rule)
    expect(rules).toContain('unbalanced-bracket')
    expect((await dmabuf(folder, words)).code).toBe(0)
  })

  it('says that all orders of a program were tried', async () => {
    const { code, stdout } = await dmabuf(folder, ['explore', 'ordered.ts', '--bound', '20'])
    expect(stdout).toMatch(/^no findings: \d+ orders? of tasks and timers tried, which are all$/m)
    expect(code).toBe(0)
  })

  it('prints the output of the first run', async () => {
    const { stdout, stderr } = await dmabuf(folder, ['explore', 'prints.ts'])
    expect(stdout.match(/to stdout/g)).toHaveLength(1)
    expect(stderr.match(/to stderr/g)).toHaveLength(1)
  })

  it('stops at its limit', async () => {
    const { stdout } = await dmabuf(folder, ['explore', 'racy.ts', '--limit', '2'])
    expect(stdout).toContain('2 orders of tasks and timers tried; more with a larger --bound')
  })

  it('reports as JSON, one run for each new finding', async () => {
    const { stdout, stderr } = await dmabuf(folder, ['explore', 'racy.ts', '--json'])
    const { runs, verdict } = JSON.parse(stdout)
    expect(verdict).toBe('findings')
    expect(runs.some((run: { schedule: string }) => run.schedule.startsWith('1.z'))).toBe(true)
    expect(stderr).toContain('orders of tasks and timers tried')
  })

  it('lets calls fail, and names the call that did', async () => {
    const { code, stdout } = await dmabuf(folder, ['explore', 'careless.ts', '--failures'])
    expect(stdout).toContain('error[sync-result-ignored]')
    expect(stdout).toMatch(/failing: +call 1 of (DMA_BUF_IOCTL_SYNC|begin_cpu_access) \(E\w+\)/)
    expect(stdout).not.toContain('threw')
    expect(code).toBe(1)
    expect((await dmabuf(folder, ['explore', 'careless.ts'])).code).toBe(0)
  })

  it('ends a run at its time limit', async () => {
    const words = ['explore', 'endless.ts', '--timeout', '1', '--limit', '1']
    const { code, stdout } = await dmabuf(folder, words)
    expect(stdout).toContain('did not end within 1 s')
    expect(code).toBe(2)
  })

  it.each([
    [['explore', 'racy.ts', '--board', 'all'], 'explore tries the orders of one board'],
    [['explore', 'racy.ts', '--bound', '-1'], '--bound'],
    [['explore', 'missing.ts'], 'missing.ts'],
  ])('%j is wrong use', async (words, message) => {
    const { code, stderr } = await dmabuf(folder, words)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})
