/** The kernel's checks of an unmap: check_unmap in kernel/dma/debug.c of Linux 6.12. */
import type { DmaDirection } from '../../../events/event.ts'
import type { DmaMapping, MappedAs } from '../mapping.ts'
import { directionText, type Problem, placeText } from './problem.ts'

/** The arguments of an unmap or a free: a field that is left out is as it was mapped. */
export interface UnmapCall {
  readonly as: MappedAs
  readonly direction: DmaDirection
  readonly size: number
  /** How many entries of the scatter list. */
  readonly entries: number
  /** Whether dma_free_coherent was given the address that the allocation had. */
  readonly sameCpuAddress: boolean
}

const FUNCTIONS: Readonly<Record<MappedAs, string>> = {
  single: 'single',
  sg: 'scatter-gather',
  coherent: 'coherent',
  noncoherent: 'noncoherent',
}

export function unmapProblems(mapping: DmaMapping, call: UnmapCall): Problem[] {
  if (mapping.failed) {
    return [{ code: 'unmap-invalid', text: 'tries to free an invalid DMA memory address' }]
  }
  if (!mapping.live) {
    const text = `tries to free DMA memory it has not allocated [${placeText(mapping)}] [size=${call.size} bytes]`
    return [{ code: 'unmap-unknown', text, against: mapping.mapped }]
  }
  return [
    ...sizeProblems(mapping, call),
    ...functionProblems(mapping, call),
    ...entryProblems(mapping, call),
    ...directionProblems(mapping, call),
    ...uncheckedProblems(mapping),
  ]
}

function sizeProblems(mapping: DmaMapping, { size }: UnmapCall): Problem[] {
  if (size === mapping.size) return []
  const sizes = `[map size=${mapping.size} bytes] [unmap size=${size} bytes]`
  const text = `frees DMA memory with different size [${placeText(mapping)}] ${sizes}`
  return [{ code: 'unmap-size', text, against: mapping.mapped }]
}

function functionProblems(mapping: DmaMapping, call: UnmapCall): Problem[] {
  if (mapping.as !== call.as) {
    const [mapped, unmapped] = [FUNCTIONS[mapping.as], FUNCTIONS[call.as]]
    const text =
      `frees DMA memory with wrong function [${placeText(mapping)}] [size=${mapping.size} bytes] ` +
      `[mapped as ${mapped}] [unmapped as ${unmapped}]`
    return [{ code: 'unmap-function', text, against: mapping.mapped }]
  }
  if (mapping.as !== 'coherent' || call.sameCpuAddress) return []
  const text = `frees DMA memory with different CPU address [${placeText(mapping)}] [size=${mapping.size} bytes]`
  return [{ code: 'free-cpu-address', text, against: mapping.mapped }]
}

function entryProblems(mapping: DmaMapping, call: UnmapCall): Problem[] {
  const mapped = mapping.table.segments.length
  if (mapping.as !== 'sg' || call.as !== 'sg' || call.entries === mapped) return []
  const text =
    `frees DMA sg list with different entry count [${placeText(mapping)}] ` +
    `[map count=${mapped}] [unmap count=${call.entries}]`
  return [{ code: 'unmap-entries', text, against: mapping.mapped }]
}

function directionProblems(mapping: DmaMapping, call: UnmapCall): Problem[] {
  if (call.direction === mapping.direction) return []
  const text =
    `frees DMA memory with different direction [${placeText(mapping)}] [size=${mapping.size} bytes] ` +
    `[mapped with ${directionText(mapping.direction)}] ` +
    `[unmapped with ${directionText(call.direction)}]`
  return [{ code: 'unmap-direction', text, against: mapping.mapped }]
}

function uncheckedProblems(mapping: DmaMapping): Problem[] {
  if (mapping.as !== 'single' || mapping.errorChecked) return []
  const text = `failed to check map error [${placeText(mapping)}] [size=${mapping.size} bytes] [mapped as single]`
  return [{ code: 'map-error-unchecked', text, against: mapping.mapped }]
}
