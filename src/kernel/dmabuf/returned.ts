/** The contract of the results of an exporter's operations, and the faults of a result. */

import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import { isRun, type StorageRun } from '../dma/sg-table.ts'
import type { Attachment } from './attachment.ts'
import type { CpuPages } from './ops.ts'

const ATTRIBUTES: readonly unknown[] = ['cached', 'write-combine', 'uncached']

/** A description of a value that the DMA layer never made. */
export function notMapping(value: unknown): string {
  return `${shown(value)}: no mapping that the DMA layer made`
}

/** Why a mapping is not one of all of the attachment's buffer for its device; undefined: it is. */
export function mappingProblem(value: DmaMapping, attachment: Attachment): string | undefined {
  if (!value.live) return `mapping ${value.id}, which was unmapped already`
  const { buffer, device } = attachment
  if (value.device !== device) {
    return `mapping ${value.id}, made for device ${value.device}, not for ${device}`
  }
  const { size } = value
  if (size !== buffer.size && size !== wholePages(buffer.size)) {
    return `mapping ${value.id} of ${size} bytes: the buffer was exported with ${buffer.size}`
  }
  return undefined
}

/** Why a value is not memory of at least `size` bytes, whole pages at most; undefined: it is. */
export function pagesProblem(value: unknown, size: number): string | undefined {
  if (typeof value !== 'object' || value === null) return `${shown(value)}: no pages`
  const { runs, attribute } = value as Partial<CpuPages>
  if (!ATTRIBUTES.includes(attribute)) {
    return `pages with the attribute ${shown(attribute)}: there are cached, write-combine, uncached`
  }
  if (!Array.isArray(runs)) return 'pages without runs'
  if (!runs.every(isRun)) return 'pages with a run that lies not within its storage'
  const length = runs.reduce((sum, run: StorageRun) => sum + run.length, 0)
  if (length !== size && length !== wholePages(size)) {
    return `pages of ${length} bytes: ${size} were asked`
  }
  return undefined
}

function wholePages(size: number): number {
  return Math.ceil(size / PAGE_SIZE) * PAGE_SIZE
}

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
