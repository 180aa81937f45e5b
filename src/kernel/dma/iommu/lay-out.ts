/**
 * Where the pieces of a scatter list go in one range of I/O virtual addresses, and which of them the
 * device sees as one segment. Source: iommu_dma_map_sg and __finalise_sg in drivers/iommu/dma-iommu.c
 * of Linux 6.12.
 */
import { PAGE_SIZE } from '../../../abi/fcntl.ts'
import type { DmaSegment } from '../mapping.ts'
import type { Segment } from '../sg-table.ts'

export interface LayoutLimits {
  readonly maxSegmentSize: number
  readonly segmentBoundaryMask: number | undefined
}

/** Whole pages from `at` of the range on. */
export interface PageRun {
  readonly at: number
  readonly physical: number
  readonly length: number
}

export interface IovaLayout {
  /** Bytes of address space: whole pages. */
  readonly size: number
  readonly pages: readonly PageRun[]
  /** The device's segments; their addresses count from the range's start. */
  readonly segments: readonly DmaSegment[]
}

export function layOut(segments: readonly Segment[], limits: LayoutLimits): IovaLayout {
  const pages = placePages(segments, limits)
  const last = pages.at(-1)
  const size = last === undefined ? 0 : last.at + last.length
  return { size, pages, segments: join(segments, pages, limits) }
}

/** Each segment begins on a new page, and not where it would cross a boundary. */
function placePages(segments: readonly Segment[], limits: LayoutLimits): PageRun[] {
  const pages: PageRun[] = []
  let at = 0
  for (const { physical, length } of segments) {
    const inPage = physical % PAGE_SIZE
    const whole = Math.ceil((inPage + length) / PAGE_SIZE) * PAGE_SIZE
    const pad = padding(at, limits.segmentBoundaryMask)
    if (pad > 0 && pad < whole - 1) at += pad
    pages.push({ at, physical: physical - inPage, length: whole })
    at += whole
  }
  return pages
}

/** How far it is to the next boundary; 0 where there is none, or where it is right here. */
function padding(at: number, mask: number | undefined): number {
  if (mask === undefined) return 0
  const step = mask + 1
  return (step - (at % step)) % step
}

function join(
  segments: readonly Segment[],
  pages: readonly PageRun[],
  limits: LayoutLimits,
): DmaSegment[] {
  const joined: { address: number; length: number }[] = []
  let open = false
  for (const [i, { physical, length }] of segments.entries()) {
    const inPage = physical % PAGE_SIZE
    const { at, length: whole } = pages[i] as PageRun
    const last = joined.at(-1)
    const follows = last !== undefined && last.address + last.length === at
    if (open && follows && inPage === 0 && joins(last, length, at, limits)) last.length += length
    else joined.push({ address: at + inPage, length })
    // A segment that ends within a page has nothing behind it that could be joined.
    open = inPage + length === whole
  }
  return joined
}

function joins(last: DmaSegment, length: number, at: number, limits: LayoutLimits): boolean {
  const { maxSegmentSize, segmentBoundaryMask } = limits
  const atBoundary = segmentBoundaryMask !== undefined && at % (segmentBoundaryMask + 1) === 0
  return !atBoundary && last.length + length <= maxSegmentSize
}
