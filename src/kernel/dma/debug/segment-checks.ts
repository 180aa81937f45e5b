/** CONFIG_DMA_API_DEBUG_SG: check_sg_segment in kernel/dma/debug.c of Linux 6.12. */
import type { DeviceLimits } from '../device-parameters.ts'
import type { DmaMapping, DmaSegment } from '../mapping.ts'
import { factsOf } from '../segment-facts.ts'
import { hex, type Problem } from './problem.ts'

/** The first segment that is too long, and the first that crosses a boundary. */
export function segmentProblems(mapping: DmaMapping, limits: DeviceLimits): Problem[] {
  return [...lengthProblems(mapping, limits), ...boundaryProblems(mapping, limits)]
}

function lengthProblems({ table }: DmaMapping, { maxSegmentSize }: DeviceLimits): Problem[] {
  const { longest } = factsOf(table.segments)
  if (longest <= maxSegmentSize) return []
  const lengths = `[len=${longest}] [max=${maxSegmentSize}]`
  const text = `mapping sg segment longer than device claims to support ${lengths}`
  return [{ code: 'segment-too-long', text }]
}

function boundaryProblems(mapping: DmaMapping, { segmentBoundaryMask }: DeviceLimits): Problem[] {
  if (segmentBoundaryMask === undefined) return []
  const crossing = mapping.segments.find((segment) => crosses(segment, segmentBoundaryMask))
  if (crossing === undefined) return []
  const { address, length } = crossing
  const text =
    'mapping sg segment across boundary ' +
    `[start=${hex(address)}] [end=${hex(address + length - 1)}] ` +
    `[boundary=${hex(segmentBoundaryMask)}]`
  return [{ code: 'segment-boundary', text }]
}

function crosses({ address, length }: DmaSegment, mask: number): boolean {
  const step = mask + 1
  return Math.floor(address / step) !== Math.floor((address + length - 1) / step)
}
