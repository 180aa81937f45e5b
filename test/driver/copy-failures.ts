/** Copies one buffer to another with custom drivers, and collects the reports if that fails. */
import { DmaHeap, type Kernel } from 'dmabuf'
import type { EveryFailureResult } from 'dmabuf/sim'
import { formatOrigin } from '../../src/tap/format-origin.ts'
import { COPY } from './copier.ts'
import { request } from './harness.ts'

export const PAGE = 4096

/** Copies one buffer to another; a failure is thrown. */
export async function copy(kernel: Kernel): Promise<void> {
  using heap = DmaHeap.open(kernel, 'pages')
  using from = await heap.allocate(PAGE)
  using to = await heap.allocate(PAGE)
  await from.withCpuAccess('write', (bytes) => bytes.fill(1))
  const result = await request(kernel, '/dev/copier', COPY, from.fd, to.fd)
  if (result < 0) throw new Error(`COPY failed with ${result}`)
}

/** `call nth: rules at lines` of every failure that is taken badly. */
export function told({ bad }: EveryFailureResult): string[] {
  return bad.map(({ call, nth, findings, end }) => {
    const rules = findings.map(({ rule, origin }) => {
      const file = formatOrigin(origin)?.file.replace(/.*\//, '')
      return `${rule} in ${file}`
    })
    return `${call} ${nth}: ${[...new Set(rules)].join(', ')}${end === 'threw' ? '' : ` ${end}`}`
  })
}

/** kmalloc fails, and so do the pages that it takes: those with these numbers. */
export function noMemory(what: string, ...pages: number[]): string[] {
  return [
    ...pages.map((nth) => `alloc_pages ${nth}: ${what}`),
    ...pages.map((_nth, i) => `kmalloc ${i + 1}: ${what}`),
  ]
}
