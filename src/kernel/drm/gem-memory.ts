import type { Storage } from '../../machine/storage.ts'
import type { DmaMapping } from '../dma/mapping.ts'

/** The memory of a device's own buffers. */
export interface GemMemory {
  /** The device's name in events, attachments and boards. */
  readonly device: string
  /**
   * Memory for `size` bytes, whole pages, whose frames may come with the first touch; undefined where
   * there is none.
   */
  allocate(size: number): Storage | undefined
  /**
   * Zeroes newly allocated frames for all agents: the CPU goes past its cache. Returns how the
   * device's engine reaches them from now on, if it has one.
   */
  prepare(storage: Storage): DmaMapping | undefined
}
