import type { DmaDirection, EventId, Range } from '../../../events/event.ts'
import type { MisuseCode } from '../../../events/misuse-code.ts'
import type { DmaMapping } from '../mapping.ts'

/** The message of DMA-API debugging about a call. */
export interface Problem {
  readonly code: MisuseCode
  /** The mismatch, with the values. */
  readonly text: string
  readonly range?: Range | undefined
  readonly against?: EventId | undefined
}

const NAMES: Readonly<Record<DmaDirection, string>> = {
  bidirectional: 'DMA_BIDIRECTIONAL',
  'to-device': 'DMA_TO_DEVICE',
  'from-device': 'DMA_FROM_DEVICE',
}

/** The direction as the kernel's messages spell it. */
export function directionText(direction: DmaDirection): string {
  return NAMES[direction]
}

export function hex(value: number): string {
  return value >= 2 ** 64 ? '0xffffffffffffffff' : `0x${value.toString(16)}`
}

/** Where the device finds the mapping. Looks at its segments: for messages alone. */
export function placeText(mapping: DmaMapping): string {
  return `device address=${hex(mapping.address)}`
}
